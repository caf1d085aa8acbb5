"""The deploy gate: what a version says of its own policy before it goes into service."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from connect_handler import deploy_gate, handler
from connect_handler.policy_source import PolicySource
from connect_handler.settings import Settings

from .contract import assert_valid, context

ROOT = Path(__file__).parents[3]
STAFF = {"rules": [{"name": "staff", "effect": "allow", "when": {"groups": ["staff"]}}]}
STAFF_CONNECT = {"name": "staff connect", "request": {"groups": ["staff"]}, "expect": {"effect": "allow"}}


def run(policy: Any, cases: Any, **environment: str) -> dict[str, Any]:
    text = "" if policy is None else json.dumps(policy)
    environment |= {"POLICY": text, "AWS_LAMBDA_FUNCTION_VERSION": "7"}
    settings = Settings(environment)
    answer = deploy_gate.run(settings, PolicySource(settings.policy), cases, context())
    json.dumps(answer)
    return answer


def test_cases_that_pass_open_it() -> None:
    answer = run(STAFF, [STAFF_CONNECT])
    assert (answer["problems"], answer["passed"], answer["failed"]) == ([], 1, 0)
    assert answer["function_version"] == "7"
    assert len(answer["policy_digest"]) == 64


def test_a_valid_policy_without_cases_opens_it() -> None:
    assert run(STAFF, [])["problems"] == []


def test_an_answer_has_room_for_so_many_problems_and_counts_the_others() -> None:
    rules = [{"name": f"rule {number}", "effect": "allow", "when": {"public_ip": ["x"]}} for number in range(300)]
    problems = run({"rules": rules}, [])["problems"]
    assert len(problems) == deploy_gate.MAX_PROBLEMS + 1
    assert problems[-1] == "100 more problems are not shown"


def test_a_case_that_fails_is_named_with_what_was_expected_and_what_came() -> None:
    others = {
        "name": "others do not",
        "request": {"groups": ["staff"]},
        "expect": {"effect": "deny", "rule": None},
    }
    answer = run(STAFF, [STAFF_CONNECT, others])
    assert answer["problems"] == [
        'others do not: effect: expected "deny", came "allow"; rule: expected null, came "staff"'
    ]
    assert (answer["passed"], answer["failed"]) == (1, 1)


@pytest.mark.parametrize(
    ("policy", "cases", "problem"),
    [
        ({"rules": []}, [], "rules"),
        (
            {"rules": [{"name": "a", "effect": "allow", "when": {"time": {"timezone": "Europe/Nowhere"}}}]},
            [],
            'timezone is "Europe/Nowhere"',
        ),
        (STAFF, [STAFF_CONNECT | {"expext": {}}], 'has the unknown key "expext"'),
        (STAFF, "staff", 'policy_tests is "staff"; write a list of test cases'),
        (STAFF, None, "policy_tests is null"),
    ],
)
def test_what_cannot_be_asked_keeps_it_closed(policy: Any, cases: Any, problem: str) -> None:
    answer = run(policy, cases)
    assert any(problem in text for text in answer["problems"]), answer["problems"]


def test_nothing_keeps_a_policy_that_is_missing_from_closing_it() -> None:
    assert "the policy is missing" in run(None, [])["problems"][0]


@pytest.mark.parametrize("variable", ["DEVICE_INVENTORY", "CONNECTIONS"])
def test_an_environment_that_cannot_be_read_keeps_it_closed(variable: str) -> None:
    answer = run(STAFF, [STAFF_CONNECT], **{variable: "x"})
    (problem,) = answer["problems"]
    assert problem.startswith(f"the environment: {variable} cannot be read")
    assert (answer["passed"], answer["failed"]) == (0, 0)


@pytest.mark.parametrize("runtime_event", [{"policy-tests": [STAFF_CONNECT]}, {"policy-tests": None}])
def test_the_entry_point_answers_the_gate_and_logs_no_decision(runtime_event: Any) -> None:
    """As Lambda calls it, in a process of its own: the policy is read when the module is imported."""
    program = """
import json, sys
from connect_handler import handler
print(json.dumps(handler.handler(json.loads(sys.argv[1]), None)))
"""
    result = subprocess.run(
        [sys.executable, "-c", program, json.dumps(runtime_event)],
        env={"POLICY": json.dumps(STAFF), "PYTHONPATH": str(ROOT / "lambda_src")},
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = result.stdout.splitlines()
    answer = json.loads(line)
    assert (answer["problems"] == []) == (runtime_event["policy-tests"] is not None)


def test_a_connection_request_that_brings_policy_tests_is_a_connection_request() -> None:
    event = {"policy-tests": [], "connection-id": "c", "endpoint-id": "e", "schema-version": "v3"}
    answer = handler.handler(event, context())
    assert_valid(answer, "v3")
    assert not answer["allow"]
