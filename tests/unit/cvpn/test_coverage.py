"""The index of rules finds what a comparison of every two rules finds."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_handler.policy.problems import describe
from cvpn.files.source_map import SourceMap
from cvpn.lint import warnings as lint
from cvpn.lint.coverage import CoverageIndex
from cvpn.lint.implication import Block, block_implies
from tests.examples import examples

PATTERN = st.text(st.sampled_from("abB*?"), max_size=4)
PATTERNS = st.lists(PATTERN, min_size=1, max_size=3)
NAMES = st.lists(st.sampled_from(["a", "B", "b", "ab"]), min_size=1, max_size=3)
CONSTRAINTS = st.sampled_from(["< 10", "< 9.5", ">= 3, < 9.5", "~> 2.6", ">= 2.6"])
NETWORKS = [
    "10.0.0.0/8",
    "10.0.0.0/9",
    "10.128.0.0/9",
    "10.1.2.3",
    "::ffff:10.1.2.3",
    "::ffff:0:0/96",
    "::/0",
    "fd00::/8",
]
DEVICE = st.fixed_dictionaries(
    {"attributes": st.dictionaries(st.sampled_from(["x", "y"]), PATTERNS, min_size=1)},
    optional={"status": PATTERNS, "max_age_hours": st.sampled_from([1, 2])},
)
CONDITIONS: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("username", "common_name", "platform", "groups"), PATTERNS),
    **dict.fromkeys(("endpoint", "all_groups"), NAMES),
    "platform_version": CONSTRAINTS,
    "public_ip": st.lists(st.sampled_from(NETWORKS), min_size=1, max_size=3),
    "time": st.sampled_from([{"days": ["mon"]}, {"days": ["mon", "tue"]}]),
    "device": DEVICE,
    "sessions": st.fixed_dictionaries(
        {"by": st.sampled_from(["username", "common_name"]), "at_least": st.sampled_from([1, 2])}
    ),
}
BLOCKS = st.lists(st.sampled_from(sorted(CONDITIONS)), max_size=2, unique=True).flatmap(
    lambda keys: st.fixed_dictionaries({key: CONDITIONS[key] for key in keys})
)
"""Few conditions on few values, so that many cover one another."""


@st.composite
def rules(draw: st.DrawFn) -> list[dict[str, Any]]:
    drawn = []
    for number in range(draw(st.integers(2, 8))):
        rule: dict[str, Any] = {"name": f"r{number}", "effect": draw(st.sampled_from(["allow", "deny"]))}
        for name in ("when", "unless"):
            block = draw(BLOCKS)
            if block:
                rule[name] = block
        drawn.append(rule)
    return drawn


@pytest.mark.parametrize(
    ("block", "other"),
    [
        ({"username": ["Anna"]}, {"username": ["anna"]}),
        ({"username": ["anna@a.example"]}, {"username": ["anna*"]}),
        ({"username": ["anna@a.example"]}, {"username": ["x", "*@a.example"]}),
        ({"username": ["anna-?@a.example"]}, {"username": ["?*@a.example"]}),
        ({"username": ["*"]}, {"username": ["**"]}),
        ({"groups": ["x"], "platform": ["win"]}, {"groups": ["x", "y"]}),
        ({"all_groups": ["x", "ops-a"]}, {"groups": ["ops-*"]}),
        ({"all_groups": ["X", "y"]}, {"all_groups": ["x"]}),
        ({"public_ip": ["10.1.2.3", "10.0.0.0/9"]}, {"public_ip": ["10.0.0.0/8", "::/0"]}),
        ({"public_ip": ["::ffff:10.1.2.3"]}, {"public_ip": ["10.1.0.0/16"]}),
        ({"device": {"attributes": {"serial": ["S-12"]}}}, {"device": {"attributes": {"serial": ["S-*"]}}}),
        ({"endpoint": ["a"], "time": {"days": ["mon"]}}, {"time": {"days": ["mon", "tue"]}}),
        ({"platform": ["win"]}, {}),
    ],
)
def test_each_kind_of_condition_is_found(block: Block, other: Block) -> None:
    assert block_implies(block, other)
    unlike = [{"username": [f"user{number}"]} for number in range(3)]
    assert list(CoverageIndex([*unlike, other]).candidates(block)) == [3]


@examples(20)
@given(block=BLOCKS, others=st.lists(BLOCKS, max_size=6))
def test_every_block_that_is_implied_is_found(block: Block, others: list[Block]) -> None:
    candidates = list(CoverageIndex(others).candidates(block))
    assert candidates == sorted(set(candidates))
    assert {position for position, other in enumerate(others) if block_implies(block, other)} <= set(candidates)


def covers(other: dict[str, Any], rule: dict[str, Any]) -> bool:
    if not block_implies(rule.get("when", {}), other.get("when", {})):
        return False
    return not other.get("unless") or bool(rule.get("unless") and block_implies(other["unless"], rule["unless"]))


def pairwise(rules: list[dict[str, Any]]) -> list[str]:
    """The warnings of a comparison of every two rules."""
    texts = []
    for position, rule in enumerate(rules):
        for number, other in enumerate(rules):
            if number == position or not (other["effect"] == "deny" or number < position):
                continue
            if rule["effect"] == "deny" and (other["effect"] == "allow" or number > position):
                continue
            if covers(other, rule):
                before = "" if other["effect"] == "deny" and rule["effect"] == "allow" else "before it "
                why = f"the {other['effect']} rule {describe(other['name'])} {before}applies wherever it does"
                texts.append(f"rule {describe(rule['name'])} never decides: {why}")
                break
    return texts


def never_decides(rules: list[dict[str, Any]]) -> list[str]:
    findings = lint.warnings({"rules": rules}, None, 0.0, SourceMap({}, "policy").finding)
    return [finding.text for finding in findings if " never decides: " in finding.text]


@examples(20)
@given(rules=rules())
def test_the_warnings_are_those_of_every_two_rules_in_the_same_order(rules: list[dict[str, Any]]) -> None:
    if any(rule["effect"] == "deny" and len(rule) == 2 for rule in rules):
        return  # a rule that denies everybody is all that is told
    assert never_decides(rules) == pairwise(rules)


def kind(number: int) -> dict[str, Any]:
    """One of the kinds of conditions that long policies are made of."""
    kinds: list[dict[str, Any]] = [
        {"username": [f"user{number}@example.com"], "groups": ["staff"]},
        {"username": [f"user{number}-*"], "platform": ["win", "mac"]},
        {"common_name": [f"*.{number}.example.com"]},
        {"groups": [f"team-{number}"], "platform_version": f">= 10.0.{number}"},
        {"all_groups": ["staff", f"team-{number}"], "time": {"days": ["mon"]}},
        {"public_ip": [f"10.{number // 250}.{number % 250}.0/24"], "endpoint": ["live"]},
        {"device": {"status": ["compliant"], "attributes": {"serial": [f"S{number}"]}}},
    ]
    return kinds[number % len(kinds)]


@pytest.mark.parametrize("same", [False, True], ids=["of all kinds", "all alike"])
def test_comparisons_grow_with_the_number_of_rules(same: bool) -> None:
    def comparisons(number: int) -> int:
        rules = [
            {"name": f"r{one}", "effect": "deny" if one % 3 else "allow", "when": kind(0 if same else one)}
            for one in range(number)
        ]
        with mock.patch.object(lint._Rule, "covers", autospec=True, side_effect=lint._Rule.covers) as compared:
            never_decides(rules)
        return compared.call_count

    assert comparisons(2_000) <= 2.5 * comparisons(1_000) + 100
    assert comparisons(2_000) <= 4_000
