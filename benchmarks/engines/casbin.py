"""Casbin: a model with a column for each condition key, one policy line for each of our rules, ``*`` for any value.

Its policy effect lets a deny beat every allow. The matcher calls a function of ours for each column, which is how its
documentation adds what its language lacks, those that narrow most first; ``eval`` in the matcher would parse the rules
anew for each request. Versions and addresses are integers, local time is weekday and minute, text is folded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import casbin
from casbin.persist.adapters.string_adapter import StringAdapter

from benchmarks.engines.translation import attributes, hours, pattern, ranges, version_below
from connect_handler.contract.request import Request

DISTRIBUTION = "casbin"

_FUNCTIONS = {
    "username": "is_named",
    "groups": "has_one",
    "public_ip": "is_within",
    "common_name": "is_named",
    "endpoint": "is_named",
    "platform": "is_named",
    "platform_version": "is_below",
    "client_openvpn_version": "is_below",
    "time": "is_during",
}
_COLUMNS = ", ".join(_FUNCTIONS)
_MODEL = f"""
[request_definition]
r = {_COLUMNS}
[policy_definition]
p = {_COLUMNS}, name, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = {" && ".join(f"{function}(r.{key}, p.{key})" for key, function in _FUNCTIONS.items())}
"""


def prepare(policy: dict[str, Any]) -> Callable[[tuple[Any, ...]], Any]:
    """Return the function that enforces the policy lines."""
    lines = "\n".join(map(_line, policy["rules"]))
    enforcer = casbin.Enforcer(casbin.Enforcer.new_model(text=_MODEL), StringAdapter(lines))
    for function in (is_named, has_one, is_within, is_below, is_during):
        enforcer.add_function(function.__name__, function)
    return lambda values: enforcer.enforce(*values)


def translate(request: Request, now: float) -> tuple[Any, ...]:
    """Return the request's columns."""
    values = attributes(request, now)
    values["time"] = values["weekday"], values["minute"]
    return tuple([values[key] for key in _FUNCTIONS])


def allows(answer: Any) -> bool:
    """Tell what was decided."""
    return answer is True


def is_named(value: str, column: str) -> bool:
    """Tell whether a name is one of those of a column, or none of them if it begins with ``!``."""
    return column == "*" or _names(column)(value)


def has_one(values: list[str], column: str) -> bool:
    """Tell whether one of several names is one of those of a column."""
    return column == "*" or any(map(_names(column), values))


def is_within(value: int, column: str) -> bool:
    """Tell whether an address is in one of the networks of a column."""
    return column == "*" or any(first <= value <= last for first, last in ranges(column))


def is_below(value: int, column: str) -> bool:
    """Tell whether a version is below that of a column."""
    return column == "*" or value < int(column)


def is_during(value: tuple[int, int], column: str) -> bool:
    """Tell whether weekday and minute are in the window of a column."""
    if column == "*":
        return True
    days, start, end = column.split("|")
    return str(value[0]) in days and int(start) <= value[1] < int(end)


@cache
def _names(column: str) -> Callable[[str], bool]:
    if column[0] == "!":
        excepted = _names(column[1:])
        return lambda name: not excepted(name)
    names = column.split("|")
    match = re.compile(pattern(names)).match
    return (lambda name: match(name) is not None) if "*" in column else frozenset(names).__contains__


def _line(rule: dict[str, Any]) -> str:
    columns = dict.fromkeys(_FUNCTIONS, "*")
    columns |= {key: _column(key, value) for key, value in rule.get("when", {}).items()}
    columns |= {key: f"!{_column(key, value)}" for key, value in rule.get("unless", {}).items()}
    return ", ".join(["p", *columns.values(), rule["name"], rule["effect"]])


def _column(key: str, value: Any) -> str:
    match key:
        case "platform_version" | "client_openvpn_version":
            return str(version_below(value))
        case "time":
            days, start, end = hours(value)
            return f"{''.join(map(str, days))}|{start}|{end}"
        case "public_ip":
            return " ".join(value)
        case "endpoint":
            return "|".join(value)
        case _:
            return "|".join(value).lower()
