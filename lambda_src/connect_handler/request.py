"""The request that AWS Client VPN sends for each new connection.

https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-authorization.html
"""

from __future__ import annotations

import json
from operator import itemgetter

TYPE_CHECKING = False  # typing costs 2 ms of every cold start; type checkers take this name for typing's own
if TYPE_CHECKING:
    from typing import Any

    from .errors import InvalidRequest

DEFAULT_SCHEMA_VERSION = "v2"
"""What a request without ``schema-version`` is taken for."""

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


_TEXTS = FIELDS[1:-1]
"""All but the schema version and the groups."""

_texts = itemgetter(*_TEXTS)

_CAPITALS = bytes(range(ord("A"), ord("Z") + 1))

_PLAIN = bytes(range(0x20, 0x7F)).translate(None, b'"\\' + _CAPITALS)
"""Characters that JSON has as they are, that can be shown, and that have one form; capitals are beside them."""


class Request:
    """One connection request, as it was sent.

    A field that the request lacks is ``None``: nothing is known of it. A null field is an empty one, which is
    known. Fields of a later schema version are ignored.

    Attributes
    ----------
    schema_version
        ``v1``, ``v2``, ``v3`` or later; the answer carries the same.
    connection_id, endpoint_id
        ``cvpn-connection-...`` and ``cvpn-endpoint-...``; in every request.
    common_name
        Of the client certificate; empty without mutual authentication.
    username
        Of Active Directory or SAML; empty with mutual authentication alone.
    platform, platform_version, client_openvpn_version, aws_client_version
        What the client says of itself; often empty.
    public_ip
        IPv4 or IPv6 address of the client.
    groups
        Of Active Directory or SAML; never more than 200.
    alias
        Of the function, under which the endpoint invoked it: the endpoint's key. ``None`` for none.
    is_plain
        Whether every field was there in its own type, and all of it is printable ASCII without quotation
        marks and backslashes, as nearly every request is: so nobody has to look at each text before it is compared,
        shown or written.
    is_folded
        Whether it is plain and has no capitals, so that it is compared as it is.
    """

    __slots__ = (
        "alias",
        "aws_client_version",
        "client_openvpn_version",
        "common_name",
        "connection_id",
        "endpoint_id",
        "groups",
        "is_folded",
        "is_plain",
        "platform",
        "platform_version",
        "public_ip",
        "schema_version",
        "username",
    )

    schema_version: str
    connection_id: str
    endpoint_id: str
    common_name: str | None
    username: str | None
    platform: str | None
    platform_version: str | None
    public_ip: str | None
    client_openvpn_version: str | None
    aws_client_version: str | None
    groups: tuple[str, ...] | None
    alias: str | None
    is_plain: bool
    is_folded: bool

    def __init__(self, event: Any, alias: str | None = None) -> None:
        """Read an event.

        Parameters
        ----------
        event
            What Lambda hands to the function: any JSON value.
        alias
            The qualifier under which the function was invoked.

        Raises
        ------
        InvalidRequest
            The event is not an object, a field has a type that Client VPN never sends, or one of the fields that
            identify the connection is missing.
        """
        if not isinstance(event, dict):
            raise _invalid(f"the event is of type {type(event).__name__}, not an object")
        self.schema_version = schema_version(event)
        try:
            texts, groups = _texts(event), event["groups"]
            together = "".join(texts) + "".join(groups)  # the quickest way to ask whether they are texts
            if type(groups) is not list or event["schema-version"] is None:
                raise TypeError
        except (KeyError, TypeError):  # earlier schema versions, and what is not as it should be
            texts = tuple([_text(event, field) for field in _TEXTS])
            self.groups = _groups(event["groups"]) if "groups" in event else None
            self.is_plain = self.is_folded = False
        else:
            self.groups = tuple(groups)
            self.is_plain = self.is_folded = together.isascii()
            if self.is_plain:
                special = together.encode().translate(None, _PLAIN)
                if special:
                    self.is_folded = False
                    self.is_plain = not special.translate(None, _CAPITALS)
        (
            connection_id,
            endpoint_id,
            self.common_name,
            self.username,
            self.platform,
            self.platform_version,
            self.public_ip,
            self.client_openvpn_version,
            self.aws_client_version,
        ) = texts
        if not connection_id or not endpoint_id:
            raise _invalid(f"{'endpoint-id' if connection_id else 'connection-id'} is missing or empty")
        self.connection_id = connection_id
        self.endpoint_id = endpoint_id
        self.alias = alias


def schema_version(event: Any) -> str:
    """Return the schema version to answer an event in, whatever the event is.

    Raises
    ------
    InvalidRequest
        It is there, and is not ``v`` with a number.
    """
    value: str | None = event.get("schema-version") if isinstance(event, dict) else None
    if value in ("v1", "v2", "v3"):
        return value
    if value is None:
        return DEFAULT_SCHEMA_VERSION
    if isinstance(value, str) and value[:1] == "v" and 2 <= len(value) <= 4 and value.isascii():
        number = value[1:]
        if number.isdigit() and number[0] != "0":
            return value
    raise _invalid("schema-version is not v1, v2, v3 or later")


def _text(event: dict[str, Any], field: str) -> str | None:
    if field not in event:
        return None
    value = event[field]
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _invalid(f"{field} is of type {type(value).__name__}, not a string")
    return value


def _groups(value: Any) -> tuple[str, ...]:
    """Read ``groups`` in each form that has been seen: a list, one string, a list as JSON text, null.

    A string that begins like a JSON list and is none is refused: it might name one group or many.
    """
    if isinstance(value, str):
        if not value:
            return ()
        if not value.startswith("["):
            return (value,)
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise _invalid("groups begins like a JSON list and is none") from None
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _invalid(f"groups is of type {type(value).__name__}, not a list")
    try:
        "".join(value)
    except TypeError:
        other = next(group for group in value if not isinstance(group, str))
        raise _invalid(f"groups holds a value of type {type(other).__name__}, not a string") from None
    return tuple(value)


def _invalid(what: str) -> InvalidRequest:
    from .errors import InvalidRequest

    return InvalidRequest(what)
