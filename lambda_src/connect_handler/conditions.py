"""The conditions of a policy: what each key of a ``when`` or an ``unless`` takes, and when it holds.

A condition is true, false or unknown (``None``), https://en.wikipedia.org/wiki/Three-valued_logic (Kleene). Unknown is
what cannot be determined: a field that the request lacks, a version or an address that is empty or unreadable.

Each key has one function here that checks a value from the policy and returns the :class:`Condition` made of it.
"""

from __future__ import annotations

import re

from .networks import NetworkSet, parse_address, parse_network, surrounding_network
from .problems import Problems, found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable
    from typing import Any

    from .problems import Path
    from .request import Request

    Version = tuple[int, ...]
    Network = tuple[int, int, int]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TIME_KEYS = ("days", "end", "not_after", "not_before", "start", "timezone")
_DAY_MINUTES = 24 * 60

_WILDCARD = re.compile(r"[*?]")
_LEADING_VERSION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})*")
CONSTRAINT = re.compile(r" *(=|!=|>=|<=|>|<|~>)? *([0-9]{1,9}(?:\.[0-9]{1,9})*) *")
CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
TIMEZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*")
INSTANT = re.compile(
    r"[12][0-9]{3}-[01][0-9]-[0-3][0-9]T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
    r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)


class Facts:
    """What conditions look at: one request, the clock, and the posture statuses that its posture rules assigned.

    ``possible_posture`` are statuses whose posture rules are unknown: they might have been assigned.
    Text is compared without case, so it is folded here, once for all rules. What only some policies ask for
    (addresses, versions, local times) is worked out when it is first asked for.
    """

    __slots__ = (
        "_address",
        "_local",
        "_versions",
        "common_name",
        "groups",
        "now",
        "platform",
        "possible_posture",
        "posture",
        "request",
        "username",
    )

    def __init__(self, request: Request, now: float) -> None:
        """Take a request and the time, in seconds since 1970-01-01 UTC."""
        self.request = request
        self.now = now
        self.common_name = request.common_name and fold(request.common_name)
        self.username = request.username and fold(request.username)
        self.platform = request.platform and fold(request.platform)
        groups = request.groups
        self.groups = None if groups is None else frozenset(map(fold, groups))
        self.posture: frozenset[str] = frozenset()
        self.possible_posture: frozenset[str] = frozenset()
        self._address: tuple[int, int] | bool | None = False
        self._versions: dict[str, Version | None] = {}
        self._local: dict[Any, tuple[int, int]] = {}

    @property
    def address(self) -> tuple[int, int] | None:
        """The client's address, or None where it is missing or unreadable."""
        address = self._address
        if address is False:
            try:
                address = parse_address(self.request.public_ip or "")
            except ValueError:
                address = None
            self._address = address
        return address  # type: ignore[return-value]

    def version(self, field: str) -> Version | None:
        """Return the leading dotted numbers of a field, or None where there are none."""
        if field not in self._versions:
            self._versions[field] = parse_version(getattr(self.request, field) or "")
        return self._versions[field]

    def local_time(self, zone: Any) -> tuple[int, int]:
        """Return weekday (0 is Monday) and minute of the day in a time zone; None is UTC."""
        if zone not in self._local:
            if zone is None:
                days, seconds = divmod(int(self.now // 1), 86_400)
                self._local[zone] = ((days + 3) % 7, seconds // 60)  # 1970-01-01 was a Thursday
            else:
                from datetime import datetime  # late: only policies with time zones need it

                local = datetime.fromtimestamp(self.now, zone)
                self._local[zone] = (local.weekday(), local.hour * 60 + local.minute)
        return self._local[zone]


def fold(text: str) -> str:
    """Return a text as it is compared: without case, and letters with accents in their one-character form (NFC).

    Terraform writes policies in that form; macOS, for one, writes names in the other.
    """
    if text.isascii():
        return text.lower()
    from unicodedata import normalize  # late: few names need it

    return normalize("NFC", normalize("NFC", text).casefold())


class Condition:
    """One key of a ``when`` or an ``unless`` with its value.

    Attributes
    ----------
    key
        The condition key.
    test
        Tells whether it holds: True, False, or None for unknown.
    exact, prefixes
        For the index: the condition is false for a request that has none of these values, and none that begins like
        one of the prefixes. ``exact`` is None where it is not so simple.
    """

    __slots__ = ("exact", "key", "prefixes", "test")

    def __init__(
        self,
        key: str,
        test: Callable[[Facts], bool | None],
        exact: frozenset[Hashable] | None = None,
        prefixes: tuple[str, ...] = (),
    ) -> None:
        self.key = key
        self.test = test
        self.exact = exact
        self.prefixes = prefixes


# --- patterns and names ----------------------------------------------------------------------------------------------


def _patterns(key: str, value: Any, path: Path, problems: Problems) -> Condition | None:
    """``common_name``, ``username``, ``platform``: one of the patterns matches the field."""
    patterns = _strings(value, path, problems)
    if patterns is None:
        return None
    exact, prefixes, glob = _split(patterns)

    def test(facts: Facts) -> bool | None:
        text = getattr(facts, key)
        if text is None:
            return None
        return text in exact or text.startswith(prefixes) or (glob is not None and glob(text))

    return Condition(key, test, exact if glob is None else None, prefixes)


def _groups(key: str, value: Any, path: Path, problems: Problems) -> Condition | None:
    """``groups``: one of the patterns matches one of the groups."""
    patterns = _strings(value, path, problems, _name_of("a group"))
    if patterns is None:
        return None
    exact, prefixes, glob = _split(patterns)

    def test(facts: Facts) -> bool | None:
        groups = facts.groups
        if groups is None:
            return None
        if not exact.isdisjoint(groups):
            return True
        if prefixes and any(group.startswith(prefixes) for group in groups):
            return True
        return glob is not None and any(map(glob, groups))

    return Condition(key, test, exact if glob is None else None, prefixes)


def _all_groups(key: str, value: Any, path: Path, problems: Problems) -> Condition | None:
    """``all_groups``: the request has every one of the names."""
    names = _strings(value, path, problems, _name_of("a group"))
    if names is None:
        return None
    wanted = frozenset(map(fold, names))

    def test(facts: Facts) -> bool | None:
        groups = facts.groups
        return None if groups is None else wanted <= groups

    return Condition(key, test, frozenset([min(wanted)]))  # who has all of them has this one


def _endpoint(key: str, value: Any, path: Path, problems: Problems) -> Condition | None:
    """``endpoint``: one of the values is the alias that was invoked, or the endpoint's id."""
    names = _strings(value, path, problems, _name_of("an endpoint"))
    if names is None:
        return None
    exact = frozenset(names)

    def test(facts: Facts) -> bool:
        request = facts.request
        return request.endpoint_id in exact or request.alias in exact

    return Condition(key, test, exact)


def _posture(key: str, value: Any, path: Path, problems: Problems) -> Condition | None:
    """``posture``: one of the statuses has been assigned; unknown where one of them might have been."""
    statuses = _strings(value, path, problems, _name_of("a status"))
    if statuses is None:
        return None
    exact = frozenset(statuses)

    def test(facts: Facts) -> bool | None:
        if not exact.isdisjoint(facts.posture):
            return True
        return False if exact.isdisjoint(facts.possible_posture) else None

    return Condition(key, test, exact)


def _split(patterns: list[str]) -> tuple[frozenset[str], tuple[str, ...], Callable[[str], bool] | None]:
    """Part patterns, folded, into whole texts, beginnings (``ops-*``), and a function for all others."""
    exact: list[str] = []
    prefixes: list[str] = []
    globs: list[str] = []
    for pattern in map(fold, patterns):
        wildcard = _WILDCARD.search(pattern)
        if wildcard is None:
            exact.append(pattern)
        elif wildcard[0] == "*" and wildcard.end() == len(pattern):
            prefixes.append(pattern[:-1])
        else:
            globs.append(pattern)
    return frozenset(exact), tuple(prefixes), _glob(globs) if globs else None


def _glob(patterns: list[str]) -> Callable[[str], bool]:
    """Return a function that tells whether one of the patterns matches a folded text.

    To compile a regular expression costs more than all else that loading a rule does, so it is put off until a text
    has to be matched.
    """
    match: Callable[[str], Any] | None = None

    def glob(text: str) -> bool:
        nonlocal match
        if match is None:
            from fnmatch import translate

            # "[" is no wildcard of ours
            match = re.compile("|".join([translate(pattern.replace("[", "[[]")) for pattern in patterns])).match
        return match(text) is not None

    return glob


# --- versions --------------------------------------------------------------------------------------------------------


def parse_version(text: str) -> Version | None:
    """Return the leading dotted numbers of a version without zeros at its end, or None where there are none.

    >>> parse_version("10.0.19045"), parse_version("3.git:released"), parse_version("10.0"), parse_version("unknown")
    ((10, 0, 19045), (3,), (10,), None)
    """
    match = _LEADING_VERSION.match(text)
    if match is None or text[match.end() : match.end() + 1].isdigit():  # a number of more digits than any version has
        return None
    return _numbers(match[0])


def _numbers(text: str) -> Version:
    numbers = [int(number) for number in text.split(".")]
    while len(numbers) > 1 and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _version(key: str, value: Any, path: Path, problems: Problems) -> Condition | None:
    """``*_version``: the constraint, in Terraform's syntax, is satisfied."""
    checks = parse_constraint(value) if isinstance(value, str) else None
    if checks is None:
        problems.add(
            path,
            f"is {found(value)}",
            'write a version constraint such as ">= 10.0.19045, < 11" or "~> 2.6"',
        )
        return None

    def test(facts: Facts) -> bool | None:
        version = facts.version(key)
        if version is None:
            return None
        return all(holds(version) for holds in checks)

    return Condition(key, test)


def parse_constraint(text: str) -> list[Callable[[Version], bool]] | None:
    """Read a constraint, https://developer.hashicorp.com/terraform/language/expressions/version-constraints.

    Returns functions that must all hold for a version that satisfies it; None for a text that is none.
    """
    checks: list[Callable[[Version], bool]] = []
    for part in text.split(","):
        match = CONSTRAINT.fullmatch(part)
        if match is None:
            return None
        operator, version = match[1] or "=", _numbers(match[2])
        if operator == "~>":
            written = [int(number) for number in match[2].split(".")]
            if len(written) < 2:
                return None  # "~> 2" is read as "< 3" by some and as no upper bound by others
            below = (*written[:-2], written[-2] + 1)
            checks += (version.__le__, below.__gt__)
        else:
            checks.append(getattr(version, _MIRRORED[operator]))
    return checks


_MIRRORED = {"=": "__eq__", "!=": "__ne__", ">=": "__le__", "<=": "__ge__", ">": "__lt__", "<": "__gt__"}
"""``version >= wanted`` is asked as ``wanted <= version``: a bound method is the quickest function there is."""


# --- addresses -------------------------------------------------------------------------------------------------------


def _public_ip(key: str, value: Any, path: Path, problems: Problems) -> Condition | None:
    """``public_ip``: the client's address lies in one of the networks."""
    networks: list[Network] = []

    def advise(text: str) -> str | None:
        try:
            networks.append(parse_network(text))
        except ValueError:
            return _network_advice(text)
        return None

    if _strings(value, path, problems, advise) is None:
        return None
    merged = NetworkSet(networks)

    def test(facts: Facts) -> bool | None:
        address = facts.address
        return None if address is None else address in merged

    return Condition(key, test, frozenset(networks))


def _network_advice(text: str) -> str:
    network = surrounding_network(text)
    if network is None:
        return 'write an address or a CIDR block, such as "198.51.100.7", "198.51.100.0/24" or "2001:db8::/32"'
    address = text.partition("/")[0]
    return f'write "{network}" for the network or "{address}" for the one address'


# --- time ------------------------------------------------------------------------------------------------------------


def _time(key: str, value: Any, path: Path, problems: Problems) -> Condition | None:
    """``time``: now lies inside the days, the hours and the period."""
    before = len(problems)
    if not isinstance(value, dict):
        problems.add(
            path,
            f"is {found(value)}",
            'write an object such as { days = ["mon"], start = "07:00", end = "20:00" }',
        )
        return None
    for name in value:
        if name not in TIME_KEYS:
            problems.add_unknown_key(path, name, TIME_KEYS)
    days = _days(value["days"], (*path, "days"), problems) if "days" in value else None
    hours = _hours(value, path, problems)
    zone = _zone(value["timezone"], (*path, "timezone"), problems) if "timezone" in value else None
    not_before = instant(value, "not_before", path, problems)
    not_after = instant(value, "not_after", path, problems)
    if not value.keys() - {"timezone"}:
        problems.add(path, "names no time", "write days, start and end, not_before or not_after")
    if len(problems) > before:
        return None
    start, end = hours or (0, _DAY_MINUTES)

    def test(facts: Facts) -> bool:
        if not_before is not None and facts.now < not_before:
            return False
        if not_after is not None and facts.now >= not_after:
            return False
        if days is None and hours is None:
            return True
        weekday, minute = facts.local_time(zone)
        if start < end:
            return (days is None or weekday in days) and start <= minute < end
        if minute >= start:
            return days is None or weekday in days
        # Hours that span midnight belong to the day they began on.
        return minute < end and (days is None or (weekday - 1) % 7 in days)

    return Condition(key, test)


def _days(value: Any, path: Path, problems: Problems) -> frozenset[int] | None:
    names = _strings(value, path, problems, lambda day: None if day in DAYS else "write one of " + ", ".join(DAYS))
    return None if names is None else frozenset([DAYS.index(name) for name in names])


def _hours(value: dict[str, Any], path: Path, problems: Problems) -> tuple[int, int] | None:
    for name, other in (("start", "end"), ("end", "start")):
        if name in value and other not in value:
            problems.add(path, f"has {name} without {other}", "write both or neither")
    start = _clock(value, "start", path, problems)
    end = _clock(value, "end", path, problems)
    if start is None or end is None:
        return None
    if start == end:
        problems.add(
            path,
            f"has equal start and end, {found(value['end'])}",
            'for the whole day write start = "00:00", end = "24:00"',
        )
    return start, end


def _clock(value: dict[str, Any], name: str, path: Path, problems: Problems) -> int | None:
    """Return the minute of the day of ``HH:MM``; only an ``end`` may be ``24:00``."""
    if name not in value:
        return None
    text = value[name]
    if name == "end" and text == "24:00":
        return _DAY_MINUTES
    if not isinstance(text, str) or not CLOCK.fullmatch(text):
        problems.add((*path, name), f"is {found(text)}", 'write HH:MM, such as "07:00" (end may be "24:00")')
        return None
    return int(text[:2]) * 60 + int(text[3:])


def _zone(name: Any, path: Path, problems: Problems) -> Any:
    """Return the time zone, or None for UTC."""
    if not isinstance(name, str) or not TIMEZONE.fullmatch(name):
        problems.add(path, f"is {found(name)}", 'write an IANA name such as "Europe/Berlin"')
        return None
    if name == "UTC":
        return None
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # late: 3 ms of a cold start

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):  # OSError: the name of a folder of time zones
        problems.add(
            path,
            f"is {found(name)}, which the IANA time zone database does not have",
            'write a name such as "Europe/Berlin"',
        )
        return None


def instant(value: dict[str, Any], name: str, path: Path, problems: Problems) -> float | None:
    """Return seconds since 1970-01-01 UTC of the RFC 3339 timestamp that ``value[name]`` is, or None for none."""
    if name not in value:
        return None
    text = value[name]
    if isinstance(text, str) and INSTANT.fullmatch(text):
        from datetime import datetime  # late: only policies with periods need it

        try:
            return datetime.fromisoformat(text).timestamp()
        except ValueError:
            pass  # such as a 31st of June
    problems.add(
        (*path, name),
        f"is {found(text)}",
        'write RFC 3339 with an offset, such as "2026-12-24T18:00:00Z"',
    )
    return None


# --- the keys --------------------------------------------------------------------------------------------------------


def _strings(
    value: Any, path: Path, problems: Problems, advise: Callable[[str], str | None] | None = None
) -> list[str] | None:
    """Return a list of strings that has at least one, or None where it has problems.

    ``advise`` says what to write instead of a string that is not good enough, or None for one that is.
    """
    if not isinstance(value, list):
        problems.add(path, f"is {found(value)}", "write a list of strings")
        return None
    if not value:
        problems.add(path, "is empty", "leave it out, or name what it should match")
        return None
    before = len(problems)
    for position, element in enumerate(value):
        advice = "write a string" if not isinstance(element, str) else advise(element) if advise is not None else None
        if advice is not None:
            problems.add((*path, position), f"is {found(element)}", advice)
    return value if len(problems) == before else None


def _name_of(thing: str) -> Callable[[str], str | None]:
    """Advise against empty names. Patterns can be empty: that is the user name of a client that has none."""
    return lambda text: None if text else f"write the name of {thing}"


CONDITIONS: dict[str, Callable[[str, Any, Path, Problems], Condition | None]] = {
    "all_groups": _all_groups,
    "aws_client_version": _version,
    "client_openvpn_version": _version,
    "common_name": _patterns,
    "endpoint": _endpoint,
    "groups": _groups,
    "platform": _patterns,
    "platform_version": _version,
    "posture": _posture,
    "public_ip": _public_ip,
    "time": _time,
    "username": _patterns,
}
"""What makes a :class:`Condition` of the value that a key has, or tells its problems and returns None."""

RULE_CONDITIONS = tuple(CONDITIONS)
POSTURE_CONDITIONS = tuple([key for key in CONDITIONS if key != "posture"])


def conditions(block: Any, allowed: Iterable[str], path: Path, problems: Problems) -> tuple[Condition, ...]:
    """Make the conditions of a ``when`` or an ``unless``; all of them must hold.

    A block that is there must limit something: null or an empty object would widen an allow rule to everybody, or
    switch a rule off, without anybody having written so.
    """
    if not isinstance(block, dict):
        problems.add(path, f"is {found(block)}", "leave it out, or write an object of conditions")
        return ()
    if not block:
        problems.add(path, "is empty", "leave it out, or write at least one condition")
        return ()
    made = []
    for key, value in block.items():
        if key not in allowed:
            problems.add_unknown_key(path, key, allowed)
            continue
        condition = CONDITIONS[key](key, value, (*path, key), problems)
        if condition is not None:
            made.append(condition)
    return tuple(made)
