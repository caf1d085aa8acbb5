"""A device, as the device inventory describes it.

The inventory is a DynamoDB table with one item for each device. Its key is the common name of the client certificate
(modules/device_inventory). A user's own table may have other names for the attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connect_handler.contract.request import Request

from .text import fold
from .times import parse_instant, rfc3339

TEXTS = ("status", "owner", "platform", "serial")
TIMES = ("updated_at", "expires_at")
ATTRIBUTE_NAMES = ("common_name", *TEXTS, "attributes", *TIMES)
"""Attributes of an item in the module's own table."""

UNKNOWN: Any = object()
"""Stands for a device whose registration is unknown."""


class Device:
    """The inventory's record of a device. An attribute that the record lacks is None.

    ``status`` is any text, such as ``compliant``. ``owner`` is a user name of Client VPN. ``attributes`` are other
    texts, by name. The registration ends at ``expires_at``. Times are in seconds since 1970-01-01 UTC.
    """

    common_name: str
    status: str | None
    owner: str | None
    platform: str | None
    serial: str | None
    attributes: dict[str, str]
    updated_at: float | None
    expires_at: float | None

    def __init__(self, common_name: str, record: Mapping[str, Any]) -> None:
        """Take a record; a value of the wrong type counts as missing."""
        self.common_name = common_name
        for name in TEXTS:
            setattr(self, name, _text(record.get(name)))
        attributes = record.get("attributes")
        self.attributes = {}
        if isinstance(attributes, dict):
            self.attributes = {name: text for name, value in attributes.items() if (text := _text(value)) is not None}
        for name in TIMES:
            setattr(self, name, _time(record.get(name)))

    @classmethod
    def from_item(cls, item: Mapping[str, Any], names: Mapping[str, str]) -> Device:
        """Read an item of the table: ``{"status": {"S": "compliant"}}``.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html

        ``names`` are the table's own names of attributes: ``{"status": "compliance_state"}``.
        """
        record = {name: _plain(item.get(names.get(name, name))) for name in ATTRIBUTE_NAMES}
        return cls(_text(record["common_name"]) or "", record)

    def document(self) -> dict[str, Any]:
        """Return the record as JSON, without missing attributes; times are in RFC 3339."""
        record: dict[str, Any] = {name: getattr(self, name) for name in TEXTS}
        record["attributes"] = self.attributes or None
        for name in TIMES:
            seconds = getattr(self, name)
            record[name] = None if seconds is None else rfc3339(seconds)
        return {name: value for name, value in record.items() if value is not None}


def device_key(request: Request, exact: bool) -> str:
    """Return the key of a request's device: the common name, folded unless the table's keys are exact."""
    name = request.common_name or ""
    return name if exact else fold(name)


def _plain(value: Any) -> Any:
    """Return a value of an item as a text, a number, a truth value or an object; None for any other type."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((kind, content),) = value.items()
    if kind == "S" or kind == "BOOL":
        return content
    if kind == "N":
        try:
            return float(content)
        except (TypeError, ValueError):
            return None
    if kind == "M" and isinstance(content, dict):
        return {name: _plain(member) for name, member in content.items()}
    return None


def _text(value: Any) -> str | None:
    """Return a text that is not empty; numbers and truth values become text as in JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    return value if isinstance(value, str) and value else None


def _time(value: Any) -> float | None:
    """Return seconds since 1970-01-01 UTC, from such a number or from RFC 3339."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        return parse_instant(value)
    except ValueError:
        return None
