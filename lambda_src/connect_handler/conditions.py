"""The conditions of a policy: what each key of a ``when`` or an ``unless`` takes, and when it holds.

A condition is true, false or unknown (``None``), https://en.wikipedia.org/wiki/Three-valued_logic (Kleene). Unknown is
what cannot be determined: a field that the request lacks, a version or an address that is empty or unreadable.

Each key has one function here that returns the :class:`Condition` made of a value from the policy. A value that is not
what the key takes ends in an exception, whichever comes first: it only tells that there is something wrong, and
:mod:`~connect_handler.validation` then tells what.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache

from .networks import parse_address, parse_networks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from collections.abc import Set as AbstractSet
    from typing import Any

    from .evidence import Evidence
    from .network_set import NetworkSet
    from .networks import Network
    from .request import Request
    from .truth import Test

    Makers = dict[str, Callable[[str, Any], "Condition"]]
    Version = tuple[int, ...]

MAX_FILED = 1_000
"""The index does not file a rule under a condition with more values than this: to ask it costs one look-up or
bisection, to file all of its values would double what loading it takes."""

UTC = "UTC"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TIME_KEYS = ("days", "end", "not_after", "not_before", "start", "timezone")
_DAY_MINUTES = 24 * 60
_NUMBER_DIGITS = 9
_NONE: frozenset[str] = frozenset()
_ZONE_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-"

# To compile a regular expression costs 0.3 to 0.6 ms of a cold start, more than to load ten rules. So what many
# policies hold is read by hand, and these are compiled where one is first needed.
_LEADING_VERSION = r"[0-9]{1,9}(?:\.[0-9]{1,9})*"
INSTANT = (
    r"[12][0-9]{3}-[01][0-9]-[0-3][0-9]T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
    r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)


class Facts:
    """What conditions look at: one request, the clock, evidence, and the statuses that its posture rules assigned.

    ``possible_posture`` are statuses whose posture rules are unknown: they might have been assigned.
    Text is compared without case, so it is folded here, once for all rules.

    Attributes
    ----------
    address
        The client's, as :func:`~connect_handler.networks.parse_address` returns it; None where it is missing or
        unreadable.
    evidence
        What is known beside the request; None where nobody has looked.
    """

    __slots__ = (
        "address",
        "common_name",
        "evidence",
        "groups",
        "now",
        "possible_posture",
        "posture",
        "request",
        "username",
    )

    address: int | None
    common_name: str | None
    groups: AbstractSet[str] | None
    possible_posture: frozenset[str]
    posture: frozenset[str]
    username: str | None

    def __init__(self, request: Request, now: float, evidence: Evidence | None = None) -> None:
        """Take a request, the time, in seconds since 1970-01-01 UTC, and evidence."""
        self.request = request
        self.now = now
        self.evidence = evidence
        common_name, username, groups = request.common_name, request.username, request.groups
        # fold, written out for what nearly all requests are
        if request.is_folded:
            self.common_name = common_name
            self.username = username
            self.groups = frozenset(groups) if groups else _NONE
        elif request.is_plain:
            self.common_name = common_name and common_name.lower()
            self.username = username and username.lower()
            self.groups = {group.lower() for group in groups} if groups else _NONE
        else:
            self.common_name = common_name and fold(common_name)
            self.username = username and fold(username)
            self.groups = None if groups is None else set(map(fold, groups))
        self.posture = self.possible_posture = _NONE
        address = request.public_ip
        try:
            self.address = parse_address(address) if address else None
        except ValueError:
            self.address = None

    @property
    def platform(self) -> str | None:
        """Of the request, folded; few decisions ask for it, as what asks for the device alone is kept by the index."""
        text = self.request.platform
        return text and fold(text)


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
    values, beginnings
        For the index: the condition is false for a request that has none of these values, and none that begins like
        one of the beginnings. ``values`` is None where it is not so simple.
    is_found_true
        Whether one of these values or beginnings is enough to make it true.
    """

    __slots__ = ("beginnings", "is_found_true", "key", "test", "values")

    def __init__(
        self,
        key: str,
        test: Test,
        values: Collection[Any] | None = None,
        beginnings: tuple[str, ...] = (),
        is_found_true: bool = False,
    ) -> None:
        self.key = key
        self.test = test
        self.values = values
        self.beginnings = beginnings
        self.is_found_true = is_found_true


# --- patterns and names ----------------------------------------------------------------------------------------------


def _patterns(key: str, value: Any) -> Condition:
    """``common_name``, ``username``, ``platform``: one of the patterns matches the field."""
    texts, beginnings, globs = split(value)
    exact = frozenset(texts)
    glob = glob_test(globs)

    def is_one(facts: Facts) -> bool | None:
        text = getattr(facts, key)
        return None if text is None else text in exact

    def matches(facts: Facts) -> bool | None:
        text = getattr(facts, key)
        if text is None:
            return None
        return text in exact or text.startswith(beginnings) or (glob is not None and glob(text))

    return _filed(key, matches if beginnings or globs else is_one, texts, beginnings, globs)


def _groups(key: str, value: Any) -> Condition:
    """``groups``: one of the patterns matches one of the groups."""
    names, beginnings, globs = split(_names(value))
    exact = frozenset(names)
    glob = glob_test(globs)

    def has_one(facts: Facts) -> bool | None:
        groups = facts.groups
        return None if groups is None else not exact.isdisjoint(groups)

    def matches(facts: Facts) -> bool | None:
        groups = facts.groups
        if groups is None:
            return None
        if not exact.isdisjoint(groups):
            return True
        if beginnings and any(group.startswith(beginnings) for group in groups):
            return True
        return glob is not None and any(map(glob, groups))

    return _filed(key, matches if beginnings or globs else has_one, names, beginnings, globs)


def _all_groups(key: str, value: Any) -> Condition:
    """``all_groups``: the request has every one of the names."""
    wanted = frozenset(map(fold, _names(value)))

    def test(facts: Facts) -> bool | None:
        groups = facts.groups
        return None if groups is None else wanted <= groups

    # Who has all of them has this one.
    return Condition(key, test, frozenset([min(wanted)]), is_found_true=len(wanted) == 1)


def _endpoint(key: str, value: Any) -> Condition:
    """``endpoint``: one of the values is the alias that was invoked, or the endpoint's id."""
    exact = frozenset(_names(value))

    def test(facts: Facts) -> bool:
        request = facts.request
        return request.endpoint_id in exact or request.alias in exact

    return Condition(key, test, exact, is_found_true=True)


def rule_conditions(statuses: Collection[str]) -> Makers:
    """Return what makes the conditions of rules, given the statuses that the posture rules assign."""

    def posture(key: str, value: Any) -> Condition:
        """``posture``: one of the statuses has been assigned; unknown where one of them might have been."""
        exact = frozenset(_names(value))
        if not exact.issubset(statuses):  # a misspelt one: a deny rule that names it would never deny
            raise ValueError

        def test(facts: Facts) -> bool | None:
            if not exact.isdisjoint(facts.posture):
                return True
            return False if exact.isdisjoint(facts.possible_posture) else None

        return Condition(key, test, exact)  # what is found may be only possible

    return {**POSTURE_CONDITIONS, "posture": posture, "sessions": _sessions}


def _strings(value: Any) -> str:
    """Return all strings of a list together; an exception where it is none of strings, or empty."""
    if type(value) is not list or not value:
        raise ValueError
    return "".join(value)  # the quickest way to ask


def _names(value: Any) -> list[str]:
    """Return a list of names. They cannot be empty; patterns can: that is the user name of a client that has none."""
    _strings(value)
    if "" in value:
        raise ValueError
    names: list[str] = value
    return names


def is_pattern(text: str) -> bool:
    """Tell whether a text has a wildcard."""
    return "*" in text or "?" in text


def _whole_texts(patterns: Any) -> list[str] | None:
    """Return patterns, folded, where none of them has a wildcard."""
    together = _strings(patterns)
    if is_pattern(together):
        return None
    return [text.lower() for text in patterns] if together.isascii() else list(map(fold, patterns))


def _whole_names(patterns: Any) -> list[str] | None:
    return _whole_texts(_names(patterns))


def split(patterns: Any) -> tuple[list[str], tuple[str, ...], list[str]]:
    """Part patterns, folded, into whole texts, beginnings (``ops-*``), and all others."""
    whole = _whole_texts(patterns)
    if whole is not None:
        return whole, (), []
    exact: list[str] = []
    beginnings: list[str] = []
    globs: list[str] = []
    for pattern in map(fold, patterns):
        literal = len(_literal(pattern))
        if literal == len(pattern):
            exact.append(pattern)
        elif pattern[literal:] == "*":
            beginnings.append(pattern[:-1])
        else:
            globs.append(pattern)
    return exact, tuple(beginnings), globs


def _literal(pattern: str) -> str:
    """Return what stands before the first wildcard."""
    return pattern.partition("*")[0].partition("?")[0]


def glob_test(patterns: list[str]) -> Callable[[str], bool] | None:
    """Return what tells whether one of several patterns matches a folded text; None for no patterns.

    To compile a regular expression costs more than all else that loading a rule does, so it is put off until a text
    has to be matched.
    """
    if not patterns:
        return None
    match: Callable[[str], Any] | None = None

    def matches(text: str) -> bool:
        nonlocal match
        if match is None:
            from fnmatch import translate

            # "[" is no wildcard of ours
            expressions = [translate(pattern.replace("[", "[[]")) for pattern in patterns]
            match = re.compile("|".join(expressions)).match
        return match(text) is not None

    return matches


def _filed(
    key: str,
    test: Test,
    exact: list[str],
    beginnings: tuple[str, ...],
    globs: list[str],
) -> Condition:
    """Return the condition with what the index can file it under."""
    if not globs:
        return Condition(key, test, exact, beginnings, True)
    # What does not begin with "laptop-" does not match "laptop-*.example" either.
    literals = tuple(map(_literal, globs))
    return Condition(key, test, exact, beginnings + literals) if all(literals) else Condition(key, test)


# --- versions --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def parse_version(text: str) -> Version | None:
    """Return the leading dotted numbers of a version without zeros at its end, or None where there are none.

    Clients come in few versions, so those that were read are kept.

    >>> parse_version("10.0.19045"), parse_version("3.git:released"), parse_version("10.0"), parse_version("unknown")
    ((10, 0, 19045), (3,), (10,), None)
    """
    numbers = _numbers(text)
    if numbers is None:
        match = re.match(_LEADING_VERSION, text)
        if match is None or text[match.end() : match.end() + 1].isdigit():  # more digits than any version has
            return None
        numbers = _numbers(match[0])
    return None if numbers is None else _shortest(numbers)


def _numbers(text: str) -> list[int] | None:
    """Return the numbers of a text that is nothing but numbers with dots between them, else None."""
    numbers = text.split(".")
    for number in numbers:
        if not number.isdigit() or len(number) > _NUMBER_DIGITS:
            return None
    return list(map(int, numbers)) if text.isascii() else None


def _shortest(numbers: list[int]) -> Version:
    """Return the version without zeros at its end, so that 10.0 is 10."""
    while len(numbers) > 1 and not numbers[-1]:
        numbers = numbers[:-1]
    return tuple(numbers)


def _version(key: str, value: Any) -> Condition:
    """``*_version``: the constraint, in Terraform's syntax, is satisfied."""
    checks = parse_constraint(value)
    if checks is None:
        raise ValueError
    first = checks[0]

    def satisfies_one(facts: Facts) -> bool | None:
        version = parse_version(getattr(facts.request, key) or "")
        return None if version is None else first(version)

    def satisfies_all(facts: Facts) -> bool | None:
        version = parse_version(getattr(facts.request, key) or "")
        return None if version is None else all(holds(version) for holds in checks)

    return Condition(key, satisfies_one if len(checks) == 1 else satisfies_all)


def parse_constraint(text: str) -> list[Callable[[Version], bool]] | None:
    """Read a constraint, https://developer.hashicorp.com/terraform/language/expressions/version-constraints.

    Returns functions that must all hold for a version that satisfies it; None for a text that is none.
    """
    checks: list[Callable[[Version], bool]] = []
    for part in text.split(","):
        stated = part.strip(" ")
        operator = stated[:2] if stated[:2] in _MIRRORED or stated[:2] == _PESSIMISTIC else stated[:1]
        if operator not in _MIRRORED and operator != _PESSIMISTIC:
            operator = ""
        numbers = _numbers(stated[len(operator) :].lstrip(" "))
        if numbers is None:
            return None
        version = _shortest(numbers)
        if operator == _PESSIMISTIC:
            if len(numbers) < 2:
                return None  # "~> 2" is read as "< 3" by some and as no upper bound by others
            below = (*numbers[:-2], numbers[-2] + 1)
            checks += (version.__le__, below.__gt__)
        else:
            checks.append(getattr(version, _MIRRORED[operator or "="]))
    return checks


_PESSIMISTIC = "~>"
_MIRRORED = {"=": "__eq__", "!=": "__ne__", ">=": "__le__", "<=": "__ge__", ">": "__lt__", "<": "__gt__"}
"""``version >= wanted`` is asked as ``wanted <= version``: a bound method is the quickest function there is."""


# --- addresses -------------------------------------------------------------------------------------------------------


def _public_ip(key: str, value: Any) -> Condition:
    """``public_ip``: the client's address lies in one of the networks."""
    networks = _networks(value)
    # Merged here where that is much, as no connection is to wait for it; else where it is first asked.
    merged = _merged(networks) if len(networks) > MAX_FILED else None

    def test(facts: Facts) -> bool | None:
        nonlocal merged
        address = facts.address
        if address is None:
            return None
        if merged is None:
            merged = _merged(networks)
        return address in merged

    return Condition(key, test, networks, (), True)


def _merged(networks: list[Network]) -> NetworkSet:
    from .network_set import NetworkSet  # late: the index answers for most conditions on addresses

    return NetworkSet(networks)


def _networks(value: Any) -> list[Network]:
    _strings(value)
    return parse_networks(value)


# --- time ------------------------------------------------------------------------------------------------------------


def _time(key: str, value: Any) -> Condition:
    """``time``: now lies inside the days, the hours and the period."""
    if type(value) is not dict or not set(TIME_KEYS).issuperset(value) or not value.keys() - {"timezone"}:
        raise ValueError
    days = _days(value["days"]) if "days" in value else None
    start, end = 0, _DAY_MINUTES
    has_hours = "start" in value or "end" in value
    if has_hours:
        start, end = clock(value["start"]), clock(value["end"], is_end=True)
        if start == end:
            raise ValueError
    zone = value.get("timezone", UTC)
    if zone != UTC and not (could_be_zone(zone) and is_time_zone(zone)):
        raise ValueError
    not_before = instant(value["not_before"]) if "not_before" in value else None
    not_after = instant(value["not_after"]) if "not_after" in value else None

    local_time: Any = _utc if zone == UTC else None

    def test(facts: Facts) -> bool:
        nonlocal local_time
        if not_before is not None and facts.now < not_before:
            return False
        if not_after is not None and facts.now >= not_after:
            return False
        if days is None and not has_hours:
            return True
        if local_time is None:
            from .local_time import local_time_in  # late: only where somebody comes whom the rule can concern

            local_time = local_time_in(zone)
        weekday, minute = local_time(facts.now)
        if start < end:
            return (days is None or weekday in days) and start <= minute < end
        if minute >= start:
            return days is None or weekday in days
        # Hours that span midnight belong to the day they began on.
        return minute < end and (days is None or (weekday - 1) % 7 in days)

    return Condition(key, test)


def _utc(now: float) -> tuple[int, int]:
    """Return weekday (0 is Monday) and minute of the day."""
    days, seconds = divmod(int(now // 1), 86_400)
    return (days + 3) % 7, seconds // 60  # 1970-01-01 was a Thursday


def _days(value: Any) -> frozenset[int]:
    _strings(value)
    return frozenset(map(DAYS.index, value))


def clock(text: Any, is_end: bool = False) -> int:
    """Return the minute of the day of ``HH:MM``; only an end may be ``24:00``.

    Raises
    ------
    ValueError
        It is no such text.
    """
    if is_end and text == "24:00":
        return _DAY_MINUTES
    if isinstance(text, str) and len(text) == 5 and text[2] == ":" and text.isascii():
        hour, minute = text[:2], text[3:]
        if hour.isdigit() and minute.isdigit() and hour < "24" and minute < "60":
            return int(hour) * 60 + int(minute)
    raise ValueError


def could_be_zone(name: Any) -> bool:
    """Tell whether a value has the form of a time zone's name, which is to become the name of a file."""
    return (
        isinstance(name, str)
        and name[:1].isalpha()
        and all(part and not part.strip(_ZONE_CHARACTERS) for part in name.split("/"))
    )


def is_time_zone(name: str) -> bool:
    """Tell whether the time zone database has a zone; to load zoneinfo for that would cost 3 ms of a cold start."""
    return zone_file(name) is not None


def zone_file(name: str) -> str | None:
    """Return the path of the file of a time zone; None where there is none."""
    beside = __file__.rpartition("connect_handler")[0]  # as in the bundle; elsewhere tzdata is installed
    for folder in (beside + "tzdata", None):
        if folder is None:
            import tzdata  # type: ignore[import-untyped, unused-ignore]

            folder = tzdata.__path__[0]
        path = f"{folder}/zoneinfo/{name}"
        try:
            file = os.open(path, os.O_RDONLY)  # open takes ten times as long
        except OSError:
            continue
        try:
            if os.read(file, 4) == b"TZif":  # https://www.rfc-editor.org/rfc/rfc9636
                return path
        except OSError:  # a folder of time zones
            pass
        finally:
            os.close(file)
    return None


def instant(text: Any) -> float:
    """Return seconds since 1970-01-01 UTC of a timestamp of RFC 3339.

    Raises
    ------
    ValueError
        It is none, such as a 31st of June.
    """
    if not isinstance(text, str) or not re.fullmatch(INSTANT, text):
        raise ValueError
    from datetime import datetime  # late: only policies with periods need it

    return datetime.fromisoformat(text).timestamp()


# --- evidence --------------------------------------------------------------------------------------------------------


def _device(key: str, value: Any) -> Condition:
    from .evidence_conditions import device  # late: only policies that ask for evidence need it

    return device(key, value)


def _sessions(key: str, value: Any) -> Condition:
    from .evidence_conditions import sessions

    return sessions(key, value)


# --- the keys --------------------------------------------------------------------------------------------------------

POSTURE_CONDITIONS: Makers = {
    "all_groups": _all_groups,
    "aws_client_version": _version,
    "client_openvpn_version": _version,
    "common_name": _patterns,
    "device": _device,
    "endpoint": _endpoint,
    "groups": _groups,
    "platform": _patterns,
    "platform_version": _version,
    "public_ip": _public_ip,
    "time": _time,
    "username": _patterns,
}
"""What makes a :class:`Condition` of the value that a key has: for the rules that assign statuses, which cannot ask for
one, nor for other connections."""

PLAIN_VALUES: dict[str, Callable[[Any], Collection[Any] | None]] = {
    "common_name": _whole_texts,
    "groups": _whole_names,
    "public_ip": _networks,
    "username": _whole_texts,
}
"""What returns the values of which a request has to have one, for a condition that asks for nothing else; None where
there is more to it, such as a pattern."""

CONDITION_KEYS = (*POSTURE_CONDITIONS, "posture", "sessions")


def conditions(block: Any, makers: Makers) -> tuple[Condition, ...]:
    """Make the conditions of a ``when`` or an ``unless``; all of them must hold.

    A block that is there must limit something: null or an empty object would widen an allow rule to everybody, or
    switch a rule off, without anybody having written so.
    """
    if type(block) is not dict or not block:
        raise ValueError
    made: tuple[Condition, ...] = ()
    for key in block:
        made += (makers[key](key, block[key]),)
    return made
