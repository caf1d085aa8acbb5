"""Cedar, AWS's policy language, by its Rust implementation: ``permit`` and ``forbid`` policies, one for each rule.

The policy set is parsed once. The user is an entity in its groups, made for each request, since it is the request that
tells the groups; addresses are of Cedar's own type ``ipaddr``, and a ``forbid`` beats every ``permit``. Cedar compares
text with case and has neither versions nor time zones, so the context has folded text, numbers, weekday and minute.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import cedarpy

from benchmarks.engines.translation import hours, local_time, terms, version, version_below
from connect_handler.contract.request import Request

DISTRIBUTION = "cedarpy"

_CONNECT = {"type": "Action", "id": "connect"}


def prepare(policy: dict[str, Any]) -> Callable[[tuple[dict[str, Any], str]], cedarpy.AuthzResult]:
    """Return the function that authorizes by the parsed policy set."""
    policies = cedarpy.PolicySet.from_str("\n".join(map(_policy, policy["rules"])))
    return lambda asked: cedarpy.is_authorized(asked[0], policies, asked[1])


def translate(request: Request, now: float) -> tuple[dict[str, Any], str]:
    """Return the authorization request and its entities."""
    user = {"type": "User", "id": (request.username or "").lower()}
    weekday, minute = local_time(now)
    asked = {
        "principal": user,
        "action": _CONNECT,
        "resource": {"type": "Endpoint", "id": request.alias or ""},
        "context": {
            "public_ip": {"__extn": {"fn": "ip", "arg": request.public_ip or ""}},
            "platform": (request.platform or "").lower(),
            "platform_version": version(request.platform_version),
            "client_openvpn_version": version(request.client_openvpn_version),
            "common_name": (request.common_name or "").lower(),
            "weekday": weekday,
            "minute": minute,
        },
    }
    groups = [{"type": "Group", "id": group.lower()} for group in request.groups or ()]
    return asked, json.dumps([{"uid": user, "attrs": {}, "parents": groups}])


def allows(answer: cedarpy.AuthzResult) -> bool:
    """Tell what was decided; what could not be evaluated is not allowed."""
    return bool(answer.allowed)


def _policy(rule: dict[str, Any]) -> str:
    """Return a rule as a policy; who and where to stands in its scope if it is just one, else in its conditions."""
    conditions = dict(rule.get("when", {}))
    principal, resource = "principal", "resource"
    if len(conditions.get("username", ())) == 1:
        principal += f" == {_entity('User', conditions.pop('username')[0])}"
    elif len(conditions.get("groups", ())) == 1:
        principal += f" in {_entity('Group', conditions.pop('groups')[0])}"
    if len(conditions.get("endpoint", ())) == 1:
        resource += f" == Endpoint::{json.dumps(conditions.pop('endpoint')[0])}"
    effect = "permit" if rule["effect"] == "allow" else "forbid"
    condition = terms({**rule, "when": conditions}, _term, " && ", "!")
    scope = f'@id({json.dumps(rule["name"])}) {effect} ({principal}, action == Action::"connect", {resource})'
    return f"{scope} when {{ {condition} }};" if condition else f"{scope};"


def _term(key: str, value: Any) -> str:
    match key:
        case "public_ip":
            return f"({' || '.join(f'context.public_ip.isInRange(ip({json.dumps(network)}))' for network in value)})"
        case "platform_version" | "client_openvpn_version":
            return f"context.{key} < {version_below(value)}"
        case "time":
            days, start, end = hours(value)
            return f"{days}.contains(context.weekday) && context.minute >= {start} && context.minute < {end}"
        case "groups":
            return f"principal in [{', '.join(_entity('Group', name) for name in value)}]"
        case _:
            return f"({' || '.join(f'context.{key} like {json.dumps(name.lower())}' for name in value)})"


def _entity(kind: str, name: str) -> str:
    return f"{kind}::{json.dumps(name.lower())}"
