"""rule-engine: one rule of its language for each of ours, in a ``Chain``, where the first that matches decides.

The rules that deny come first in it. Local time is native: a date and time in Berlin, whose weekday and hour the rule
asks. Groups and networks are functions that come with the request, as its documentation provides for and several times
as fast as its own ``in``; versions, which it lacks, are numbers. Its context has no types, since they are checked in
each comparison, which takes half as long again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import rule_engine

from benchmarks.engines.translation import (
    address,
    has_wildcard,
    hours,
    literals,
    pattern,
    ranges,
    split,
    terms,
    version,
    version_below,
)
from connect_handler.contract.request import Request

DISTRIBUTION = "rule-engine"

_BERLIN = ZoneInfo("Europe/Berlin")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def prepare(policy: dict[str, Any]) -> Callable[[dict[str, Any]], Any]:
    """Return the function that finds the first rule that matches."""
    denying, allowing = ([terms(rule, _term, " and ", "not ") for rule in rules] for rules in split(policy))
    entries = [(text, False) for text in denying] + [(text, True) for text in allowing]
    chain = rule_engine.Chain(entries, default_value=False)
    return lambda symbols: chain.evaluate(symbols)


def translate(request: Request, now: float) -> dict[str, Any]:
    """Return the symbols."""
    client = address(request.public_ip)
    return {
        "within": lambda networks: any(first <= client <= last for first, last in ranges(networks)),
        "in_group": {group.lower() for group in request.groups or ()}.__contains__,
        "platform": (request.platform or "").lower(),
        "platform_version": version(request.platform_version),
        "client_openvpn_version": version(request.client_openvpn_version),
        "common_name": (request.common_name or "").lower(),
        "username": (request.username or "").lower(),
        "endpoint": request.alias or "",
        "now": datetime.fromtimestamp(now, _BERLIN),
    }


def allows(answer: Any) -> bool:
    """Tell what was decided."""
    return answer is True


def _term(key: str, value: Any) -> str:
    match key:
        case "public_ip":
            return f'within("{" ".join(value)}")'
        case "platform_version" | "client_openvpn_version":
            return f"{key} < {version_below(value)}"
        case "time":
            days, start, end = hours(value)
            minute = "now.hour * 60 + now.minute"
            return f"now.weekday in {[_DAYS[day] for day in days]} and {minute} >= {start} and {minute} < {end}"
        case "groups":
            return f"({' or '.join(f'in_group({name})' for name in literals(key, value))})"
        case _ if has_wildcard(value):
            return f"{key} =~ {json.dumps(pattern(value))}"
        case _:
            return f"({' or '.join(f'{key} == {name}' for name in literals(key, value))})"
