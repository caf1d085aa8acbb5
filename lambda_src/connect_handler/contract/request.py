"""The request that AWS Client VPN sends for each new connection.

https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-authorization.html
"""

from __future__ import annotations

import json
from typing import Any

DEFAULT_SCHEMA_VERSION = "v2"
"""Schema version of a request without ``schema-version``."""

FIELDS = (
    "schema-version",
    "connection-id",
    "endpoint-id",
    "common-name",
    "username",
    "platform",
    "platform-version",
    "public-ip",
    "client-openvpn-version",
    "aws-client-version",
    "groups",
)
"""Every field of v3, the newest schema. v2 lacks ``aws-client-version``, v1 lacks ``groups`` too."""


class InvalidRequest(Exception):
    """The event is no connection request; the text names the field and its problem."""


class Request:
    """One connection request, as the client and the service sent it.

    A field that the request lacks is None: its value is unknown. A null field is empty, which is a known value. Fields
    of a later schema version are ignored.

    Attributes
    ----------
    schema_version
        ``v1``, ``v2``, ``v3`` or later; the response has the same.
    common_name
        Of the client certificate; empty without mutual authentication.
    username
        Of Active Directory or SAML; empty with mutual authentication alone.
    platform, platform_version, client_openvpn_version, aws_client_version
        The client's own words; often empty.
    groups
        Of Active Directory or SAML; at most 200, https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/limits.html.
    alias
        Alias of the function that the endpoint invoked, which is the endpoint's key; None for none.
    """

    def __init__(self, event: Any, alias: str | None = None) -> None:
        """Read an event: any JSON value.

        Raises
        ------
        InvalidRequest
            The event is no object, a field has a type that Client VPN never sends, or an id is missing.
        """
        if not isinstance(event, dict):
            raise InvalidRequest(f"the event is of type {type(event).__name__}, not an object")
        self.schema_version = read_schema_version(event)
        connection_id, endpoint_id = _text(event, "connection-id"), _text(event, "endpoint-id")
        self.common_name = _text(event, "common-name")
        self.username = _text(event, "username")
        self.platform = _text(event, "platform")
        self.platform_version = _text(event, "platform-version")
        self.public_ip = _text(event, "public-ip")
        self.client_openvpn_version = _text(event, "client-openvpn-version")
        self.aws_client_version = _text(event, "aws-client-version")
        self.groups = _groups(event["groups"]) if "groups" in event else None
        if not connection_id or not endpoint_id:
            raise InvalidRequest(f"{'endpoint-id' if connection_id else 'connection-id'} is missing or empty")
        self.connection_id = connection_id
        self.endpoint_id = endpoint_id
        self.alias = alias


def read_schema_version(event: Any) -> str:
    """Return the schema version for the response to any event.

    Raises
    ------
    InvalidRequest
        The event's schema version is not ``v`` with a number.
    """
    value = event.get("schema-version") if isinstance(event, dict) else None
    if value is None:
        return DEFAULT_SCHEMA_VERSION
    if isinstance(value, str) and value[:1] == "v" and 2 <= len(value) <= 4 and value.isascii():
        number = value[1:]
        if number.isdigit() and number[0] != "0":
            return value
    raise InvalidRequest("schema-version is not v1, v2, v3 or later")


def request_fields(event: Any) -> Any:
    """Return an event with the fields of Client VPN alone; return any value but an object unchanged."""
    return {field: event[field] for field in FIELDS if field in event} if isinstance(event, dict) else event


def _text(event: dict[str, Any], field: str) -> str | None:
    if field not in event:
        return None
    value = event[field]
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    raise InvalidRequest(f"{field} is of type {type(value).__name__}, not a string")


def _groups(value: Any) -> tuple[str, ...]:
    """Read ``groups`` in each form that clients and directories send: a list, one string, a list as JSON text, null.

    A string that begins like a JSON list but is none is invalid: it might name one group or many.
    """
    if isinstance(value, str):
        if not value:
            return ()
        if not value.startswith("["):
            return (value,)
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise InvalidRequest("groups begins like a JSON list and is none") from None
    if value is None:
        return ()
    if not isinstance(value, list):
        raise InvalidRequest(f"groups is of type {type(value).__name__}, not a list")
    for group in value:
        if not isinstance(group, str):
            raise InvalidRequest(f"groups holds a value of type {type(group).__name__}, not a string")
    return tuple(value)
