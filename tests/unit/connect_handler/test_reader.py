"""The reader: any document is a policy, or has problems that say where they are."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_handler.policy.document import read_policy
from connect_handler.policy.problems import PolicyError, Problem
from tests.unit.connect_handler.strategies import CONDITIONS, EVIDENCE_CONDITIONS, policies

JUNK: list[Any] = [
    None, True, False, 0, 1, -1.5, 1e400, "", " ", "x", "*", "a" * 255, "a" * 256, "24:00", "07:00", "7:00", "99:00",
    "mon", "Mon", "UTC", "Europe/Berlin", "Europe", "../x", "2026-06-31T00:00:00Z", "2026-01-01T00:00:00Z", ">= 1",
    "~> 2", "10.0.0.0/8", "10.0.0.1/8", "::1", "allow", "deny", "{username}", "{nobody}", "\ud800", "compliant",
    [], [[]], [None], [1], [""], ["x"], ["x", "x"], ["mon"], ["compliant"], [{}], {}, {"x": 1}, {"groups": ["x"]},
    {"posture": ["compliant"]}, {"time": {"timezone": "UTC"}}, {"time": {"days": ["mon"], "timezone": "UTC"}},
    {"name": "x", "effect": "allow"}, {"status": "x"}, 24, 87600, 87601, 100, 101, "username", "common_name",
    {"registered": False}, {"registered": True}, {"registered": False, "status": ["x"]}, {"status": ["x"]},
    {"by": "username", "at_least": 1}, {"by": "username", "at_least": 1, "x": 1}, {"x": ["x"]}, {"x": []},
    {"device": {"registered": True}}, {"sessions": {"by": "common_name", "at_least": 1}},
]  # fmt: skip
KEYS = [
    *CONDITIONS, *EVIDENCE_CONDITIONS, "end_oldest", "registered", "owner_is_user", "max_age_hours", "attributes",
    "by", "at_least",
    "name", "effect", "message", "shadow", "when", "unless", "status", "rules", "posture_rules", "days",
    "default_posture_status", "default_deny_message", "shadow_mode", "start", "end", "timezone", "not_before", "x",
]  # fmt: skip


@st.composite
def edited_policies(draw: st.DrawFn) -> dict[str, Any]:
    """A policy in which values were replaced, removed or added, anywhere."""
    document: Any = copy.deepcopy(draw(policies(with_evidence=draw(st.booleans()))))
    for _ in range(draw(st.integers(0, 3))):
        container = document
        while True:
            keys = list(container) if isinstance(container, dict) else list(range(len(container)))
            inner = [key for key in keys if isinstance(container[key], dict | list)]
            if not inner or draw(st.integers(0, 3)) == 0:
                break
            container = container[draw(st.sampled_from(inner))]
        action = draw(st.sampled_from(("replace", "remove", "add")))
        junk = copy.deepcopy(draw(st.sampled_from(JUNK)))
        if action == "add" or not keys:
            if isinstance(container, dict):
                container[draw(st.sampled_from(KEYS))] = junk
            else:
                container.append(junk)
        elif action == "remove":
            del container[draw(st.sampled_from(keys))]
        else:
            container[draw(st.sampled_from(keys))] = junk
    result: dict[str, Any] = document
    return result


def check(document: dict[str, Any]) -> bool:
    """Read a document, and check what comes of it; tell whether it is a policy."""
    text = json.dumps(document)
    problems: tuple[Problem, ...] | None = None
    try:
        policy = read_policy(text)
    except PolicyError as error:
        problems = error.problems
    if problems is not None:
        assert problems
        for problem in problems:
            where, _, instead = problem.partition("; ")
            assert where
            assert instead
            assert exists(json.loads(text), problem.path)
        return False
    assert [rule.label for rule in policy.rules] == [rule["name"] for rule in document["rules"]]
    for rule, element in zip(policy.rules, document["rules"], strict=True):
        assert [condition.key for condition in rule.when] == list(element.get("when", ()))
        assert [condition.key for condition in rule.unless] == list(element.get("unless", ()))
    assert len(policy.posture_rules) == len(document.get("posture_rules") or ())
    return True


def exists(document: Any, path: tuple[str | int, ...]) -> bool:
    """Tell whether the place of a problem is in a document; the last key may be missing."""
    value = document
    for part in path[:-1]:
        value = value[part]
    return not path or not isinstance(value, list) or path[-1] in range(len(value))


@given(edited_policies())
def test_any_document_is_a_policy_or_has_problems_with_places(document: dict[str, Any]) -> None:
    check(document)


EXAMPLE: dict[str, Any] = {
    "rules": [
        {"name": "x", "effect": "deny", "when": {"groups": ["x"]}, "unless": {"username": ["x"]}},
        {"name": "hours", "effect": "deny", "when": {"time": {"start": "07:00", "end": "20:00"}}},
        {
            "name": "period",
            "effect": "deny",
            "when": {"time": {"not_before": "2026-01-01T00:00:00Z"}},
            "message": "No.",
        },
        {"name": "staff", "effect": "allow", "when": {"posture": ["compliant"]}},
        {
            "name": "one",
            "effect": "deny",
            "end_oldest": True,
            "when": {
                "sessions": {"by": "username", "at_least": 1},
                "device": {"status": ["x"], "max_age_hours": 24, "attributes": {"x": ["x"]}},
            },
        },
    ],
    "posture_rules": [{"status": "compliant", "when": {"groups": ["x"]}}],
    "default_posture_status": "none",
}
PLACES: list[tuple[str | int, ...]] = [
    *[(key,) for key in KEYS],
    *[("rules", position) for position in range(5)],
    *[("rules", position, key) for position in (0, 2, 3, 4) for key in KEYS],
    *[("rules", 4, "when", key) for key in ("device", "sessions", "posture")],
    *[("rules", 4, "when", "device", key) for key in KEYS],
    *[("rules", 4, "when", "device", "attributes", "x")],
    *[("rules", 4, "when", "sessions", key) for key in KEYS],
    *[("rules", 0, block, key) for block in ("when", "unless") for key in KEYS],
    *[("rules", position, "when", "time", key) for position in (1, 2) for key in KEYS],
    *[("posture_rules", 0, key) for key in KEYS],
    *[("posture_rules", 0, "when", key) for key in KEYS],
]


MAIN_PLACES = [place for place in PLACES if place[:2] in {("rules", 0), ("rules", 3)}]
"""Those of one rule that denies and of the one that allows; make test-all tries all of them."""


@pytest.mark.parametrize(
    "place",
    [pytest.param(place, marks=[] if place in MAIN_PLACES else pytest.mark.slow) for place in PLACES],
    ids=str,
)
def test_any_value_at_any_place_is_read_or_has_problems_with_places(place: tuple[str | int, ...]) -> None:
    assert check(EXAMPLE)
    for junk in JUNK:
        document: Any = copy.deepcopy(EXAMPLE)
        container = document
        for key in place[:-1]:
            container = container[key]
        container[place[-1]] = copy.deepcopy(junk)
        check(document)
