"""The indexed evaluation decides as the plain reference does: on everything that a decision says."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_handler.contract.request import Request
from connect_handler.decision.evaluate import Decision, Outcome, evaluate
from connect_handler.decision.index import Index
from connect_handler.decision.required_evidence import policy_evidence, required_evidence
from connect_handler.facts.evidence import Evidence
from connect_handler.facts.facts import Facts
from connect_handler.policy.conditions.base import Condition
from connect_handler.policy.conditions.registry import CONDITION_KEYS
from connect_handler.policy.document import read_policy
from connect_handler.policy.model import Rule
from connect_handler.policy_tests import complete_event
from tests.examples import examples

from . import reference
from .strategies import (
    ALIASES,
    CONDITIONS,
    EVIDENCE,
    EVIDENCE_CONDITIONS,
    MOMENTS,
    policies,
    policies_with_many_unknowns,
    requests,
)


def described(outcome: Decision | Outcome) -> dict[str, Any]:
    return {
        "effect": "allow" if outcome.allow else "deny",
        "reason": outcome.reason,
        "rule": outcome.rule,
        "applied": outcome.applied,
    }


def told(decision: Decision) -> dict[str, Any]:
    return {
        **described(decision),
        "posture": decision.posture,
        "unknown": decision.unknown,
        "message": decision.message,
        "ends": decision.ends,
        "shadow": decision.shadow and described(decision.shadow),
    }


def test_every_condition_is_in_generated_policies() -> None:
    assert CONDITIONS.keys() | EVIDENCE_CONDITIONS.keys() == set(CONDITION_KEYS)


@examples(15)
@given(document=policies(), event=requests(), alias=ALIASES, now=MOMENTS)
def test_every_decision_is_that_of_the_reference(
    document: dict[str, Any], event: dict[str, Any], alias: str | None, now: float
) -> None:
    decision = evaluate(read_policy(json.dumps(document)), Request(event, alias), now)
    assert told(decision) == reference.decide(document, event, alias, now)


def known(evidence: dict[str, Any]) -> Evidence:
    return Evidence.from_document(evidence)


@examples(6)
@given(document=policies(with_evidence=True), event=requests(), alias=ALIASES, now=MOMENTS, evidence=EVIDENCE)
def test_every_decision_with_evidence_is_that_of_the_reference(
    document: dict[str, Any], event: dict[str, Any], alias: str | None, now: float, evidence: dict[str, Any]
) -> None:
    policy, request = read_policy(json.dumps(document)), Request(event, alias)
    for some in (evidence, {"device": evidence["device"]}, {"sessions": evidence["sessions"]}, {}):
        decision = evaluate(policy, request, now, known(some))
        assert told(decision) == reference.decide(document, event, alias, now, some)


@examples(6)
@given(document=policies(with_evidence=True), event=requests(), alias=ALIASES, now=MOMENTS, evidence=EVIDENCE)
def test_the_evidence_that_is_needed_is_all_that_the_outcome_depends_on(
    document: dict[str, Any], event: dict[str, Any], alias: str | None, now: float, evidence: dict[str, Any]
) -> None:
    policy, request = read_policy(json.dumps(document)), Request(event, alias)
    keys = required_evidence(policy, request, now)
    assert keys <= policy_evidence(policy)
    only: dict[str, Any] = {"sessions": {by: ids for by, ids in evidence["sessions"].items() if by in keys}}
    if "device" in keys:
        only["device"] = evidence["device"]
    assert outcome(evaluate(policy, request, now, known(only))) == outcome(
        evaluate(policy, request, now, known(evidence))
    )


@examples(20)
@given(document=policies_with_many_unknowns(), evidence=EVIDENCE, platform=st.sampled_from(["win", "mac", ""]))
def test_required_evidence_is_enough_if_several_conditions_are_unknown(
    document: dict[str, Any], evidence: dict[str, Any], platform: str
) -> None:
    policy = read_policy(json.dumps(document))
    request = Request(complete_event({"common-name": "laptop-1", "username": "anna", "platform": platform}))
    keys = required_evidence(policy, request, 0)
    required: dict[str, Any] = {"sessions": {by: ids for by, ids in evidence["sessions"].items() if by in keys}}
    if "device" in keys:
        required["device"] = evidence["device"]
    with_required, with_all = (evaluate(policy, request, 0, known(one)) for one in (required, evidence))
    assert outcome(with_required) == outcome(with_all)


def outcome(decision: Decision) -> dict[str, Any]:
    with_shadows = decision.shadow or decision
    return {
        "decision": (decision.allow, decision.reason, decision.rule, decision.message, decision.posture),
        "ends": decision.ends,
        "with shadows": (with_shadows.allow, with_shadows.reason, with_shadows.rule),
    }


@examples(5)
@given(document=policies(with_evidence=True), event=requests(), alias=ALIASES, now=MOMENTS, evidence=EVIDENCE)
def test_evidence_that_could_not_be_had_never_helps_the_client(
    document: dict[str, Any], event: dict[str, Any], alias: str | None, now: float, evidence: dict[str, Any]
) -> None:
    """Who is let in without it is let in with it, whatever it says; but for a default status, as below."""
    document.pop("default_posture_status", None)
    policy, request = read_policy(json.dumps(document)), Request(event, alias)
    for some in ({}, {"device": evidence["device"]}, {"sessions": evidence["sessions"]}):
        if evaluate(policy, request, now, known(some)).allow:
            assert evaluate(policy, request, now, known(evidence)).allow


@examples(2)
@given(
    document=policies(),
    asked=st.lists(st.tuples(requests(), ALIASES, MOMENTS), min_size=2, max_size=12),
    kept=st.integers(1, 3),
)
def test_earlier_decisions_do_not_change_a_decision(
    document: dict[str, Any], asked: list[tuple[dict[str, Any], str | None, float]], kept: int
) -> None:
    """One policy decides on many clients, of whose devices it remembers what came of its rules."""
    policy = read_policy(json.dumps(document))
    with mock.patch("connect_handler.decision.index.MAX_CLIENTS", kept):
        for event, alias, now in [*asked, *asked]:
            decision = evaluate(policy, Request(event, alias), now)
            assert told(decision) == reference.decide(document, event, alias, now)


@examples(3)
@given(document=policies(), event=requests(), alias=ALIASES, now=MOMENTS)
def test_missing_evidence_never_helps_the_client(
    document: dict[str, Any], event: dict[str, Any], alias: str | None, now: float
) -> None:
    """Who is let in with a field left out is let in whatever the field holds.

    A default status aside: it is what the policy itself says of those of whom nothing is known.
    """
    document.pop("default_posture_status", None)
    policy = read_policy(json.dumps(document))
    for field in list(event):
        if field not in ("connection-id", "endpoint-id"):
            without = {key: value for key, value in event.items() if key != field}
            lacking = evaluate(policy, Request(without, alias), now)
            if lacking.allow:
                assert evaluate(policy, Request(event, alias), now).allow


def test_a_rule_under_a_key_that_the_index_does_not_have_is_always_tried() -> None:
    condition = Condition("connection_id", lambda facts: facts.request.connection_id == "a", frozenset(["a"]))
    rule = Rule("one", [condition], [])
    index = Index([rule])
    for connection_id, found in (("a", [(rule, True)]), ("b", [])):
        request = Request({"connection-id": connection_id, "endpoint-id": "e"})
        assert index.values(Facts(request, 0)) == found


def test_a_policy_with_many_rules_looks_at_few(monkeypatch: pytest.MonkeyPatch) -> None:
    whens: list[dict[str, Any]] = []
    for number in range(1000):
        whens += (
            {"username": [f"user{number}@example.com"]},
            {"groups": [f"team-{number}"], "platform": ["win"]},
            {"public_ip": [f"10.{number // 256}.{number % 256}.0/24"]},
            {"common_name": [f"laptop-{number}-*"], "time": {"days": ["mon"]}},
        )
    document = {"rules": [{"name": str(n), "effect": "allow", "when": when} for n, when in enumerate(whens)]}
    policy = read_policy(json.dumps(document))
    looked_at: list[int] = []
    candidates = Index.candidates

    def counting(index: Index, facts: Any) -> list[Any]:
        found = candidates(index, facts)
        looked_at.append(len(found))
        return found

    monkeypatch.setattr(Index, "candidates", counting)
    event = {
        "connection-id": "cvpn-connection-0a1b2c3d4e5f67890",
        "endpoint-id": "cvpn-endpoint-0123456789abcdef0",
        "common-name": "laptop-3-b",
        "username": "user7@example.com",
        "platform": "mac",
        "public-ip": "10.0.9.1",
        "groups": ["team-5", "team-6"],
    }
    assert evaluate(policy, Request(event), 0).applied == ["28", "38"]
    assert sum(looked_at) == 5
