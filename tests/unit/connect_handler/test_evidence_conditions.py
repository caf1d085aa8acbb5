"""The condition on the device: when it is true, false and unknown, to the second."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connect_handler.contract.request import Request
from connect_handler.decision.evaluate import evaluate
from connect_handler.decision.required_evidence import required_evidence
from connect_handler.facts.evidence import Evidence
from connect_handler.facts.times import rfc3339
from connect_handler.policy.document import read_policy
from connect_handler.policy_tests import complete_event

NOW = 1_764_000_000
HOUR, DAY = 3600, 86_400
T, F, UNKNOWN = True, False, None


def truth(condition: dict[str, Any], device: dict[str, Any] | None) -> bool | None:
    """Tell whether a condition holds for a client with a certificate; None is unknown."""
    rules = [{"name": "one", "effect": "deny", "when": {"device": condition}}, {"name": "all", "effect": "allow"}]
    request = Request(complete_event({"common-name": "laptop-1", "username": "Anna@Example.com"}))
    decision = evaluate(
        read_policy(json.dumps({"rules": rules})), request, NOW, Evidence.from_document({"device": device}, "laptop-1")
    )
    return None if decision.unknown else "one" in decision.applied


@pytest.mark.parametrize(
    ("condition", "device", "expected"),
    [
        ({"registered": True}, None, F),
        ({"registered": False}, None, T),
        ({"registered": True}, {"expires_at": rfc3339(NOW + 1)}, T),
        ({"registered": True}, {"expires_at": rfc3339(NOW)}, F),
        ({"max_age_hours": 1}, {"updated_at": rfc3339(NOW - HOUR)}, T),
        ({"max_age_hours": 1}, {"updated_at": rfc3339(NOW - HOUR - 1)}, UNKNOWN),
        ({"max_age_hours": 1}, {"updated_at": rfc3339(NOW + DAY)}, T),
        ({"max_age_hours": 1}, {"updated_at": rfc3339(NOW + DAY + 1)}, UNKNOWN),
        ({"max_age_hours": 1}, {"status": "compliant"}, UNKNOWN),
        ({"owner_is_user": True}, {"owner": "ANNA@example.com"}, T),
        ({"owner_is_user": False}, {"owner": "bert@example.com"}, T),
        ({"owner_is_user": True}, {"status": "compliant"}, UNKNOWN),
        ({"status": ["compliant"]}, {"status": "Compliant"}, T),
        ({"status": ["compliant"]}, {"owner": "anna@example.com"}, UNKNOWN),
    ],
)
def test_a_device_is_what_its_record_says_as_long_as_the_record_holds(
    condition: dict[str, Any], device: dict[str, Any] | None, expected: bool | None
) -> None:
    assert truth(condition, device) is expected


def test_what_shadow_rules_look_at_is_needed_too() -> None:
    rules: list[dict[str, Any]] = [
        {"name": "one-each", "effect": "deny", "when": {"sessions": {"by": "username", "at_least": 1}}},
        {"name": "managed", "effect": "deny", "when": {"device": {"registered": False}}, "shadow": True},
        {"name": "all", "effect": "allow"},
    ]
    request = Request(complete_event({"common-name": "laptop-1", "username": "anna"}))
    assert required_evidence(read_policy(json.dumps({"rules": rules})), request, NOW) == {"username", "device"}
    del rules[1]
    assert required_evidence(read_policy(json.dumps({"rules": rules})), request, NOW) == {"username"}


def test_evidence_is_required_for_a_posture_rule_that_is_unknown_for_another_reason_too() -> None:
    """The device can make the posture rule false, although the client tells no version."""
    risky = {"device": {"status": ["quarantined"]}, "client_openvpn_version": "< 2.6"}
    policy = read_policy(
        json.dumps(
            {
                "posture_rules": [{"status": "risky", "when": risky}],
                "rules": [
                    {"name": "risky", "effect": "deny", "when": {"posture": ["risky"]}},
                    {"name": "staff", "effect": "allow", "when": {"groups": ["staff"]}},
                ],
            }
        )
    )
    request = Request(complete_event({"common-name": "laptop-1", "groups": ["staff"]}))
    assert required_evidence(policy, request, NOW) == {"device"}
    compliant = Evidence.from_document({"device": {"status": "compliant"}})
    assert evaluate(policy, request, NOW, compliant).allow
    assert not evaluate(policy, request, NOW).allow
