"""Whether one condition holds wherever another one does.

Answers are certain or no: what cannot be told counts as "no". They rest on what the values of a condition mean, so
each kind of value has a function here. Values are those of a valid policy.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from connect_handler.facts.text import fold
from connect_handler.facts.times import parse_instant
from connect_handler.policy.conditions.schedule import DAYS
from connect_handler.policy.conditions.versions import parse_constraint

Block = dict[str, Any]
"""A ``when`` or an ``unless``: values by condition key."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_ALL_DAY = ("00:00", "24:00")


def block_implies(block: Block, other: Block) -> bool:
    """Tell whether all conditions of ``other`` hold where those of ``block`` do; an empty block always holds."""
    return all(_implied_by(block, key, value) for key, value in other.items())


def is_contradictory(block: Block) -> str | None:
    """Return the key of a condition of the block that can never hold, or None."""
    for key, value in block.items():
        if key.endswith("_version") and not any(map(_satisfies(value), _points(value))):
            return key
        if key == "time" and _ends(value) <= _begins(value):
            return key
    return None


def has_ended(block: Block, now: float) -> bool:
    """Tell whether the block has a period that is over."""
    return "time" in block and _ends(block["time"]) <= now


def _implied_by(block: Block, key: str, value: Any) -> bool:
    if key in block and _IMPLIES.get(key, _are_equal)(block[key], value):
        return True
    # Who is in all of some groups is in each of them.
    return key == "groups" and "all_groups" in block and any(_is_covered(name, value) for name in block["all_groups"])


def _are_equal(value: Any, other: Any) -> bool:
    return bool(value == other)


# --- patterns and names ----------------------------------------------------------------------------------------------


def _patterns_imply(value: list[str], other: list[str]) -> bool:
    return all(_is_covered(pattern, other) for pattern in value)


def _is_covered(pattern: str, others: list[str]) -> bool:
    """Tell whether one of the other patterns matches every text that the pattern matches."""
    return any(_covers(other, pattern) for other in others)


@cache
def _covers(wide: str, narrow: str) -> bool:
    """Tell whether ``wide`` matches every text that ``narrow`` matches.

    Both are followed through all texts at once: by where ``narrow`` is in itself, and by all the places where ``wide``
    can be in itself then. Letters in neither of them are all alike, so that one stands for them.
    """
    wide, narrow = fold(wide), fold(narrow)
    if wide in (narrow, "*"):
        return True
    if not {"*", "?"}.intersection(wide):  # it matches itself alone
        return False
    letters = set(wide + narrow) - set("*?") | {""}
    start = (0, _settled(wide, {0}))
    seen = {start}
    waiting = [start]
    while waiting:
        position, places = waiting.pop()
        if position == len(narrow):
            if len(wide) not in places:
                return False
            continue
        sign = narrow[position]
        steps = {(position + 1, places)} if sign == "*" else set()
        for letter in letters if sign in "*?" else {sign}:
            steps.add((position if sign == "*" else position + 1, _stepped(wide, places, letter)))
        waiting += steps - seen
        seen |= steps
    return True


def _settled(wide: str, places: set[int]) -> frozenset[int]:
    """Add the places behind each ``*``, which can stand for nothing."""
    settled = set(places)
    for place in sorted(places):
        while place < len(wide) and wide[place] == "*":
            place += 1
            settled.add(place)
    return frozenset(settled)


def _stepped(wide: str, places: frozenset[int], letter: str) -> frozenset[int]:
    stepped = {place for place in places if wide[place : place + 1] == "*"}
    stepped |= {place + 1 for place in places if place < len(wide) and wide[place] in ("?", letter)}
    return _settled(wide, stepped)


def _names_imply(value: list[str], other: list[str]) -> bool:
    return set(value) <= set(other)


def _all_groups_imply(value: list[str], other: list[str]) -> bool:
    return set(map(fold, other)) <= set(map(fold, value))


# --- versions --------------------------------------------------------------------------------------------------------

_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_Point = tuple[float, ...]


def _points(*constraints: str) -> list[_Point]:
    """Return versions, one of each stretch between the numbers in the constraints, and those numbers themselves.

    A constraint says the same of all versions of such a stretch, so these stand for all versions that there are.
    """
    points: list[_Point] = [(0,)]
    for constraint in constraints:
        for text in _NUMBERS.findall(constraint):
            parts = [int(part) for part in text.split(".")]
            upper = [*parts[:-2], parts[-2] + 1] if len(parts) > 1 else parts  # of ~>
            for numbers in (parts, upper):
                while len(numbers) > 1 and not numbers[-1]:
                    numbers = numbers[:-1]
                above = (*numbers, *[0] * 12, 1)
                below = (*numbers[:-1], numbers[-1] - 1, float("inf"))
                points += [tuple(numbers), above] + ([below] if numbers[-1] else [])
    return points


def _satisfies(constraint: str) -> Callable[[_Point], bool]:
    checks: list[tuple[Callable[[Any, Any], bool], Any]] = list(parse_constraint(constraint) or [])
    return lambda version: all(compare(version, limit) for compare, limit in checks)


def _constraints_imply(value: str, other: str) -> bool:
    holds, other_holds = _satisfies(value), _satisfies(other)
    return all(other_holds(point) for point in _points(value, other) if holds(point))


# --- networks --------------------------------------------------------------------------------------------------------


def _networks_imply(value: list[str], other: list[str]) -> bool:
    wide = collapse_networks(tuple(other))
    return all(
        any(network.version == another.version and network.subnet_of(another) for another in wide)  # type: ignore[arg-type]
        for network in collapse_networks(tuple(value))
    )


@cache
def collapse_networks(texts: tuple[str, ...]) -> list[Network]:
    """Return as few networks as hold the same addresses; an IPv4-mapped network is its IPv4 network."""
    networks = [_network(text) for text in texts]
    v4 = [network for network in networks if isinstance(network, ipaddress.IPv4Network)]
    v6 = [network for network in networks if isinstance(network, ipaddress.IPv6Network)]
    return [*ipaddress.collapse_addresses(v4), *ipaddress.collapse_addresses(v6)]


def _network(text: str) -> Network:
    network = ipaddress.ip_network(text)
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return ipaddress.IPv4Network((mapped, network.prefixlen - 96))
    return network


# --- times -----------------------------------------------------------------------------------------------------------


def _times_imply(value: dict[str, Any], other: dict[str, Any]) -> bool:
    if _begins(value) < _begins(other) or _ends(value) > _ends(other):
        return False
    if not other.keys() & {"days", "start"}:
        return True
    if value.get("timezone", "UTC") != other.get("timezone", "UTC"):
        return False
    days, other_days = set(value.get("days", DAYS)), set(other.get("days", DAYS))
    hours = (value.get("start", _ALL_DAY[0]), value.get("end", _ALL_DAY[1]))
    other_hours = (other.get("start", _ALL_DAY[0]), other.get("end", _ALL_DAY[1]))
    if not days <= other_days:
        return False
    if hours == other_hours:
        return True
    # Hours that span midnight belong to two days; of those only equal ones are known to lie in one another.
    same_day = hours[0] < hours[1] and other_hours[0] < other_hours[1]
    return bool(same_day and other_hours[0] <= hours[0] and hours[1] <= other_hours[1])


def _begins(time: dict[str, Any]) -> float:
    return parse_instant(time["not_before"]) if "not_before" in time else float("-inf")


def _ends(time: dict[str, Any]) -> float:
    return parse_instant(time["not_after"]) if "not_after" in time else float("inf")


def _device_implies(value: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell whether what one says of a device is all that another one says; for one record, both are known or neither.

    So both have to agree on when a record is too old, which makes all of it unknown.
    """
    if value.get("max_age_hours") != other.get("max_age_hours"):
        return False
    registered = value.get("registered", True)
    if registered != other.get("registered", True):
        return False
    if "owner_is_user" in other and value.get("owner_is_user") is not other["owner_is_user"]:
        return False
    wanted = device_patterns(value)
    return all(key in wanted and _patterns_imply(wanted[key], names) for key, names in device_patterns(other).items())


def device_patterns(value: dict[str, Any]) -> dict[tuple[str, ...], list[str]]:
    """Return the patterns of a device condition by what they are compared with."""
    patterns = {("attributes", name): texts for name, texts in value.get("attributes", {}).items()}
    return patterns | ({("status",): value["status"]} if "status" in value else {})


def _sessions_imply(value: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(value["by"] == other["by"] and value["at_least"] >= other["at_least"])


_IMPLIES: dict[str, Callable[[Any, Any], bool]] = {
    "all_groups": _all_groups_imply,
    "aws_client_version": _constraints_imply,
    "client_openvpn_version": _constraints_imply,
    "common_name": _patterns_imply,
    "device": _device_implies,
    "endpoint": _names_imply,
    "groups": _patterns_imply,
    "platform": _patterns_imply,
    "platform_version": _constraints_imply,
    "posture": _names_imply,
    "public_ip": _networks_imply,
    "sessions": _sessions_imply,
    "time": _times_imply,
    "username": _patterns_imply,
}
