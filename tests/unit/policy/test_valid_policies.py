"""What the plan accepts, the function can read; and both know it by the same digest."""

import base64
import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connect_handler.policy.document import read_policy
from connect_handler.policy.messages import DEFAULT_DENY_MESSAGE

Apply = Callable[[dict[str, Any]], tuple[dict[str, Any], list[str]]]

CASES = json.loads((Path(__file__).parents[2] / "policies" / "valid.json").read_text())
LAMBDA_LIMIT = 4096


def rules(number: int) -> list[dict[str, Any]]:
    return [
        {"name": f"rule {i}", "effect": "allow", "when": {"username": [f"user{i}@example.com"]}} for i in range(number)
    ]


@pytest.fixture(scope="module")
def accepted(
    apply_policies: Callable[[list[dict[str, Any]]], tuple[list[dict[str, Any]], list[list[str]]]],
) -> dict[str, dict[str, Any]]:
    """The outputs for each policy, by the case's name."""
    outputs, problems = apply_policies([case["policy"] for case in CASES])
    assert problems == []
    return {case["name"]: found for case, found in zip(CASES, outputs, strict=True)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_an_accepted_policy_arrives_as_it_was_written(
    case: dict[str, Any], accepted: dict[str, dict[str, Any]]
) -> None:
    outputs = accepted[case["name"]]
    environment = outputs["environment"]
    document = json.loads(environment)
    dropped: tuple[Any, ...] = (None, "", [], False)  # what says no more than leaving it out
    written = {key: value for key, value in case["policy"].items() if value not in dropped}
    assert document == {"default_deny_message": DEFAULT_DENY_MESSAGE} | written
    assert read_policy(environment).digest == outputs["digest"] == hashlib.sha256(environment.encode()).hexdigest()


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_the_size_is_what_lambda_measures(case: dict[str, Any], accepted: dict[str, dict[str, Any]]) -> None:
    outputs = accepted[case["name"]]
    measured = json.dumps({"POLICY": outputs["environment"]}, ensure_ascii=False, separators=(",", ":"))
    assert outputs["size"] == len(measured.encode())


def test_the_document_has_no_escapes_that_cost_bytes(apply_policy: Apply) -> None:
    rule = {"name": "a & b", "effect": "allow", "when": {"platform_version": ">= 10, < 11"}}
    outputs, _ = apply_policy({"rules": [rule]})
    assert '"platform_version":">= 10, < 11"' in outputs["environment"]
    assert '"a & b"' in outputs["environment"]


def test_a_policy_that_does_not_fit_is_compressed(apply_policy: Apply) -> None:
    outputs, problems = apply_policy({"rules": rules(100)})
    assert problems == []
    document = gzip.decompress(base64.b64decode(outputs["environment"])).decode()
    assert len(json.loads(document)["rules"]) == 100
    assert outputs["size"] == len(json.dumps({"POLICY": outputs["environment"]}, separators=(",", ":"))) <= LAMBDA_LIMIT
    policy = read_policy(outputs["environment"])
    assert [rule.label for rule in policy.rules] == [f"rule {i}" for i in range(100)]
    assert policy.digest == outputs["digest"]


def test_a_policy_that_does_not_fit_compressed_is_refused_with_its_size(apply_policy: Apply) -> None:
    noise = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(120)]
    _, problems = apply_policy({"rules": [{"name": "staff", "effect": "allow", "when": {"username": noise}}]})
    assert len(problems) == 1
    assert problems[0].startswith("The policy takes ")
    assert "Lambda gives it 4096. Name a bucket that has versioning in policy_bucket" in problems[0]
    assert int(problems[0].split()[3]) > LAMBDA_LIMIT
