"""The decision rules as plainly as they can be written: no index, no caching, one rule after the other.

It shares no code with the handler, and takes the documents as they are: the policy as a dict, the request as the event.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

Truth = bool | None
"""True, false, or unknown."""

Posture = tuple[list[str], list[str]]
"""Statuses that were assigned, and those that might have been: whose posture rules are unknown."""

EVIDENCE = "*evidence*"

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def kleene_and(values: list[Truth]) -> Truth:
    if False in values:
        return False
    return None if None in values else True


def kleene_not(value: Truth) -> Truth:
    return None if value is None else not value


def decide(
    policy: dict[str, Any],
    event: dict[str, Any],
    alias: str | None,
    now: float,
    evidence: dict[str, Any] | None = None,
) -> dict[str, Any]:
    event = {**event, EVIDENCE: evidence or {}}  # beside the fields of the request, which all have other names
    posture: list[str] = []
    possible: list[str] = []
    unknown: list[tuple[str, list[str]]] = []
    for number, rule in enumerate(policy.get("posture_rules") or []):
        value = applies(rule, event, alias, now, ([], []))
        if value is True and rule["status"] not in posture:
            posture.append(rule["status"])
        if value is None:
            unknown.append((f"posture_rules[{number}]", unknowns(rule, event, alias, now, ([], []))))
            possible.append(rule["status"])
    if not posture and policy.get("default_posture_status"):
        posture.append(policy["default_posture_status"])

    applying = []
    for rule in policy["rules"]:
        value = applies(rule, event, alias, now, (posture, possible))
        if value is None:
            unknown.append((rule["name"], unknowns(rule, event, alias, now, (posture, possible))))
        if value is True or (value is None and rule["effect"] == "deny"):
            applying.append(rule)

    unclear = [name for name, _ in unknown]
    making_room = [rule for rule in applying if rule.get("end_oldest") and rule["name"] not in unclear]
    enforced = [rule for rule in applying if not rule.get("shadow")]
    shadows = [rule["name"] for rule in applying if rule.get("shadow")]
    deciding = [rule for rule in enforced if rule not in making_room]
    decision = outcome(deciding)
    denier: dict[str, Any] = next((rule for rule in deciding if rule["effect"] == "deny"), {})
    ends: list[str] = []
    if decision["effect"] == "allow":
        for rule in making_room:
            limit = rule["when"]["sessions"]
            others = event[EVIDENCE]["sessions"][limit["by"]]
            for one in others[: len(others) - limit["at_least"] + 1]:
                if not rule.get("shadow") and one not in ends:
                    ends.append(one)
    message = ""
    if decision["effect"] == "deny":
        template = denier.get("message") or policy["default_deny_message"]
        message = expand(template, event, decision["rule"] or decision["reason"])
    return {
        **decision,
        "applied": [rule["name"] for rule in enforced],
        "posture": posture,
        "unknown": unknown,
        "message": message,
        "ends": ends,
        "shadow": outcome([rule for rule in applying if rule not in making_room]) | {"applied": shadows}
        if shadows
        else None,
    }


def outcome(rules: list[dict[str, Any]]) -> dict[str, Any]:
    for rule in rules:
        if rule["effect"] == "deny":
            return {"effect": "deny", "reason": "explicit-deny", "rule": rule["name"]}
    for rule in rules:
        return {"effect": "allow", "reason": "allow-rule", "rule": rule["name"]}
    return {"effect": "deny", "reason": "implicit-deny", "rule": None}


def applies(rule: dict[str, Any], event: dict[str, Any], alias: str | None, now: float, posture: Posture) -> Truth:
    when = kleene_and([holds(key, value, event, alias, now, posture) for key, value in rule.get("when", {}).items()])
    if "unless" not in rule:
        return when
    unless = kleene_and([holds(key, value, event, alias, now, posture) for key, value in rule["unless"].items()])
    return kleene_and([when, kleene_not(unless)])


def unknowns(rule: dict[str, Any], event: dict[str, Any], alias: str | None, now: float, posture: Posture) -> list[str]:
    """Name the conditions that are unknown; those of an `unless` only where it is unknown as a whole."""
    found = []
    for block in ("when", "unless"):
        values = {key: holds(key, value, event, alias, now, posture) for key, value in rule.get(block, {}).items()}
        if kleene_and(list(values.values())) is None:
            found += [f"{block}.{key}" for key, value in values.items() if value is None]
    return found


def holds(key: str, wanted: Any, event: dict[str, Any], alias: str | None, now: float, posture: Posture) -> Truth:
    if key == "endpoint":
        return alias in wanted or event["endpoint-id"] in wanted
    if key == "posture":
        assigned, possible = posture
        if any(status in wanted for status in assigned):
            return True
        return None if any(status in wanted for status in possible) else False
    if key == "time":
        return in_time(wanted, now)
    if key == "device":
        return device(wanted, event, now)
    if key == "sessions":
        return sessions(wanted, event)
    field = "groups" if key == "all_groups" else key.replace("_", "-")
    if field not in event:
        return None
    seen = event[field]
    if key == "groups":
        return any(matches(pattern, group) for pattern in wanted for group in seen)
    if key == "all_groups":
        return all(fold(name) in [fold(group) for group in seen] for name in wanted)
    if key == "public_ip":
        return in_networks(wanted, seen)
    if key.endswith("_version"):
        return satisfies(wanted, seen)
    return any(matches(pattern, seen) for pattern in wanted)


def device(wanted: dict[str, Any], event: dict[str, Any], now: float) -> Truth:
    if "common-name" not in event:
        return None
    record = None
    if event["common-name"]:
        if "device" not in event[EVIDENCE]:
            return None
        record = event[EVIDENCE]["device"]
    if record and "expires_at" in record and now >= datetime.fromisoformat(record["expires_at"]).timestamp():
        record = None
    if record is None:
        return wanted.get("registered") is False
    if wanted.get("registered") is False:
        return False
    if "max_age_hours" in wanted:
        if "updated_at" not in record:
            return None
        age = now - datetime.fromisoformat(record["updated_at"]).timestamp()
        if age > wanted["max_age_hours"] * 3600 or age < -24 * 3600:
            return None
    values: list[Truth] = []
    if "status" in wanted:
        values.append(matches_one(wanted["status"], record.get("status")))
    if "owner_is_user" in wanted:
        user, owner = event.get("username"), record.get("owner")
        values.append(None if user is None or owner is None else (fold(user) == fold(owner)) == wanted["owner_is_user"])
    for name, patterns in wanted.get("attributes", {}).items():
        values.append(matches_one(patterns, record.get("attributes", {}).get(name)))
    return kleene_and(values)


def matches_one(patterns: list[str], text: str | None) -> Truth:
    return None if text is None else any(matches(pattern, text) for pattern in patterns)


def sessions(wanted: dict[str, Any], event: dict[str, Any]) -> Truth:
    name = event.get(wanted["by"].replace("_", "-"))
    if name is None:
        return None
    if name == "":
        return False
    others = event[EVIDENCE].get("sessions", {}).get(wanted["by"])
    return None if others is None else len(others) >= wanted["at_least"]


def matches(pattern: str, text: str) -> bool:
    wildcards = {"*": ".*", "?": "."}
    expression = "".join(wildcards.get(character) or re.escape(character) for character in fold(pattern))
    return re.fullmatch(expression, fold(text), re.DOTALL) is not None


def fold(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def in_networks(networks: list[str], text: str) -> Truth:
    try:
        address = plain_ipv4(ipaddress.ip_address(text))
    except ValueError:
        return None
    for network in map(ipaddress.ip_network, networks):
        if address.version == network.version and address in network:
            return True
    return False


def plain_ipv4(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return getattr(address, "ipv4_mapped", None) or address


def satisfies(constraint: str, text: str) -> Truth:
    found = re.match(r"\d+(\.\d+)*", text, re.ASCII)
    if not found:
        return None
    version = padded(found[0])
    results = []
    for part in constraint.split(","):
        match = re.fullmatch(r"\s*([=!<>~]*)\s*([\d.]+)\s*", part)
        assert match
        operator, wanted = match[1], padded(match[2])
        if operator == "~>":
            numbers = [int(number) for number in match[2].split(".")]
            upper = padded(".".join(map(str, [*numbers[:-2], numbers[-2] + 1])))
            results.append(wanted <= version < upper)
        else:
            results.append(
                {
                    "": version == wanted,
                    "=": version == wanted,
                    "!=": version != wanted,
                    ">": version > wanted,
                    ">=": version >= wanted,
                    "<": version < wanted,
                    "<=": version <= wanted,
                }[operator]
            )
    return all(results)


def padded(text: str) -> list[int]:
    numbers = [int(number) for number in text.split(".")]
    return numbers + [0] * (8 - len(numbers))


def in_time(wanted: dict[str, Any], now: float) -> bool:
    # Rounded down: a moment before midnight is not midnight.
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(Fraction(now) * 1_000_000))
    if "not_before" in wanted and moment < datetime.fromisoformat(wanted["not_before"]):
        return False
    if "not_after" in wanted and moment >= datetime.fromisoformat(wanted["not_after"]):
        return False
    local = moment.astimezone(ZoneInfo(wanted.get("timezone", "UTC")))
    today, yesterday = DAYS[local.weekday()], DAYS[(local.date() - timedelta(days=1)).weekday()]
    days = wanted.get("days", DAYS)
    if "start" not in wanted:
        return today in days
    clock, start, end = local.strftime("%H:%M"), wanted["start"], wanted["end"]
    if start < end:
        return today in days and start <= clock < end
    return (today in days and clock >= start) or (yesterday in days and clock < end)


def expand(template: str, event: dict[str, Any], rule: str) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] == "rule":
            return rule
        text = str(event.get(match[1].replace("_", "-"), ""))
        return "".join(character if character.isprintable() else " " for character in text)

    message = re.sub(r"\{([a-z_]+)\}", value, template)
    return message if len(message) <= 255 else message[:254] + "…"
