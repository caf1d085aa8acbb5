"""`cvpn explain`: each rule and condition, and what would turn the outcome."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given

from connect_handler.contract.request import Request
from connect_handler.decision.evaluate import evaluate
from connect_handler.policy.document import read_policy
from cvpn.decisions.explanation import explain
from tests.examples import examples
from tests.unit.connect_handler.strategies import ALIASES, MOMENTS, policies, requests

from .running import cvpn, policy_file

POLICY = {
    "rules": [
        {"name": "old", "effect": "deny", "when": {"platform": ["win"], "platform_version": "< 10"}},
        {
            "name": "staff",
            "effect": "allow",
            "when": {"groups": ["staff", "ops-*"], "posture": ["known"]},
            "unless": {"public_ip": ["198.51.100.0/24"], "endpoint": ["office"]},
        },
        {
            "name": "hours",
            "effect": "deny",
            "when": {"time": {"days": ["sun"], "timezone": "Asia/Kathmandu"}, "all_groups": ["a"]},
        },
        {"name": "later", "effect": "deny", "shadow": True},
    ],
    "posture_rules": [{"status": "known", "when": {"aws_client_version": ">= 5"}}],
}


def test_every_rule_and_condition_is_shown_with_what_it_saw(tmp_path: Path) -> None:
    result = cvpn(
        *("explain", "-p", policy_file(tmp_path, POLICY), "--group", "ops-x", "--platform", "win"),
        *("--platform-version", "unknown", "--endpoint", "partners", "--public-ip", "nowhere"),
        *("--endpoint-id", "cvpn-endpoint-1", "--at", "2026-11-22T20:00:00Z", "--aws-client-version", "5.1"),
    )
    assert result.status == 2
    assert result.out.splitlines()[7:] == [
        '+ posture_rules[0] assigns "known"',
        '    + when.aws_client_version ">= 5"  saw "5.1"',
        "",
        '? rule "old" (deny) applies, as it is not known that it does not',
        '    + when.platform ["win"]  saw "win"',
        '    ? when.platform_version "< 10"  saw "unknown"  unknown: it does not begin with a number',
        '+ rule "staff" (allow)',
        '    + when.groups ["staff", "ops-*"]  saw ["ops-x"]',
        '    + when.posture ["known"]  saw ["known"]',
        '    ? unless.public_ip ["198.51.100.0/24"]  saw "nowhere"  unknown: it is no IP address',
        '    - unless.endpoint ["office"]  saw ["partners", "cvpn-endpoint-1"]',
        '- rule "hours" (deny)',
        '    - when.time {"days": ["sun"], "timezone": "Asia/Kathmandu"}  saw "mon 2026-11-23T01:45:00+05:45"',
        '    - when.all_groups ["a"]  saw ["ops-x"]',
        '+ rule "later" (shadow deny)',
        "",
        'ALLOW by "staff" if when.platform of "old" did not hold.',
        'ALLOW by "staff" if when.platform_version of "old" did not hold.',
    ]


def test_why_something_is_unknown_is_said(tmp_path: Path) -> None:
    arguments = ("-p", policy_file(tmp_path, POLICY), "--schema-version", "v1", "--username", "x", "-o", "json")
    explanation = cvpn("explain", *arguments).json["explanation"]
    rules = [*explanation["posture_rules"], *explanation["rules"]]
    why = {condition["key"]: condition["why"] for rule in rules for condition in rule["conditions"]}
    assert why == {
        "aws_client_version": "the request (schema v1) has no aws-client-version",
        "platform": "",
        "platform_version": "it is empty",
        "groups": "the request (schema v1) has no groups",
        "posture": "the posture rules for known are unknown",
        "public_ip": "it is empty",
        "endpoint": "",
        "time": "",
        "all_groups": "the request (schema v1) has no groups",
    }


def test_where_more_than_one_condition_stands_in_the_way_that_is_said(tmp_path: Path) -> None:
    result = cvpn("explain", "-p", policy_file(tmp_path, POLICY), "--username", "x")
    assert result.out.splitlines()[-1] == (
        "No single condition decides: more than one would have to be other than it is."
    )


def test_an_invalid_request_has_nothing_to_explain(tmp_path: Path) -> None:
    result = cvpn("explain", "-p", policy_file(tmp_path, POLICY), "-", "-o", "json", stdin=b"5")
    assert (result.status, result.json["explanation"], result.json["reason"]) == (2, None, "invalid-request")
    assert cvpn("explain", "-p", policy_file(tmp_path, POLICY), "-", stdin=b"").status == 1


@examples(3)
@given(document=policies(), event=requests(), alias=ALIASES, now=MOMENTS)
def test_the_explanation_accounts_for_the_decision(
    document: dict[str, Any], event: dict[str, Any], alias: str | None, now: float
) -> None:
    policy, request = read_policy(json.dumps(document)), Request(event, alias)
    decision = evaluate(policy, request, now)
    explanation = explain(document, policy, request, now)
    applied = [rule.rule for rule in explanation.rules if rule.applies and not rule.shadow]
    assert applied == decision.applied
    assert [rule.rule for rule in (*explanation.posture_rules, *explanation.rules) if rule.value is None] == [
        rule for rule, _ in decision.unknown
    ]
    for rule in (*explanation.posture_rules, *explanation.rules):
        for condition in rule.conditions:
            assert (condition.value is None) == bool(condition.why)


@examples(3)
@given(document=policies(), event=requests(), alias=ALIASES, now=MOMENTS)
def test_a_flip_turns_the_outcome_and_nothing_else_does(
    document: dict[str, Any], event: dict[str, Any], alias: str | None, now: float
) -> None:
    """Tried on the document: a condition made certain is one on the clock, always or never inside."""
    policy, request = read_policy(json.dumps(document)), Request(event, alias)
    allow = evaluate(policy, request, now).allow
    flips = {(flip.rule, flip.condition, flip.value) for flip in explain(document, policy, request, now).flips}
    certain = {True: {"not_before": "1990-01-01T00:00:00Z"}, False: {"not_after": "1990-01-01T00:00:00Z"}}
    places = [
        (section, position, block, key)
        for section in ("rules", "posture_rules")
        for position, element in enumerate(document.get(section) or [])
        for block in ("when", "unless")
        for key in element.get(block, {})
        # A second condition on the clock would be in the way of this one.
        if key == "time" or "time" not in element[block]
    ]
    for section, position, block, key in places:
        element = document[section][position]
        for value in (True, False):
            changed = json.loads(json.dumps(document))
            del changed[section][position][block][key]
            changed[section][position][block]["time"] = certain[value]
            other = evaluate(read_policy(json.dumps(changed)), request, now).allow
            label = element.get("name", f"posture_rules[{position}]")
            assert (other != allow) == ((label, f"{block}.{key}", value) in flips) or element.get("shadow", False)
