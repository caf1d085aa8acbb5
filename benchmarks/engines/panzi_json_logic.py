"""JsonLogic: the policy as one tree, in which no rule denies and one allows, with two operations of our own.

``panzi-json-logic`` interprets the tree and compiles nothing; ``and`` and ``or`` in it end as early as they can.
JsonLogic has no networks, patterns or intersections of lists: ``within`` and ``like`` are custom operations, groups are
asked one by one. It has no versions and no local time, so these are translated to integers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import json_logic
from json_logic.builtins import BUILTINS

from benchmarks.engines import translation
from benchmarks.engines.translation import has_wildcard, hours, pattern, ranges, split, version_below

DISTRIBUTION = "panzi-json-logic"

Logic = dict[str, Any]


def prepare(policy: dict[str, Any]) -> Callable[[dict[str, Any]], Any]:
    """Return the function that applies the tree."""
    denying, allowing = ({"or": [_condition(rule) for rule in rules]} for rules in split(policy))
    logic = {"and": [{"!": denying}, allowing]}
    operations = {**BUILTINS, "within": _within, "like": _like}
    return lambda data: json_logic.jsonLogic(logic, data, operations)


translate = translation.attributes


def allows(answer: Any) -> bool:
    """Tell what the tree has come to."""
    return answer is True


def _within(data: Any, client: int, networks: str) -> bool:
    return any(first <= client <= last for first, last in ranges(networks))


def _like(data: Any, text: str, expression: str) -> bool:
    return re.match(expression, text) is not None


def _condition(rule: dict[str, Any]) -> Logic:
    parts = [_term(key, value) for key, value in rule.get("when", {}).items()]
    if "unless" in rule:
        parts.append({"!": _all([_term(key, value) for key, value in rule["unless"].items()])})
    return _all(parts)


def _all(parts: list[Logic]) -> Logic:
    return parts[0] if len(parts) == 1 else {"and": parts}


def _term(key: str, value: Any) -> Logic:
    asked = {"var": key}
    match key:
        case "public_ip":
            return {"within": [asked, " ".join(value)]}
        case "platform_version" | "client_openvpn_version":
            return {"<": [asked, version_below(value)]}
        case "time":
            days, start, end = hours(value)
            minute = {"var": "minute"}
            return _all([{"in": [{"var": "weekday"}, days]}, {">=": [minute, start]}, {"<": [minute, end]}])
        case "groups":
            held = [{"in": [name.lower(), asked]} for name in value]
            return held[0] if len(held) == 1 else {"or": held}
        case "endpoint":
            return {"in": [asked, value]}
        case _ if has_wildcard(value):
            return {"like": [asked, pattern(value)]}
        case _:
            names = [name.lower() for name in value]
            return {"===": [asked, names[0]]} if len(names) == 1 else {"in": [asked, names]}
