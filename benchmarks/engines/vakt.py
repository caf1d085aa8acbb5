"""vakt: one policy object for each of our rules, of ready-made and two own ``Rule`` classes, in its memory storage.

Its guard fits actions, subjects, resources and context in this order, and a policy that denies beats those that allow.
Its ``CIDR`` parses both sides in every comparison and its ``AnyIn`` takes lists alone and builds sets anew, so networks
and groups are rules of our own, which its documentation provides for; versions, weekday and minute are numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import vakt
from vakt import rules
from vakt.rules.base import Rule

from benchmarks.engines.translation import attributes, bounds, has_wildcard, hours, pattern, version_below
from connect_handler.contract.request import Request

DISTRIBUTION = "vakt"


class _Within(Rule):  # type: ignore[misc]
    """An address, as an integer, is in one of the networks."""

    def __init__(self, networks: list[str]) -> None:
        self.ranges = [bounds(network) for network in networks]

    def satisfied(self, what: int, inquiry: Any = None) -> bool:
        """Tell whether it is."""
        return any(first <= what <= last for first, last in self.ranges)


class _Shares(Rule):  # type: ignore[misc]
    """A set has one of the names."""

    def __init__(self, names: list[str]) -> None:
        self.names = frozenset(name.lower() for name in names)

    def satisfied(self, what: frozenset[str], inquiry: Any = None) -> bool:
        """Tell whether it has."""
        return not self.names.isdisjoint(what)


def prepare(policy: dict[str, Any]) -> Callable[[vakt.Inquiry], Any]:
    """Return the guard over all policies."""
    storage = vakt.MemoryStorage()
    for rule in policy["rules"]:
        storage.add(_policy(rule))
    return vakt.Guard(storage, vakt.RulesChecker()).is_allowed  # type: ignore[no-any-return]


def translate(request: Request, now: float) -> vakt.Inquiry:
    """Return the inquiry."""
    values = attributes(request, now)
    subject = {"username": values.pop("username"), "groups": frozenset(values.pop("groups"))}
    return vakt.Inquiry(subject=subject, action="connect", resource=values.pop("endpoint"), context=values)


def allows(answer: bool) -> bool:
    """Tell what was decided."""
    return answer


def _policy(rule: dict[str, Any]) -> vakt.Policy:
    conditions: dict[str, Rule] = {}
    for key, value in rule.get("when", {}).items():
        conditions |= _rules(key, value)
    for key, value in rule.get("unless", {}).items():
        conditions |= {name: rules.Not(made) for name, made in _rules(key, value).items()}
    resource = conditions.pop("endpoint", rules.Any())
    subject = {key: conditions.pop(key) for key in ("username", "groups") if key in conditions}
    return vakt.Policy(
        rule["name"],
        effect=vakt.ALLOW_ACCESS if rule["effect"] == "allow" else vakt.DENY_ACCESS,
        actions=[rules.Eq("connect")],
        subjects=[subject or rules.Any()],
        resources=[resource],
        context=conditions,
    )


def _rules(key: str, value: Any) -> dict[str, Rule]:
    match key:
        case "public_ip":
            return {key: _Within(value)}
        case "platform_version" | "client_openvpn_version":
            return {key: rules.Less(version_below(value))}
        case "time":
            days, start, end = hours(value)
            return {
                "weekday": rules.In(*days),
                "minute": rules.And(rules.GreaterOrEqual(start), rules.Less(end)),
            }
        case "groups":
            return {key: _Shares(value)}
        case "endpoint":
            return {key: rules.In(*value)}
        case _ if has_wildcard(value):
            return {key: rules.RegexMatch(pattern(value))}
        case _:
            return {key: rules.In(*(name.lower() for name in value))}
