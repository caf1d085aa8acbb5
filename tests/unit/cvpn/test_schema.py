"""The JSON Schemas say what the function's own reader says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from connect_handler.policy.conditions import registry
from connect_handler.policy.reader import POLICY_KEYS, POSTURE_RULE_KEYS, RULE_KEYS
from cvpn.schemas.conditions import CONDITION_KEYS
from cvpn.schemas.results import schemas
from tests.examples import examples
from tests.invalid_policies import CASES
from tests.unit.connect_handler.strategies import policies

from .running import cvpn, policy_file

TABLES = Path(__file__).parents[2] / "policies"
SCHEMA = Draft202012Validator(schemas()["policy"])

BEYOND_A_SCHEMA = (
    "as that of rules",  # two rules of one name
    "which no posture rule assigns",
    "distinct statuses",
    "equal start and end",
    "for the network or",
    "::ffff:198.51.100.7/120",
)
"""Parts of problems that JSON Schema cannot see: they are about more than one value, or about what a text means."""


@pytest.mark.parametrize("name", schemas())
def test_each_schema_is_one_and_is_printed(name: str) -> None:
    result = cvpn("schema", name)
    printed = json.loads(result.out)
    Draft202012Validator.check_schema(printed)
    assert (result.status, printed) == (0, schemas()[name])


@pytest.mark.parametrize("case", json.loads((TABLES / "valid.json").read_text()), ids=lambda case: str(case["name"]))
def test_what_the_function_takes_the_schema_takes(case: dict[str, Any]) -> None:
    SCHEMA.validate(case["policy"])


@examples(2)
@given(document=policies())
def test_any_valid_policy_is_valid_by_the_schema(document: dict[str, Any]) -> None:
    SCHEMA.validate(document)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_what_the_function_refuses_the_schema_refuses_as_far_as_it_can_see(case: dict[str, Any]) -> None:
    beyond = all(any(part in problem for part in BEYOND_A_SCHEMA) for problem in case["problems"])
    assert SCHEMA.is_valid(case["policy"]) == beyond


def test_schema_and_reader_know_the_same_keys() -> None:
    schema = schemas()["policy"]
    assert set(schema["properties"]) == set(POLICY_KEYS)
    assert set(schema["$defs"]["rule"]["properties"]) == set(RULE_KEYS)
    assert set(schema["$defs"]["posture_rule"]["properties"]) == set(POSTURE_RULE_KEYS)
    assert set(schema["$defs"]["conditions"]["properties"]) == set(CONDITION_KEYS) == set(registry.CONDITION_KEYS)


@pytest.mark.parametrize("key", CONDITION_KEYS)
def test_the_example_of_each_condition_is_one(key: str, tmp_path: Path) -> None:
    rule = {"name": "a", "effect": "allow", "when": {key: CONDITION_KEYS[key].example}}
    policy = {"rules": [rule], "posture_rules": [{"status": "compliant"}]}
    SCHEMA.validate(policy)
    assert cvpn("validate", policy_file(tmp_path, policy), "--strict").status == 0


def test_variable_definitions_may_have_other_variables() -> None:
    definitions = {"name": "corp", "rules": [{"name": "a", "effect": "allow"}]}
    Draft202012Validator(schemas()["tfvars"]).validate(definitions)
    assert not SCHEMA.is_valid(definitions)
