"""The condition ``device``, on the device inventory's record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connect_handler.facts.device import UNKNOWN, Device
from connect_handler.facts.facts import Facts
from connect_handler.facts.text import fold
from connect_handler.policy.problems import Path, Problems, describe

from .base import Condition, read_object, read_strings
from .names import Patterns

DEVICE_KEYS = ("attributes", "max_age_hours", "owner_is_user", "registered", "status")

MAX_AGE_HOURS = 87_600
"""The longest ``max_age_hours``: ten years."""

AHEAD_SECONDS = 86_400
"""The longest time by which a record may be ahead, for wrong clocks and time zones."""

_Check = Callable[[Facts, Device], bool | None]


def read_device(key: str, value: Any, path: Path, problems: Problems) -> Condition | None:
    """Read ``device``: the inventory has a record of the certificate's device, and the record satisfies each check.

    A device without a record is not registered, and has no status, owner or attribute. A record is unknown if it is
    older than ``max_age_hours``, has no time, or has a time more than a day ahead. An attribute it lacks is unknown
    too.
    """
    before = len(problems)
    if not read_object(value, path, problems, DEVICE_KEYS, '{ registered = true, status = ["compliant"] }'):
        return None
    if not value:
        problems.add(path, "is empty", "write at least one of " + ", ".join(DEVICE_KEYS))
    for name in ("registered", "owner_is_user"):
        if name in value and not isinstance(value[name], bool):
            problems.add((*path, name), f"is {describe(value[name])}", "write true or false")
    registered = value.get("registered", True)
    if registered is False and not value.keys().isdisjoint(set(DEVICE_KEYS) - {"registered"}):
        what = "asks for a device that is not registered and for what only a registered one has"
        problems.add(path, what, "write registered = false alone")
    checks: list[_Check] = []
    if "status" in value:
        checks += _read_text_check(lambda device: device.status, value["status"], (*path, "status"), problems)
    if "owner_is_user" in value:
        checks.append(_owner_check(value["owner_is_user"]))
    max_age = _read_max_age(value, (*path, "max_age_hours"), problems)
    if "attributes" in value:
        checks += _read_attributes(value["attributes"], (*path, "attributes"), problems)
    if len(problems) > before:
        return None

    def test(facts: Facts) -> bool | None:
        device = facts.device
        if device is UNKNOWN:
            return None
        if device is None or not registered:
            return (device is None) is not registered
        if max_age is not None and not _is_current(device, facts.now, max_age):
            return None
        values = [check(facts, device) for check in checks]
        return False if False in values else None if None in values else True

    return Condition(key, test)


def _is_current(device: Device, now: float, max_age: float) -> bool:
    return device.updated_at is not None and -AHEAD_SECONDS <= now - device.updated_at <= max_age


def _read_max_age(value: dict[str, Any], path: Path, problems: Problems) -> float | None:
    """Return ``max_age_hours`` in seconds; None without it, or with a problem."""
    if "max_age_hours" not in value:
        return None
    hours = value["max_age_hours"]
    if not isinstance(hours, int | float) or isinstance(hours, bool) or not 0 < hours <= MAX_AGE_HOURS:
        advice = f"write a number of hours, more than 0 and at most {MAX_AGE_HOURS}"
        problems.add(path, f"is {describe(hours)}", advice)
        return None
    return float(hours) * 3600


def _read_attributes(value: Any, path: Path, problems: Problems) -> list[_Check]:
    if not isinstance(value, dict):
        problems.add(path, f"is {describe(value)}", 'write an object such as { department = ["sales", "eng-*"] }')
        return []
    if not value:
        problems.add(path, "is empty", "leave it out, or name an attribute")
    checks: list[_Check] = []
    for name, patterns in value.items():
        checks += _read_text_check(_attribute(name), patterns, (*path, name), problems)
    return checks


def _attribute(name: str) -> Callable[[Device], str | None]:
    return lambda device: device.attributes.get(name)


def _read_text_check(read: Callable[[Device], str | None], value: Any, path: Path, problems: Problems) -> list[_Check]:
    """Return a check that one of the patterns matches a text of the record; none with a problem."""
    strings = read_strings(value, path, problems)
    if strings is None:
        return []
    patterns = Patterns(strings)

    def check(_: Facts, device: Device) -> bool | None:
        text = read(device)
        return None if text is None else patterns.match(fold(text))

    return [check]


def _owner_check(wanted: bool) -> _Check:
    def check(facts: Facts, device: Device) -> bool | None:
        if facts.username is None or device.owner is None:
            return None
        return (fold(device.owner) == facts.username) is wanted

    return check
