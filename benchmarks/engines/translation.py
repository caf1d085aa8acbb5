"""What several engines need to take the reference policy and its requests, for want of versions, networks, time zones.

Versions and IPv4 addresses become integers, local time the weekday and the minute of the day, text that is compared
without case is folded. What is unreadable never helps the client: a version becomes 0, which is below any bound; for an
address :func:`address` raises an error, which whoever asks an engine has to take for a denial.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from socket import AF_INET, inet_pton
from typing import Any
from zoneinfo import ZoneInfo

from connect_handler.contract.request import Request

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_BERLIN = ZoneInfo("Europe/Berlin")  # the only one in the reference policy
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*").match


def attributes(request: Request, now: float) -> dict[str, Any]:
    """Return what the conditions look at, under their keys; instead of ``time``, ``weekday`` and ``minute``."""
    weekday, minute = local_time(now)
    return {
        "public_ip": address(request.public_ip),
        "platform": (request.platform or "").lower(),
        "platform_version": version(request.platform_version),
        "client_openvpn_version": version(request.client_openvpn_version),
        "groups": [group.lower() for group in request.groups or ()],
        "common_name": (request.common_name or "").lower(),
        "username": (request.username or "").lower(),
        "endpoint": request.alias or "",
        "weekday": weekday,
        "minute": minute,
    }


def address(text: str | None) -> int:
    """Return an IPv4 address as an integer.

    Raises
    ------
    OSError
        It is none.
    """
    return int.from_bytes(inet_pton(AF_INET, text or ""), "big")


def version(text: str | None) -> int:
    """Return the first three numbers of a version as one, 20 bits for each; of an unreadable version 0."""
    match = _VERSION(text or "")
    if match is None:
        return 0
    result = 0
    for number in (*match[0].split("."), "0", "0")[:3]:
        result = (result << 20) + min(int(number), (1 << 20) - 1)
    return result


def local_time(now: float) -> tuple[int, int]:
    """Return weekday (0 is Monday) and minute of the day in Berlin."""
    local = datetime.fromtimestamp(now, _BERLIN)
    return local.weekday(), local.hour * 60 + local.minute


def bounds(network: str) -> tuple[int, int]:
    """Return the first and the last address of an IPv4 network."""
    first, _, length = network.partition("/")
    return address(first), address(first) + (1 << 32 - int(length)) - 1


@cache
def version_below(constraint: str) -> int:
    """Return the bound of a constraint such as ``< 2.5``, the only kind in the reference policy, as a number."""
    return version(constraint.removeprefix("< "))


def hours(window: dict[str, Any]) -> tuple[list[int], int, int]:
    """Return the weekdays, the first minute of the day, and the one that is none of them any more, of a ``time``."""
    start, end = (int(text[:2]) * 60 + int(text[3:]) for text in (window["start"], window["end"]))
    return [WEEKDAYS.index(day) for day in window["days"]], start, end


def pattern(names: Iterable[str]) -> str:
    """Return patterns with ``*`` as one regular expression, anchored, that all engines read alike."""
    return "^(" + "|".join(re.escape(name.lower()).replace(r"\*", ".*").replace(r"\-", "-") for name in names) + ")$"


def literals(key: str, names: Iterable[str]) -> list[str]:
    """Return names as literals in double quotes, folded unless they are of endpoints, which have case."""
    return [json.dumps(name if key == "endpoint" else name.lower()) for name in names]


def has_wildcard(names: Iterable[str]) -> bool:
    """Tell whether one of the names is a pattern."""
    return any("*" in name for name in names)


def terms(rule: dict[str, Any], term: Callable[[str, Any], str], conjunction: str, negation: str) -> str:
    """Return the conditions of a rule as an expression, whose parts ``term`` makes from a key and its value."""
    parts = [term(key, value) for key, value in rule.get("when", {}).items()]
    if "unless" in rule:
        excepted = conjunction.join(term(key, value) for key, value in rule["unless"].items())
        parts.append(f"{negation}({excepted})")
    return conjunction.join(parts)


def split(policy: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rules that deny, and those that allow."""
    rules = policy["rules"]
    return [rule for rule in rules if rule["effect"] == "deny"], [rule for rule in rules if rule["effect"] == "allow"]


def cel(rule: dict[str, Any], request: str = "") -> str:
    """Return the condition of a rule in CEL over :func:`attributes`, whose names follow on ``request``."""

    def term(key: str, value: Any) -> str:
        match key:
            case "public_ip":
                networks = [
                    f"({request}public_ip >= {first} && {request}public_ip <= {last})"
                    for first, last in map(bounds, value)
                ]
                return f"({' || '.join(networks)})"
            case "platform_version" | "client_openvpn_version":
                return f"{request}{key} < {version_below(value)}"
            case "time":
                days, start, end = hours(value)
                return f"{request}weekday in {days} && {request}minute >= {start} && {request}minute < {end}"
            case "groups":
                return f"({' || '.join(f'{name} in {request}groups' for name in literals(key, value))})"
            case _ if has_wildcard(value):
                return f"{request}{key}.matches({json.dumps(pattern(value))})"
            case _:
                return f"({' || '.join(f'{request}{key} == {name}' for name in literals(key, value))})"

    return terms(rule, term, " && ", "!")
