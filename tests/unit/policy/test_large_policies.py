"""What the plan leaves to the deploy gate of a large policy, the gate says in the plan's words."""

from __future__ import annotations

import base64
import copy
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connect_handler import deploy_gate
from connect_handler.policy_source import PolicySource
from connect_handler.settings import Settings
from tests.invalid_policies import CASES
from tools.policy_language import MAX_CHECKED_RULES, MAX_CHECKED_VALUES

Apply = Callable[[dict[str, Any]], tuple[dict[str, Any], list[str]]]

ROOT = Path(__file__).parents[3]
INVALID = "The policy is not valid."

SHAPE: list[tuple[Any, str]] = [
    (0, "rules[1] is 0; write an object such as"),
    ({"effect": "deny"}, "rules[2]: name is missing; write one"),
    ({"name": "", "effect": "deny"}, 'rules[3]: name is ""; write one'),
    ({"name": "staff", "effect": "deny"}, 'rules[4]: name is "staff", as that of rules[0]; write one'),
    ({"name": "e"}, 'rules[5] "e": effect is missing; write "allow" or "deny"'),
    ({"name": "f", "effect": "reject"}, 'rules[6] "f": effect is "reject"; write "allow" or "deny"'),
    ({"name": "g", "effect": "deny", "wen": {}}, 'rules[7] "g" has the unknown key "wen"; did you mean "when"?'),
    ({"name": "h", "effect": "deny", "when": {}}, 'rules[8] "h": when is empty; leave it out'),
    ({"name": "i", "effect": "deny", "when": None}, 'rules[9] "i": when is null; leave it out'),
    (
        {"name": "j", "effect": "deny", "unless": {"gruops": ["x"]}},
        'rules[10] "j": unless has the unknown key "gruops"; did you mean "groups"?',
    ),
]
"""Rules without the right shape, and how the problem begins."""

VALUES: list[dict[str, Any]] = [
    {"groups": []},
    {"username": [0]},
    {"platform_version": "=> 10"},
    {"public_ip": ["10.0.0.1/8"]},
    {"time": {"days": ["monday"], "start": "7:00", "zone": "UTC"}},
    {"device": {"status": "compliant", "max_age_hours": 0}},
    {"sessions": {"by": "user", "at_least": 0}},
    {"posture": ["complaint"]},
]
"""Conditions with bad values."""


def padded(policy: dict[str, Any]) -> dict[str, Any]:
    """Return a policy with more rules than the plan checks; its own keep their positions."""
    large = copy.deepcopy(policy)
    for number in range(MAX_CHECKED_RULES + 1 - len(large["rules"])):
        large["rules"].append({"name": f"padding {number}", "effect": "deny", "when": {"groups": [f"group {number}"]}})
    return large


def gate_problems(policy: dict[str, Any]) -> list[str]:
    """Return what the gate says of a policy as the environment carries it, without test cases."""
    packed = base64.b64encode(gzip.compress(json.dumps(policy).encode())).decode()
    problems: list[str] = deploy_gate.run(Settings({}), PolicySource(packed), [], None)["problems"]
    return problems


def with_bad_values() -> dict[str, Any]:
    rules = [{"name": f"bad {number}", "effect": "deny", "when": value} for number, value in enumerate(VALUES)]
    return {
        "rules": [{"name": "staff", "effect": "allow"}, *rules],
        "posture_rules": [{"status": "compliant"}],
        "has_bucket": True,
    }


def document(policy: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in policy.items() if key != "has_bucket"}


def test_the_gate_refuses_bad_values_in_the_words_of_the_plan(apply_policy: Apply) -> None:
    small, large = with_bad_values(), padded(with_bad_values())
    _, (heading, *said) = apply_policy(small)
    assert heading == INVALID
    assert len(said) > len(VALUES)

    outputs, problems = apply_policy(large)
    assert problems == []
    assert outputs["digest"]
    assert sorted(gate_problems(document(large))) == said


@pytest.mark.parametrize(
    "case", [case for case in CASES if isinstance(case["policy"]["rules"], list)], ids=lambda case: str(case["name"])
)
def test_the_gate_says_of_each_invalid_policy_what_the_plan_says_of_a_small_one(case: dict[str, Any]) -> None:
    assert sorted(gate_problems(padded(case["policy"]))) == case["problems"]


def test_the_plan_refuses_rules_without_the_right_shape(apply_policy: Apply) -> None:
    large = with_bad_values()
    large["rules"] = [large["rules"][0], *(rule for rule, _ in SHAPE), *large["rules"][1:]]
    large["posture_rules"] += [{"status": ""}, {"status": "b", "when": {"sessions": {}}}]
    large = padded(large)

    _, (heading, *problems) = apply_policy(large)
    assert heading == INVALID
    begins = [begin for _, begin in SHAPE] + [
        'posture_rules[1]: status is ""; write one',
        'posture_rules[2]: when has the unknown key "sessions"; write one of',
    ]
    assert [begin for begin in begins if not any(problem.startswith(begin) for problem in problems)] == []
    assert len(problems) == len(begins)
    assert set(problems) < set(gate_problems(document(large)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", [case for case in CASES if isinstance(case["policy"]["rules"], list)], ids=lambda case: str(case["name"])
)
def test_the_plan_says_nothing_of_a_large_policy_that_the_gate_does_not(
    case: dict[str, Any], apply_policy: Apply
) -> None:
    _, problems = apply_policy(padded(case["policy"]) | {"has_bucket": True})
    assert set(problems) - {INVALID} <= set(case["problems"])


def test_the_documentation_names_both_limits() -> None:
    limits = f"{MAX_CHECKED_RULES:,} rules and {MAX_CHECKED_VALUES:,} values"
    for page in ("docs/policy-language.md", "modules/policy/README.md", "UPGRADING.md"):
        assert limits in " ".join((ROOT / page).read_text().split()), page
