"""The conditions that ask for evidence from outside the request: ``device`` and ``sessions``.

They are unknown as long as no evidence is there, or it could not be had. Apart from the other conditions, because only
policies that have one of these need to load this.
"""

from __future__ import annotations

from .conditions import Condition, fold, glob_test, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .conditions import Facts
    from .devices import Device
    from .truth import Test

DEVICE_KEYS = ("attributes", "max_age_hours", "owner_is_user", "registered", "status")
SESSIONS_KEYS = ("at_least", "by")

USERNAME = "username"
COMMON_NAME = "common_name"
BY = (USERNAME, COMMON_NAME)
"""What connections are counted by."""

MAX_AGE_HOURS = 87_600
AHEAD_SECONDS = 86_400
"""How far in the future a record may be, for clocks and time zones that are wrong; one that is further would be new for
years."""
MAX_SESSIONS = 100

DEVICE = "device"
SESSIONS = "sessions"


class SessionsCondition(Condition):
    """The condition ``sessions``.

    Attributes
    ----------
    by
        ``username`` or ``common_name``.
    at_least
        How many other active connections make it true.
    """

    __slots__ = ("at_least", "by")

    def __init__(self, key: str, test: Test, by: str, at_least: int) -> None:
        super().__init__(key, test)
        self.by = by
        self.at_least = at_least


def device(key: str, value: Any) -> Condition:
    """``device``: the inventory knows the device that the certificate belongs to, and says this of it.

    No record is known to be none: such a device is not registered, and has no status, owner or attribute. A record
    that is older than ``max_age_hours``, or of more than a day from now, or that lacks what is asked for, is unknown.
    """
    if type(value) is not dict or not value or not set(DEVICE_KEYS).issuperset(value):
        raise ValueError
    registered = _flag(value["registered"]) if "registered" in value else True
    if not registered and len(value) > 1:
        raise ValueError
    max_age = _hours(value["max_age_hours"]) * 3600 if "max_age_hours" in value else None
    checks: list[Callable[[Facts, Device], bool | None]] = []
    if "status" in value:
        checks.append(_text_check(value["status"], lambda known: known.status))
    if "owner_is_user" in value:
        checks.append(_owner_check(_flag(value["owner_is_user"])))
    if "attributes" in value:
        wanted = value["attributes"]
        if type(wanted) is not dict or not wanted:
            raise ValueError
        checks += [_attribute_check(name, patterns) for name, patterns in wanted.items()]

    def test(facts: Facts) -> bool | None:
        known = device_of(facts)
        if known is UNKNOWN:
            return None
        if known is None:
            return not registered
        if not registered:
            return False
        if max_age is not None and not _is_current(known, facts.now, max_age):
            return None
        result: bool | None = True
        for check in checks:
            one = check(facts, known)
            if not one:
                if one is not None:
                    return False
                result = None
        return result

    return Condition(key, test)


def _is_current(known: Device, now: float, max_age: float) -> bool:
    return known.updated_at is not None and -AHEAD_SECONDS <= now - known.updated_at <= max_age


UNKNOWN: Any = object()
"""Stands for a device of which it is not known whether it is registered."""


def device_of(facts: Facts) -> Device | None:
    """Return what the inventory knows of the request's device; None where it has no record that is still good.

    :data:`UNKNOWN` where nobody has looked, or nothing could be had.
    """
    name = facts.request.common_name
    if name is None:
        return UNKNOWN  # type: ignore[no-any-return]
    if not name:
        return None  # a client without a certificate; there is nothing to look up
    known: Device | None = UNKNOWN if facts.evidence is None else facts.evidence.device
    if known is None or known is UNKNOWN or known.expires_at is None or facts.now < known.expires_at:
        return known
    return None


def sessions(key: str, value: Any) -> Condition:
    """``sessions``: there are at least so many other active connections of the same user or certificate."""
    if type(value) is not dict or value.keys() != set(SESSIONS_KEYS) or value["by"] not in BY:
        raise ValueError
    by, at_least = value["by"], value["at_least"]
    if type(at_least) is not int or not 1 <= at_least <= MAX_SESSIONS:
        raise ValueError

    def test(facts: Facts) -> bool | None:
        name = getattr(facts.request, by)
        if name is None:
            return None
        if not name:
            return False  # nobody is like somebody without a name
        others = None if facts.evidence is None else facts.evidence.sessions.get(by)
        return None if others is None else len(others) >= at_least

    return SessionsCondition(key, test, by, at_least)


def matcher(patterns: Any) -> Callable[[str], bool]:
    """Return what tells whether one of several patterns matches a folded text; an exception where they are none."""
    texts, beginnings, globs = split(patterns)
    exact = frozenset(texts)
    glob = glob_test(globs)
    return lambda text: text in exact or text.startswith(beginnings) or (glob is not None and glob(text))


def _text_check(patterns: Any, get: Callable[[Device], str | None]) -> Callable[[Facts, Device], bool | None]:
    matches = matcher(patterns)

    def check(_: Facts, known: Device) -> bool | None:
        text = get(known)
        return None if text is None else matches(fold(text))

    return check


def _attribute_check(name: str, patterns: Any) -> Callable[[Facts, Device], bool | None]:
    return _text_check(patterns, lambda known: known.attributes.get(name))


def _owner_check(wanted: bool) -> Callable[[Facts, Device], bool | None]:
    def check(facts: Facts, known: Device) -> bool | None:
        user = facts.username
        if user is None or known.owner is None:
            return None
        return (fold(known.owner) == user) is wanted

    return check


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError
    return value


def _hours(value: Any) -> float:
    if type(value) not in (int, float) or not 0 < value <= MAX_AGE_HOURS:
        raise ValueError
    return float(value)
