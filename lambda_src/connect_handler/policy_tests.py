"""Test cases of a policy: a request, and the expected decision.

A case expects an effect. It may also expect a reason, a rule, posture compliance statuses and a message: a denial for
another reason than the expected one is then a failure.
"""

from __future__ import annotations

import json
from typing import Any

from connect_handler.contract.request import DEFAULT_SCHEMA_VERSION, FIELDS, InvalidRequest, Request
from connect_handler.decision.evaluate import ALLOW_RULE, EXPLICIT_DENY, IMPLICIT_DENY, Decision, evaluate
from connect_handler.facts.evidence import Evidence
from connect_handler.policy.conditions.schedule import read_instant
from connect_handler.policy.model import ALLOW, DENY, Policy
from connect_handler.policy.problems import Path, Problems, describe, one_of

CASE_KEYS = ("at", "endpoint", "evidence", "expect", "name", "request")
EXPECT_KEYS = ("effect", "message", "posture", "reason", "rule")
REASONS = (ALLOW_RULE, EXPLICIT_DENY, IMPLICIT_DENY)

NEWEST_SCHEMA_VERSION = "v3"

EXAMPLE_CONNECTION_ID = "cvpn-connection-00000000000000000"
EXAMPLE_ENDPOINT_ID = "cvpn-endpoint-00000000000000000"

_LACKING: dict[str, tuple[str, ...]] = {
    "v1": ("groups", "aws-client-version"),
    DEFAULT_SCHEMA_VERSION: ("aws-client-version",),
}
"""Fields that older schema versions lack."""


class Case:
    """One test case.

    ``at`` is in seconds since 1970-01-01 UTC, None for the time of the run. ``expect`` has the ``effect``, and any of
    ``reason``, ``rule``, ``posture`` and ``message``. Without ``evidence``, all evidence is unknown.
    """

    def __init__(
        self, name: str, request: Request, at: float | None, expect: dict[str, Any], evidence: Evidence | None = None
    ) -> None:
        self.name = name
        self.request = request
        self.evidence = evidence
        self.at = at
        self.expect = expect

    def run(self, policy: Policy, now: float) -> tuple[Decision, list[tuple[str, Any, Any]]]:
        """Evaluate the policy at ``now``, or at the time of the case.

        Return the decision, and each key of ``expect`` that it differs in, with the expected and the actual value.
        """
        decision = evaluate(policy, self.request, now if self.at is None else self.at, self.evidence)
        actual = _outcome(decision)
        return decision, [(key, value, actual[key]) for key, value in self.expect.items() if value != actual[key]]

    def result(self, policy: Policy, now: float) -> dict[str, Any]:
        """Run the case, and return the result as JSON.

        It has ``name``, ``passed``, ``differences`` (each with ``key``, ``expected`` and ``came``), and the decision's
        ``effect``, ``reason``, ``rule``, ``posture`` and ``message``.
        """
        decision, differences = self.run(policy, now)
        return {
            "name": self.name,
            "passed": not differences,
            "differences": [{"key": key, "expected": value, "came": actual} for key, value, actual in differences],
            **_outcome(decision),
        }


def _outcome(decision: Decision) -> dict[str, Any]:
    return {
        "effect": decision.effect,
        "reason": decision.reason,
        "rule": decision.rule,
        "posture": decision.posture,
        "message": decision.message,
    }


def describe_difference(difference: dict[str, Any]) -> str:
    """Describe a difference of a result: ``effect: expected "allow", came "deny"``."""
    expected, actual = (json.dumps(difference[key], ensure_ascii=False) for key in ("expected", "came"))
    return f"{difference['key']}: expected {expected}, came {actual}"


def complete_event(fields: dict[str, Any]) -> dict[str, Any]:
    """Return an event with the given fields, and every other field of its schema version empty, as Client VPN sends it.

    The default schema version is the newest. The default ids of connection and endpoint are examples.
    """
    version = fields.get("schema-version", NEWEST_SCHEMA_VERSION)
    lacking = _LACKING.get(version, ()) if isinstance(version, str) else ()
    event: dict[str, Any] = {field: "" for field in FIELDS if field not in lacking}
    if "groups" in event:
        event["groups"] = []
    event["connection-id"] = EXAMPLE_CONNECTION_ID
    event["endpoint-id"] = EXAMPLE_ENDPOINT_ID
    event["schema-version"] = version
    return event | fields


def read_cases(value: Any) -> tuple[list[Case], Problems]:
    """Read the value of ``policy_tests``: return the valid cases, and the problems of the others."""
    problems = Problems({"policy_tests": value})
    cases: list[Case] = []
    if not isinstance(value, list):
        problems.add(("policy_tests",), f"is {describe(value)}", "write a list of test cases")
        return cases, problems
    names: dict[str, int] = {}
    for position, element in enumerate(value):
        path: Path = ("policy_tests", position)
        if not isinstance(element, dict):
            problems.add(path, f"is {describe(element)}", "write an object with name, request and expect")
            continue
        case = _read_case(element, names, path, problems)
        if case is not None:
            cases.append(case)
    return cases, problems


def _read_case(element: dict[str, Any], names: dict[str, int], path: Path, problems: Problems) -> Case | None:
    """Return a case, or None with a problem; ``names`` has the positions of the cases before."""
    before = len(problems)
    for key in element:
        if key not in CASE_KEYS:
            problems.add_unknown_key(path, key, CASE_KEYS)
    name = element.get("name")
    position: Any = path[1]
    if not isinstance(name, str) or not name:
        problems.add((*path, "name"), f"is {describe(name)}", "write one that no other test case has")
    elif names.setdefault(name, position) != position:
        what = f"is {describe(name)}, as that of policy_tests[{names[name]}]"
        problems.add((*path, "name"), what, "write one that no other test case has")
    endpoint = element.get("endpoint")
    if endpoint is not None and (not isinstance(endpoint, str) or not endpoint):
        problems.add((*path, "endpoint"), f"is {describe(endpoint)}", "write an endpoint's key")
    request = _request(element.get("request"), endpoint, (*path, "request"), problems)
    at = None if element.get("at") is None else read_instant(element["at"], (*path, "at"), problems)
    evidence = _evidence(element.get("evidence"), request, (*path, "evidence"), problems)
    expect = _expect(element.get("expect"), (*path, "expect"), problems)
    if request is None or len(problems) > before:
        return None
    return Case(str(name), request, at, expect, evidence)


def _request(value: Any, endpoint: Any, path: Path, problems: Problems) -> Request | None:
    if not isinstance(value, dict):
        problems.add(path, f"is {describe(value)}", 'write an object such as { username = "anna", groups = ["staff"] }')
        return None
    before = len(problems)
    for field in value:
        if field not in FIELDS:
            problems.add_unknown_key(path, field, FIELDS)
    if len(problems) > before:
        return None
    try:
        return Request(complete_event(value), endpoint)
    except InvalidRequest as error:
        problems.add(path, f"is not valid: {error}", "write it as Client VPN sends it")
        return None


def _evidence(value: Any, request: Request | None, path: Path, problems: Problems) -> Evidence | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        problems.add(path, f"is {describe(value)}", 'write an object such as { device = { status = "compliant" } }')
        return None
    try:
        return Evidence.from_document(value, None if request is None else request.common_name)
    except ValueError as error:
        what, _, instead = str(error).partition("; ")
        problems.add(path, what, instead)
        return None


def _expect(value: Any, path: Path, problems: Problems) -> dict[str, Any]:
    if not isinstance(value, dict):
        problems.add(path, f"is {describe(value)}", 'write an object such as { effect = "allow", rule = "staff" }')
        return {}
    for key in value:
        if key not in EXPECT_KEYS:
            problems.add_unknown_key(path, key, EXPECT_KEYS)
    if value.get("effect") not in (ALLOW, DENY):
        problems.add((*path, "effect"), f"is {describe(value.get('effect'))}", 'write "allow" or "deny"')
    if "reason" in value and value["reason"] not in REASONS:
        reason = value["reason"]
        advice = one_of(reason, REASONS) if isinstance(reason, str) else "write one of " + ", ".join(REASONS)
        problems.add((*path, "reason"), f"is {describe(reason)}", advice)
    rule = value.get("rule")
    if rule is not None and not isinstance(rule, str):
        problems.add((*path, "rule"), f"is {describe(rule)}", "write a rule's name, or null for no rule")
    message = value.get("message", "")
    if not isinstance(message, str):
        problems.add((*path, "message"), f"is {describe(message)}", "write the text that the user should be shown")
    posture = value.get("posture", [])
    if not isinstance(posture, list) or not all(isinstance(status, str) for status in posture):
        problems.add((*path, "posture"), f"is {describe(posture)}", "write a list of statuses, in their order")
    return value
