"""Rego by Microsoft's rego-cpp, a bundle built once: rules in Rego, and as data what is only a table.

OPA's documentation advises to look things up in objects rather than to search. So what depends on nothing but the user,
a group or the network is in ``data``, and one rule in Rego reads each table; a body for each of our rules takes six
times as long at 1000 rules. rego-cpp has no ``net.cidr_contains``, its ``semver`` wants three numbers, and its ``time``
depends on how it was built, so these are translated to integers.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from regopy import Input, Interpreter, Output

from benchmarks.engines.translation import (
    attributes,
    bounds,
    has_wildcard,
    hours,
    literals,
    pattern,
    version_below,
)
from connect_handler.contract.request import Request

DISTRIBUTION = "regopy"

_MODULE = """package policy
import rego.v1
default allow := false
allow if {
    permitted
    not denied
}
permitted if data.users[input.username]
permitted if {
    some group in input.groups
    data.groups[group]
}
denied if {
    some network in data.networks
    network[0] <= input.public_ip
    input.public_ip <= network[1]
}
"""


def prepare(policy: dict[str, Any]) -> Callable[[Input], Output]:
    """Return the function that queries the bundle."""
    module = _MODULE
    users: dict[str, bool] = {}
    groups: dict[str, bool] = {}
    networks: list[tuple[int, int]] = []
    for rule in policy["rules"]:
        match rule:
            case {"effect": "allow", "when": {"username": names, **others}} if not others and "unless" not in rule:
                users |= {name.lower(): True for name in names}
            case {"effect": "allow", "when": {"groups": names, **others}} if not others and "unless" not in rule:
                groups |= {name.lower(): True for name in names}
            case {"effect": "deny", "when": {"public_ip": prefixes, **others}} if not others and "unless" not in rule:
                networks += map(bounds, prefixes)
            case _:
                module += _rule(rule)
    interpreter = Interpreter()
    interpreter.add_data({"users": users, "groups": groups, "networks": networks})
    interpreter.add_module("policy", module)
    bundle = interpreter.build(None, ["policy/allow"])

    def decide(asked: Input) -> Output:
        interpreter.set_input(asked)
        return interpreter.query_bundle_entrypoint(bundle, "policy/allow")

    return decide


def translate(request: Request, now: float) -> Input:
    """Return the input document, built in memory rather than as JSON."""
    return Input(attributes(request, now))


def allows(answer: Output) -> bool:
    """Tell what was decided."""
    return bool(answer.ok() and answer.results[0].expressions == [True])


def _rule(rule: dict[str, Any]) -> str:
    """Return a rule in Rego; what it excepts is another one, since ``not`` takes no more than one expression."""
    head = "permitted" if rule["effect"] == "allow" else "denied"
    body = [_term(key, value) for key, value in rule.get("when", {}).items()]
    if "unless" not in rule:
        return _if(head, body)
    excepted = f"excepted_{rule['name'].replace('-', '_')}"
    exceptions = [_term(key, value) for key, value in rule["unless"].items()]
    return _if(excepted, exceptions) + _if(head, [*body, f"not {excepted}"])


def _if(head: str, body: list[str]) -> str:
    return "\n".join([f"{head} if {{", *body, "}", ""])


def _term(key: str, value: Any) -> str:
    match key:
        case "public_ip":
            ranges = json.dumps([bounds(network) for network in value])
            return f"some network in {ranges}\nnetwork[0] <= input.public_ip\ninput.public_ip <= network[1]"
        case "platform_version" | "client_openvpn_version":
            return f"input.{key} < {version_below(value)}"
        case "time":
            days, start, end = hours(value)
            return f"input.weekday in {days}\ninput.minute >= {start}\ninput.minute < {end}"
        case "groups":
            return f"some group in input.groups\ngroup in {{{', '.join(literals(key, value))}}}"
        case _ if has_wildcard(value):
            return f"regex.match({json.dumps(pattern(value))}, input.{key})"
        case _:
            return f"input.{key} in {{{', '.join(literals(key, value))}}}"
