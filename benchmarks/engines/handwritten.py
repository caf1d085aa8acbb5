"""The reference policy as a function written by hand: what a decision costs at least in Python.

It is what a careful author would write for exactly these rules: every value a constant, nothing asked that is not
needed, the first reason to deny ends it. It knows no other policy, names only the rule that decided, and tells nothing
of what it did not know. That its decisions are those of ``evaluate`` is checked before anything is timed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from socket import AF_INET, inet_pton
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.reference import BLOCKED, PARTNER_NETWORKS, RULES
from connect_handler.contract.request import Request

_BERLIN = ZoneInfo("Europe/Berlin")
_STAFF = frozenset({"engineering", "operations", "finance"})
_PLATFORMS = frozenset({"win", "mac", "linux"})
_LAPTOP = re.compile(r"laptop-.*\.corp\.example\Z", re.DOTALL).match
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*").match

Decided = tuple[bool, str | None, str]
"""Whether to allow, the rule that decided, the message for a user who is denied."""


DISTRIBUTION = ""


def prepare(policy: dict[str, Any]) -> Callable[[Request, float], Decided]:
    """Return the function, with the users, groups and networks of the rules that pad the policy as constants."""
    padding = policy["rules"][len(RULES) :]
    blocked = _by_shift(dict.fromkeys(BLOCKED, "blocklist"))
    partners = _by_shift(dict.fromkeys(PARTNER_NETWORKS, "contractors"))
    users, teams, networks = (
        {value: rule["name"] for rule in padding for value in rule["when"].get(key, ())}
        for key in ("username", "groups", "public_ip")
    )
    padded = _by_shift(networks)

    def decision(request: Request, now: float) -> Decided:
        try:
            address = int.from_bytes(inet_pton(AF_INET, request.public_ip or ""), "big")
        except OSError:
            return _denied("blocklist", request)
        for shift, prefixes in blocked:
            if address >> shift in prefixes:
                return _denied("blocklist", request)
        platform = (request.platform or "").lower()
        if platform not in _PLATFORMS:
            return _denied("platforms", request)
        if platform == "win" and _numbers(request.platform_version) < (10, 0, 19045):
            return (
                False,
                "outdated-windows",
                f"Update Windows to 22H2 or newer, then reconnect. ({request.connection_id})",
            )
        if _numbers(request.client_openvpn_version) < (2, 5):
            return _denied("outdated-openvpn", request)
        for shift, prefixes in padded:
            if address >> shift in prefixes:
                return _denied(prefixes[address >> shift], request)
        groups = {group.lower() for group in request.groups or ()}
        if not groups.isdisjoint(_STAFF):
            return True, "staff", ""
        if "contractors" in groups:
            for shift, prefixes in partners:
                if address >> shift in prefixes:
                    local = datetime.fromtimestamp(now, _BERLIN)
                    if local.weekday() < 5 and 7 <= local.hour < 20:
                        return True, "contractors", ""
        name = (request.common_name or "").lower()
        if _LAPTOP(name):
            return True, "laptops", ""
        alias = request.alias
        if alias == "admin" and "administrators" in groups:
            return True, "administration", ""
        if alias == "suppliers" and "suppliers" in groups:
            return True, "suppliers", ""
        if alias == "kiosks" and name in ("kiosk-01", "kiosk-02"):
            return True, "kiosks", ""
        user = users.get((request.username or "").lower())
        if user is not None:
            return True, user, ""
        for group in groups:
            if group in teams:
                return True, teams[group], ""
        return _denied(None, request)

    return decision


def allows(decided: Decided) -> bool:
    """Tell what was decided."""
    return decided[0]


def _denied(rule: str | None, request: Request) -> Decided:
    return False, rule, f"Access denied. Contact your administrator and quote {request.connection_id}."


def _numbers(version: str | None) -> tuple[int, ...]:
    """Return the leading numbers: clients send versions such as ``3.git:released`` too."""
    match = _VERSION(version or "")
    return tuple([int(number) for number in match[0].split(".")]) if match else ()


def _by_shift(networks: dict[str, str]) -> list[tuple[int, dict[int, str]]]:
    """File IPv4 prefixes by how many bits lie behind them."""
    tables: dict[int, dict[int, str]] = {}
    for network, name in networks.items():
        address, _, length = network.partition("/")
        shift = 32 - int(length)
        tables.setdefault(shift, {})[int.from_bytes(inet_pton(AF_INET, address), "big") >> shift] = name
    return list(tables.items())
