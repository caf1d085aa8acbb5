"""A device, as the device inventory knows it.

The inventory is a DynamoDB table with one item for each device, found by the common name of its client certificate
(modules/device_inventory). A table of the user's own may call its attributes otherwise.
"""

from __future__ import annotations

from .conditions import fold, instant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .request import Request

TEXTS = ("status", "owner", "platform", "serial")
TIMES = ("updated_at", "expires_at")
ATTRIBUTE_NAMES = ("common_name", *TEXTS, "attributes", *TIMES)
"""Attributes of an item, as the module's own table calls them."""


class Device:
    """What the inventory says of a device; None is what it does not say.

    Attributes
    ----------
    common_name
        Of its certificate.
    status
        Any text, such as ``compliant`` or ``quarantined``.
    owner
        The user whose device it is, as Client VPN names the user.
    platform, serial
        Any text.
    attributes
        Whatever else is known: texts by name.
    updated_at
        When this was found to be so, in seconds since 1970-01-01 UTC.
    expires_at
        From when on the device is no longer registered, in seconds since 1970-01-01 UTC.
    """

    __slots__ = ("attributes", "common_name", "expires_at", "owner", "platform", "serial", "status", "updated_at")

    common_name: str
    status: str | None
    owner: str | None
    platform: str | None
    serial: str | None
    attributes: dict[str, str]
    updated_at: float | None
    expires_at: float | None

    def __init__(self, common_name: str, known: Mapping[str, Any]) -> None:
        """Take what is known, by attribute; what has another type than it should have is not known."""
        self.common_name = common_name
        for name in TEXTS:
            setattr(self, name, _text(known.get(name)))
        attributes = known.get("attributes")
        self.attributes = {}
        if isinstance(attributes, dict):
            self.attributes = {name: text for name, value in attributes.items() if (text := _text(value)) is not None}
        for name in TIMES:
            setattr(self, name, _time(known.get(name)))

    @classmethod
    def from_item(cls, item: Mapping[str, Any], names: Mapping[str, str]) -> Device:
        """Read an item of the table, as DynamoDB's API gives it: ``{"status": {"S": "compliant"}}``.

        Parameters
        ----------
        item
            https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
        names
            What the table calls an attribute that it calls otherwise: ``{"status": "compliance_state"}``.
        """
        known = {name: _plain(item.get(names.get(name, name))) for name in ATTRIBUTE_NAMES}
        return cls(_text(known["common_name"]) or "", known)

    def document(self) -> dict[str, Any]:
        """Return what is known, as JSON has it; times are in RFC 3339."""
        known: dict[str, Any] = {name: getattr(self, name) for name in TEXTS}
        known["attributes"] = self.attributes or None
        for name in TIMES:
            seconds = getattr(self, name)
            known[name] = None if seconds is None else rfc3339(seconds)
        return {name: value for name, value in known.items() if value is not None}


def key_of(request: Request, exact: bool) -> str:
    """Return the key of a request's device in the table: the common name, folded unless the table has it as it is."""
    name = request.common_name or ""
    return name if exact else fold(name)


def rfc3339(seconds: float) -> str:
    """Return a time as ``2026-11-25T09:00:00Z``."""
    import time

    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _plain(value: Any) -> Any:
    """Return a value of an item as a text, a number or an object; None for any other type."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((kind, content),) = value.items()
    if kind == "S":
        return content
    if kind == "N":
        try:
            return float(content)
        except (TypeError, ValueError):
            return None
    if kind == "BOOL":
        return content
    if kind == "M" and isinstance(content, dict):
        return {name: _plain(member) for name, member in content.items()}
    return None


def _text(value: Any) -> str | None:
    """Return a text that is not empty; what is a number or a truth value in the table, as JSON has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    return value if isinstance(value, str) and value else None


def _time(value: Any) -> float | None:
    """Return seconds since 1970-01-01 UTC of such a number, or of RFC 3339."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        return instant(value)
    except ValueError:
        return None
