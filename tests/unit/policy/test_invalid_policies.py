"""One table of bad policies: the plan refuses each of them in the very words in which the function would."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from connect_handler.policy.document import read_policy
from connect_handler.policy.problems import PolicyError
from tests.invalid_policies import CASES


def name_of(case: dict[str, Any]) -> str:
    return str(case["name"])


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_function_says_what_is_wrong(case: dict[str, Any]) -> None:
    with pytest.raises(PolicyError) as raised:
        read_policy(json.dumps(case["policy"]))
    assert sorted(raised.value.problems) == case["problems"]


@pytest.fixture(scope="module")
def refusals(
    apply_policies: Callable[[list[dict[str, Any]]], tuple[list[dict[str, Any]], list[list[str]]]],
) -> Counter[tuple[str, ...]]:
    """What Terraform says of the policies, and how often."""
    outputs, problems = apply_policies([case["policy"] for case in CASES])
    assert outputs == []
    return Counter(map(tuple, problems))


def refusal(case: dict[str, Any]) -> tuple[str, ...]:
    return ("The policy is not valid.", *case["problems"])


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_plan_says_the_same(case: dict[str, Any], refusals: Counter[tuple[str, ...]]) -> None:
    assert refusal(case) in refusals


def test_the_plan_refuses_each_policy_and_says_nothing_else(refusals: Counter[tuple[str, ...]]) -> None:
    assert refusals == Counter(map(refusal, CASES))


def test_a_policy_that_the_plan_refuses_has_no_output(
    apply_policy: Callable[[dict[str, Any]], tuple[dict[str, Any], list[str]]],
) -> None:
    outputs, problems = apply_policy(CASES[0]["policy"])
    assert outputs.get("environment") is None
    assert tuple(problems) == refusal(CASES[0])


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_every_problem_says_what_to_write_instead(case: dict[str, Any]) -> None:
    for problem in case["problems"]:
        advice = problem.rpartition("; ")[2]
        assert advice.startswith(
            ("write ", "did you mean ", "remove it", "leave it out", "AWS takes ", "for the whole day ")
        )


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_every_problem_knows_its_place(case: dict[str, Any]) -> None:
    with pytest.raises(PolicyError) as raised:
        read_policy(json.dumps(case["policy"]))
    for problem in raised.value.problems:
        container: Any = case["policy"]
        for part in problem.path[:-1]:
            container = container[part]
        # What is wrong is there, or would be: a key that is missing.
        last = problem.path[-1]
        assert isinstance(container, dict) or (isinstance(last, int) and last < len(container))


def test_places_are_those_of_the_wrong_value_and_of_the_unknown_key() -> None:
    staff = {"name": "staff", "effect": "allow", "when": {"gruops": ["x"], "public_ip": ["10.0.0.0/8", "10.0.0.1/8"]}}
    with pytest.raises(PolicyError) as raised:
        read_policy(json.dumps({"rules": [staff, {"name": "b", "effect": "no"}]}))
    assert [problem.path for problem in raised.value.problems] == [
        ("rules", 0, "when", "gruops"),
        ("rules", 0, "when", "public_ip", 1),
        ("rules", 1, "effect"),
    ]


def test_a_time_zone_that_does_not_exist_is_found_by_the_function_alone() -> None:
    rule = {
        "name": "staff",
        "effect": "allow",
        "when": {"time": {"days": ["mon"], "timezone": "Europe/Bielefeld"}},
    }
    with pytest.raises(PolicyError, match='"Europe/Bielefeld", which the IANA time zone database does not have'):
        read_policy(json.dumps({"rules": [rule]}))
