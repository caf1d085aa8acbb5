"""All that is wrong with a policy, in words.

A connection never waits for this: :mod:`~connect_handler.policy` notices by itself that something is wrong, and asks
here what. So both know what a policy may be. What that accepts is a policy; that this then finds nothing is tested
(tests/unit/connect_handler/test_validation.py).
"""

from __future__ import annotations

from .conditions import (
    CONDITION_KEYS,
    DAYS,
    POSTURE_CONDITIONS,
    TIME_KEYS,
    UTC,
    clock,
    could_be_zone,
    instant,
    is_time_zone,
    parse_constraint,
)
from .evidence import END_OLDEST
from .evidence_conditions import BY, DEVICE_KEYS, MAX_AGE_HOURS, MAX_SESSIONS, SESSIONS_KEYS
from .messages import PLACEHOLDERS, parts
from .policy import ALLOW, DENY, POLICY_KEYS, RULE_KEYS
from .posture import POSTURE_RULE_KEYS
from .problems import Problems, found, one_of
from .response import MAX_CHARACTERS, MAX_STATUSES
from .single_networks import parse_network, surrounding_network

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    from .problems import Path


def problems_of(document: dict[str, Any]) -> Problems:
    """Return everything that is wrong with a policy document, in the order of its parts; nothing for a policy."""
    problems = Problems(document)
    for key in document:
        if key not in POLICY_KEYS:
            problems.add_unknown_key((), key, POLICY_KEYS)
    statuses = _posture_rules(document.get("posture_rules"), problems)
    default = document.get("default_posture_status")
    if default is not None and default != "":
        _status(default, ("default_posture_status",), f"is {found(default)}", problems)
        if isinstance(default, str):
            statuses.add(default)
    _rules(document.get("rules"), statuses, problems)
    _message(document.get("default_deny_message"), ("default_deny_message",), problems)
    _flag(document.get("shadow_mode"), ("shadow_mode",), problems)
    return problems


# --- rules -----------------------------------------------------------------------------------------------------------


def _rules(value: Any, statuses: set[str], problems: Problems) -> None:
    if not isinstance(value, list):
        problems.add(("rules",), f"is {found(value)}", "write a list of rules")
        return
    names: dict[str, int] = {}
    allows = False
    for position, element in enumerate(value):
        path: Path = ("rules", position)
        if not isinstance(element, dict):
            problems.add(path, f"is {found(element)}", 'write an object such as { name = "staff", effect = "allow" }')
            allows = True  # for all that is known
            continue
        effect = element.get("effect")
        _name(element, names, path, problems)
        _blocks(element, RULE_KEYS, CONDITION_KEYS, statuses, path, problems)
        if effect != ALLOW and effect != DENY:
            problems.add((*path, "effect"), _wrong(element, "effect"), 'write "allow" or "deny"')
        _flag(element.get("shadow"), (*path, "shadow"), problems)
        if _message(element.get("message"), (*path, "message"), problems) and effect == ALLOW:
            problems.add((*path, "message"), *_ON_ALLOW)
        _end_oldest(element, path, problems)
        if effect != DENY and element.get("shadow") is not True:
            allows = True
    if not allows:
        problems.add(
            ("rules",),
            "have none that allows: nobody could connect",
            'write at least one with effect = "allow" and without shadow = true',
        )


def _name(element: dict[str, Any], names: dict[str, int], path: Path, problems: Problems) -> None:
    """Add what is wrong with the name of a rule, given those of the rules before it with their positions."""
    name = element.get("name")
    position: Any = path[1]
    if not isinstance(name, str) or not name:
        problems.add((*path, "name"), _wrong(element, "name"), 'write one that no other rule has: name = "staff"')
        return
    before = names.setdefault(name, position)
    if before != position:
        what = f"is {found(name)}, as that of rules[{before}]"
        problems.add((*path, "name"), what, "write one that no other rule has")
    if len(name) > MAX_CHARACTERS:
        problems.add((*path, "name"), f"has {len(name)} characters", f"write at most {MAX_CHARACTERS}")


_ON_ALLOW = ("is on a rule that allows", 'remove it, or write effect = "deny"')


def _end_oldest(element: dict[str, Any], path: Path, problems: Problems) -> None:
    path = (*path, END_OLDEST)
    value, when = element.get(END_OLDEST), element.get("when")
    _flag(value, path, problems)
    if value is True:
        if element.get("effect") == ALLOW:
            problems.add(path, *_ON_ALLOW)
        elif not isinstance(when, dict) or "sessions" not in when:
            problems.add(
                path,
                "is on a rule without a sessions condition",
                'write when = { sessions = { by = "username", at_least = 1 } }, or remove it',
            )


def _posture_rules(value: Any, problems: Problems) -> set[str]:
    """Return the statuses that are assigned, and add what is wrong with the rules that do."""
    if value is None:
        return set()
    if not isinstance(value, list):
        problems.add(("posture_rules",), f"is {found(value)}", "write a list of posture rules")
        return set()
    statuses = set()
    for position, element in enumerate(value):
        path: Path = ("posture_rules", position)
        if not isinstance(element, dict):
            problems.add(path, f"is {found(element)}", 'write an object such as { status = "compliant" }')
            continue
        _blocks(element, POSTURE_RULE_KEYS, tuple(POSTURE_CONDITIONS), (), path, problems)
        status = element.get("status")
        _status(status, (*path, "status"), _wrong(element, "status"), problems)
        if isinstance(status, str) and status:
            statuses.add(status)
    if len(statuses) > MAX_STATUSES:
        problems.add(
            ("posture_rules",),
            f"have {len(statuses)} distinct statuses",
            f"AWS takes at most {MAX_STATUSES} in an answer: write fewer",
        )
    return statuses


def _blocks(
    element: dict[str, Any],
    keys: frozenset[str],
    condition_keys: tuple[str, ...],
    statuses: Collection[str],
    path: Path,
    problems: Problems,
) -> None:
    """Add what is wrong with the keys of a rule, and with the conditions of its ``when`` and its ``unless``."""
    for key in element:
        if key not in keys:
            problems.add_unknown_key(path, key, keys)
    for name in ("when", "unless"):
        if name in element:
            _conditions(element[name], condition_keys, statuses, (*path, name), problems)


# --- conditions ------------------------------------------------------------------------------------------------------


def _conditions(block: Any, keys: tuple[str, ...], statuses: Collection[str], path: Path, problems: Problems) -> None:
    if not isinstance(block, dict):
        problems.add(path, f"is {found(block)}", "leave it out, or write an object of conditions")
    elif not block:
        problems.add(path, "is empty", "leave it out, or write at least one condition")
    else:
        for key, value in block.items():
            if key not in keys:
                problems.add_unknown_key(path, key, keys)
            elif key == "posture":
                _posture(value, statuses, (*path, key), problems)
            else:
                _CHECKS[key](value, (*path, key), problems)


def _strings(value: Any, path: Path, problems: Problems, advise: Callable[[str], str | None] | None = None) -> bool:
    """Tell whether it is a list of strings, with at least one, or add what is wrong with it.

    ``advise`` says what to write instead of a string that is not good enough, or None for one that is.
    """
    before = len(problems)
    if not isinstance(value, list):
        problems.add(path, f"is {found(value)}", "write a list of strings")
    elif not value:
        problems.add(path, "is empty", "leave it out, or name what it should match")
    else:
        for position, element in enumerate(value):
            text = isinstance(element, str)
            advice = "write a string" if not text else None if advise is None else advise(element)
            if advice is not None:
                problems.add((*path, position), f"is {found(element)}", advice)
    return len(problems) == before


def _names_of(what: str) -> Callable[[Any, Path, Problems], bool]:
    """Return what tells whether a value is a list of names."""

    def check(value: Any, path: Path, problems: Problems) -> bool:
        return _strings(value, path, problems, lambda name: None if name else f"write the name of {what}")

    return check


_statuses = _names_of("a status")


def _posture(value: Any, statuses: Collection[str], path: Path, problems: Problems) -> None:
    if _statuses(value, path, problems):
        for status in sorted(set(value).difference(statuses)):
            what = f"has {found(status)}, which no posture rule assigns"
            problems.add(path, what, one_of(status, statuses) if statuses else "write a posture rule that does")


def _version(value: Any, path: Path, problems: Problems) -> None:
    if not isinstance(value, str) or parse_constraint(value) is None:
        problems.add(
            path,
            f"is {found(value)}",
            'write a version constraint such as ">= 10.0.19045, < 11" or "~> 2.6"',
        )


def _public_ip(value: Any, path: Path, problems: Problems) -> None:
    _strings(value, path, problems, _network_advice)


def _network_advice(text: str) -> str | None:
    try:
        parse_network(text)
        return None
    except ValueError:
        network = surrounding_network(text)
    if network is None:
        return 'write an address or a CIDR block, such as "198.51.100.7", "198.51.100.0/24" or "2001:db8::/32"'
    address = text.partition("/")[0]
    return f'write "{network}" for the network or "{address}" for the one address'


def _time(value: Any, path: Path, problems: Problems) -> None:
    if not isinstance(value, dict):
        problems.add(
            path,
            f"is {found(value)}",
            'write an object such as { days = ["mon"], start = "07:00", end = "20:00" }',
        )
        return
    for name in value:
        if name not in TIME_KEYS:
            problems.add_unknown_key(path, name, TIME_KEYS)
    if "days" in value:
        _days(value["days"], (*path, "days"), problems)
    _hours(value, path, problems)
    if "timezone" in value:
        _zone(value["timezone"], (*path, "timezone"), problems)
    for name in ("not_before", "not_after"):
        if name in value:
            check_instant(value[name], (*path, name), problems)
    if not value.keys() - {"timezone"}:
        problems.add(path, "names no time", "write days, start and end, not_before or not_after")


def _days(value: Any, path: Path, problems: Problems) -> None:
    _strings(value, path, problems, lambda day: None if day in DAYS else "write one of " + ", ".join(DAYS))


def _hours(value: dict[str, Any], path: Path, problems: Problems) -> None:
    for name, other in (("start", "end"), ("end", "start")):
        if name in value and other not in value:
            problems.add(path, f"has {name} without {other}", "write both or neither")
    minutes = []
    for name in ("start", "end"):
        if name in value:
            try:
                minutes.append(clock(value[name], is_end=name == "end"))
            except ValueError:
                advice = 'write HH:MM, such as "07:00" (end may be "24:00")'
                problems.add((*path, name), f"is {found(value[name])}", advice)
    if len(minutes) == 2 and minutes[0] == minutes[1]:
        problems.add(
            path,
            f"has equal start and end, {found(value['end'])}",
            'for the whole day write start = "00:00", end = "24:00"',
        )


def _zone(name: Any, path: Path, problems: Problems) -> None:
    if not could_be_zone(name):
        problems.add(path, f"is {found(name)}", 'write an IANA name such as "Europe/Berlin"')
    elif name != UTC and not is_time_zone(name):
        problems.add(
            path,
            f"is {found(name)}, which the IANA time zone database does not have",
            'write a name such as "Europe/Berlin"',
        )


def _device(value: Any, path: Path, problems: Problems) -> None:
    if not isinstance(value, dict):
        what = 'write an object such as { registered = true, status = ["compliant"] }'
        problems.add(path, f"is {found(value)}", what)
        return
    if not value:
        problems.add(path, "is empty", "write at least one of " + ", ".join(DEVICE_KEYS))
    for name in value:
        if name not in DEVICE_KEYS:
            problems.add_unknown_key(path, name, DEVICE_KEYS)
    for name in ("registered", "owner_is_user"):
        if name in value and not isinstance(value[name], bool):
            problems.add((*path, name), f"is {found(value[name])}", "write true or false")
    if value.get("registered") is False and not value.keys().isdisjoint(set(DEVICE_KEYS) - {"registered"}):
        problems.add(
            path,
            "asks for a device that is not registered and for what only a registered one has",
            "write registered = false alone",
        )
    if "status" in value:
        _strings(value["status"], (*path, "status"), problems)
    if "max_age_hours" in value:
        hours = value["max_age_hours"]
        if not isinstance(hours, int | float) or isinstance(hours, bool) or not 0 < hours <= MAX_AGE_HOURS:
            advice = f"write a number of hours, more than 0 and at most {MAX_AGE_HOURS}"
            problems.add((*path, "max_age_hours"), f"is {found(hours)}", advice)
    if "attributes" in value:
        _attributes(value["attributes"], (*path, "attributes"), problems)


def _attributes(value: Any, path: Path, problems: Problems) -> None:
    if not isinstance(value, dict):
        problems.add(path, f"is {found(value)}", 'write an object such as { department = ["sales", "eng-*"] }')
    elif not value:
        problems.add(path, "is empty", "leave it out, or name an attribute")
    else:
        for name, patterns in value.items():
            _strings(patterns, (*path, name), problems)


def _sessions(value: Any, path: Path, problems: Problems) -> None:
    if not isinstance(value, dict):
        problems.add(path, f"is {found(value)}", 'write an object such as { by = "username", at_least = 1 }')
        return
    for name in value:
        if name not in SESSIONS_KEYS:
            problems.add_unknown_key(path, name, SESSIONS_KEYS)
    if value.get("by") not in BY:
        problems.add((*path, "by"), _wrong(value, "by"), 'write "username" or "common_name"')
    at_least = value.get("at_least")
    if not isinstance(at_least, int) or isinstance(at_least, bool) or not 1 <= at_least <= MAX_SESSIONS:
        problems.add((*path, "at_least"), _wrong(value, "at_least"), f"write a whole number from 1 to {MAX_SESSIONS}")


def check_instant(value: Any, path: Path, problems: Problems) -> float | None:
    """Return seconds since 1970-01-01 UTC of a timestamp of RFC 3339, or None with what is wrong with it."""
    try:
        return instant(value)
    except ValueError:
        advice = 'write RFC 3339 with an offset, such as "2026-12-24T18:00:00Z"'
        problems.add(path, f"is {found(value)}", advice)
        return None


_CHECKS: dict[str, Callable[[Any, Path, Problems], Any]] = {
    "all_groups": _names_of("a group"),
    "aws_client_version": _version,
    "client_openvpn_version": _version,
    "common_name": _strings,
    "device": _device,
    "endpoint": _names_of("an endpoint"),
    "groups": _names_of("a group"),
    "platform": _strings,
    "platform_version": _version,
    "public_ip": _public_ip,
    "sessions": _sessions,
    "time": _time,
    "username": _strings,
}
"""What adds the problems of the value that a key has; ``posture`` needs the statuses besides."""


# --- single values ---------------------------------------------------------------------------------------------------


def _wrong(element: dict[str, Any], key: str) -> str:
    return f"is {found(element[key])}" if key in element else "is missing"


def _flag(value: Any, path: Path, problems: Problems) -> None:
    if value is not None and not isinstance(value, bool):
        problems.add(path, f"is {found(value)}", "write true or false")


def _message(value: Any, path: Path, problems: Problems) -> bool:
    """Tell whether there is a message, and add what is wrong with it."""
    if value is None:
        return False
    if not isinstance(value, str) or not value:
        problems.add(path, f"is {found(value)}", "write a text, or leave it out")
        return False
    if len(value) > MAX_CHARACTERS:
        problems.add(path, f"has {len(value)} characters", f"write at most {MAX_CHARACTERS}")
    for name in parts(value)[1::2]:
        if name not in PLACEHOLDERS:
            problems.add(path, f"has the unknown placeholder {found(name)}", one_of(name, PLACEHOLDERS))
    return True


def _status(value: Any, path: Path, wrong: str, problems: Problems) -> None:
    if not isinstance(value, str) or not value:
        problems.add(path, wrong, 'write one such as "compliant"')
    elif len(value) > MAX_CHARACTERS:
        problems.add(path, f"has {len(value)} characters", f"write at most {MAX_CHARACTERS}")
