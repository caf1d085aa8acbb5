"""Warnings about rules that can never decide anything."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_handler.contract.request import Request
from connect_handler.decision.evaluate import evaluate
from connect_handler.facts.evidence import Evidence
from connect_handler.policy.document import read_policy
from connect_handler.policy.problems import PolicyError
from cvpn.failures import Finding
from cvpn.files.source_map import SourceMap
from cvpn.lint.implication import block_implies
from cvpn.lint.warnings import warnings
from tests.examples import examples
from tests.unit.connect_handler.strategies import (
    ALIASES,
    CONDITIONS,
    EVIDENCE,
    EVIDENCE_CONDITIONS,
    MOMENTS,
    policies,
    requests,
)

from .running import cvpn, policy_file

NOW = datetime(2026, 11, 23, tzinfo=UTC).timestamp()
STAFF = {"name": "staff", "effect": "allow"}


def allow(name: str, **blocks: Any) -> dict[str, Any]:
    return {"name": name, "effect": "allow", **blocks}


def deny(name: str, **blocks: Any) -> dict[str, Any]:
    return {"name": name, "effect": "deny", **blocks}


def warned(document: dict[str, Any], endpoints: frozenset[str] | None = None) -> list[Finding]:
    read_policy(json.dumps(document))  # what is not valid is not looked at
    return warnings(document, endpoints, NOW, SourceMap(document, "policy").finding)


DENIES_ALL = "has no conditions, so it denies every connection, and no rule can allow one"
VERSION = "platform_version"
BEFORE = "before it applies wherever it does"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([allow("a", when={"groups": ["x"]}), allow("b", when={"groups": ["y"]})], []),
        (
            [STAFF, deny("all")],
            [f'rule "all" {DENIES_ALL}; write a when, or shadow = true'],
        ),
        ([STAFF, deny("all", shadow=True)], []),
        (
            [
                allow("eng", when={"groups": ["eng", "ops-x"], "platform": ["mac"]}),
                deny("no", when={"groups": ["eng", "ops-*"]}),
            ],
            ['rule "eng" never decides: the deny rule "no" applies wherever it does'],
        ),
        ([allow("eng", when={"groups": ["eng", "sales"]}), deny("no", when={"groups": ["eng", "ops-*"]})], []),
        ([STAFF, allow("b", when={"groups": ["x"]})], [f'rule "b" never decides: the allow rule "staff" {BEFORE}']),
        ([allow("b", when={"groups": ["x"]}), STAFF], []),
        (
            [
                STAFF,
                deny("a", when={"public_ip": ["10.0.0.0/8"]}),
                deny("b", when={"public_ip": ["10.1.0.0/16", "10.2.3.4"]}),
            ],
            [f'rule "b" never decides: the deny rule "a" {BEFORE}'],
        ),
        ([STAFF, deny("a", when={"public_ip": ["10.1.0.0/16"]}), deny("b", when={"public_ip": ["10.0.0.0/8"]})], []),
        (
            [
                STAFF,
                deny("a", when={"public_ip": ["10.0.0.0/9", "10.128.0.0/9"]}),
                deny("b", when={"public_ip": ["10.0.0.0/8"]}),
            ],
            [f'rule "b" never decides: the deny rule "a" {BEFORE}'],
        ),
        (
            [STAFF, deny("a", when={"public_ip": ["10.1.2.0/24"]}), deny("b", when={"public_ip": ["::ffff:10.1.2.3"]})],
            [f'rule "b" never decides: the deny rule "a" {BEFORE}'],
        ),
        (
            [STAFF, deny("a", when={"platform_version": "< 10"}), deny("b", when={"platform_version": ">= 3, < 9.5"})],
            [f'rule "b" never decides: the deny rule "a" {BEFORE}'],
        ),
        ([STAFF, deny("a", when={"platform_version": "~> 2.6"}), deny("b", when={"platform_version": ">= 2.6"})], []),
        (
            [allow("a", when={"all_groups": ["Eng", "x"]}), deny("b", when={"groups": ["e*g"]})],
            ['rule "a" never decides: the deny rule "b" applies wherever it does'],
        ),
        ([allow("a", when={"all_groups": ["eng"]}), deny("b", when={"all_groups": ["eng", "x"]})], []),
        (
            [allow("a", when={"groups": ["x"]}), deny("b", when={"groups": ["x"]}, unless={"platform": ["mac"]})],
            [],
        ),
        (
            [
                allow("a", when={"groups": ["x"]}, unless={"platform": ["mac", "win"]}),
                deny("b", when={"groups": ["x"]}, unless={"platform": ["mac"]}),
            ],
            ['rule "a" never decides: the deny rule "b" applies wherever it does'],
        ),
        (
            [allow("a", when={"platform_version": ">= 11, < 10"}), STAFF],
            ['rule "a" never applies: when.platform_version contradicts itself'],
        ),
        (
            [STAFF, deny("a", when={"platform_version": ">= 11, < 10"})],
            [f'rule "a" never applies except where {VERSION} is unknown: when.{VERSION} contradicts itself'],
        ),
        ([STAFF, deny("a", when={"platform_version": "> 10, < 10.0.1"})], []),
        ([STAFF, deny("a", when={"platform_version": "!= 10, <= 10, >= 9.9.9"})], []),
        (
            [STAFF, allow("a", when={"groups": ["x"]}, unless={"client_openvpn_version": "~> 2.6, >= 3"})],
            [
                'rule "a": unless.client_openvpn_version never holds, so unless excludes nobody',
                f'rule "a" never decides: the allow rule "staff" {BEFORE}',
            ],
        ),
        (
            [allow("a", when={"groups": ["eng"], "platform": ["mac"]}, unless={"groups": ["e*"]}), STAFF],
            ['rule "a" never applies: unless excludes everything that when asks for'],
        ),
        (
            [
                STAFF,
                deny("a", when={"time": {"not_before": "2026-12-02T00:00:00Z", "not_after": "2026-12-01T00:00:00Z"}}),
            ],
            ['rule "a" never applies: when.time contradicts itself'],
        ),
        (
            [STAFF, deny("a", when={"time": {"not_after": "2026-11-22T00:00:00Z"}})],
            ['rule "a" never applies any more: its period is over; remove it, or write another not_after'],
        ),
        (
            [
                STAFF,
                deny("a", when={"time": {"days": ["mon", "tue"], "start": "08:00", "end": "12:00"}}),
                deny("b", when={"time": {"days": ["mon"], "start": "09:00", "end": "10:00"}}),
            ],
            [f'rule "b" never decides: the deny rule "a" {BEFORE}'],
        ),
        (
            [
                STAFF,
                deny("a", when={"time": {"days": ["mon"], "start": "22:00", "end": "06:00"}}),
                deny("b", when={"time": {"days": ["mon"], "start": "23:00", "end": "24:00"}}),
            ],
            [],
        ),
        (
            [allow("a", when={"platform": ["windows", "Linux", "w*", ""]})],
            ['rule "a" names the platform "windows", which no client is known to have; did you mean "win"?'],
        ),
    ],
)
def test_rules_that_cannot_decide_are_told(rules: list[dict[str, Any]], expected: list[str]) -> None:
    assert [finding.text for finding in warned({"rules": rules})] == expected


def test_endpoints_are_looked_up_where_they_are_known() -> None:
    keys = ["partner", "live", "cvpn-endpoint-0123456789abcdef0", "sites"]
    document = {"rules": [allow("a", when={"endpoint": keys})]}
    assert warned(document) == []
    assert [finding.text for finding in warned(document, frozenset({"live", "partners"}))] == [
        'rule "a" names the endpoint "partner", which does not exist; did you mean "partners"?',
        'rule "a" names the endpoint "sites", which does not exist; write one of live, partners',
    ]


def test_endpoints_of_the_same_variables_are_known(tmp_path: Path) -> None:
    file = tmp_path / "terraform.tfvars"
    file.write_text(
        "endpoints = { staff = {} }\n"
        'rules = [{ name = "a", effect = "allow", when = {\n  endpoint = ["live",\n "stuff"] } }]\n'
    )
    result = cvpn("validate", file)
    assert result.out.splitlines()[0].startswith(f'{file}:4:2: warning: rule "a" names the endpoint "stuff"')
    assert result.status == 0
    assert cvpn("validate", file, "--strict").status == 3


ALL = CONDITIONS | EVIDENCE_CONDITIONS


@examples(4)
@given(
    document=policies(with_evidence=True),
    asked=st.lists(st.tuples(requests(), ALIASES, MOMENTS, st.just({}) | EVIDENCE), min_size=1, max_size=12),
)
def test_a_rule_that_is_said_to_decide_nothing_decides_nothing(
    document: dict[str, Any], asked: list[tuple[dict[str, Any], str | None, float, dict[str, Any]]]
) -> None:
    """As far as is tried: the warning is certain, whatever the request."""
    try:
        policy = read_policy(json.dumps(document))
    except PolicyError:
        return
    texts = [finding.text for finding in warned(document)]
    never_decides = {json.loads(text.split(" never decides")[0][5:]) for text in texts if " never decides: " in text}
    never_applies = {text.split(" never applies: ")[0][5:] for text in texts if " never applies: " in text}
    denies_all = any("denies every connection" in text for text in texts)
    for event, alias, now, evidence in asked:
        decision = evaluate(policy, Request(event, alias), now, Evidence.from_document(evidence))
        assert decision.rule not in never_decides
        assert not {json.dumps(rule) for rule in decision.applied} & never_applies
        assert not (denies_all and decision.allow)


@examples(6)
@given(data=st.data(), key=st.sampled_from(sorted(set(ALL) - {"posture"})), event=requests(), now=MOMENTS)
def test_what_is_implied_holds(data: st.DataObject, key: str, event: dict[str, Any], now: float) -> None:
    narrow, wide = data.draw(ALL[key]), data.draw(ALL[key])
    if not block_implies({key: narrow}, {key: wide}):
        return
    rules = [allow("narrow", when={key: narrow}), allow("wide", when={key: wide})]
    evidence = Evidence.from_document(data.draw(EVIDENCE))
    decision = evaluate(read_policy(json.dumps({"rules": rules})), Request(event, "staff"), now, evidence)
    assert "narrow" not in decision.applied or "wide" in decision.applied


@examples(3)
@given(
    wide=st.text(st.sampled_from("ab*?"), max_size=5),
    narrow=st.text(st.sampled_from("ab*?"), max_size=5),
    text=st.text(st.sampled_from("abc"), max_size=6),
)
def test_a_covered_pattern_matches_nothing_more(wide: str, narrow: str, text: str) -> None:
    rules = [allow("narrow", when={"username": [narrow]}), allow("wide", when={"username": [wide]})]
    request = Request({"connection-id": "c", "endpoint-id": "e", "username": text})
    applied = evaluate(read_policy(json.dumps({"rules": rules})), request, NOW).applied
    if block_implies({"username": [narrow]}, {"username": [wide]}):
        assert "narrow" not in applied or "wide" in applied
    # A pattern covers itself, and * covers everything.
    assert block_implies({"username": [narrow]}, {"username": [narrow]})
    assert block_implies({"username": [narrow]}, {"username": ["*"]})


def test_a_thousand_rules_are_looked_through_in_no_time(tmp_path: Path) -> None:
    rules = [allow(f"r{number}", when={"username": [f"user{number}@example.com"]}) for number in range(1_000)]
    result = cvpn("validate", policy_file(tmp_path, {"rules": rules}), "-o", "json")
    assert {finding["severity"] for finding in result.json["findings"]} <= {"error"}  # its size, and no rule


def test_equal_values_of_a_key_that_nothing_is_known_of_imply_each_other() -> None:
    assert block_implies({"max_groups": 2}, {"max_groups": 2})
    assert not block_implies({"max_groups": 2}, {"max_groups": 3})
