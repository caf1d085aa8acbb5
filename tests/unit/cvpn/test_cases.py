"""`cvpn test`: test cases from wherever they are, and their results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from .running import cvpn, policy_file

POLICY: dict[str, Any] = {
    "rules": [
        {"name": "staff", "effect": "allow", "when": {"groups": ["staff"], "endpoint": ["office"]}},
        {"name": "monday", "effect": "allow", "when": {"time": {"days": ["mon"]}}},
    ]
}
CASES: list[dict[str, Any]] = [
    {
        "name": "staff <in the office>",
        "request": {"groups": ["staff"]},
        "endpoint": "office",
        "at": "2026-11-24T09:00:00Z",
        "expect": {"effect": "allow", "rule": "staff", "posture": []},
    },
    {
        "name": "nobody on tuesday",
        "request": {},
        "at": "2026-11-24T09:00:00+01:00",
        "expect": {"effect": "deny", "reason": "implicit-deny", "rule": None},
    },
]
FAILING = {"name": "fails", "request": {}, "at": "2026-11-23T09:00:00Z", "expect": {"effect": "deny", "rule": None}}

YAML = """\
- name: staff <in the office>
  request: { groups: [staff] }
  endpoint: office
  at: 2026-11-24T09:00:00Z
  expect: { effect: allow, rule: staff }
"""
HCL = """\
policy_tests = [
  {
    name    = "nobody on tuesday"
    request = { username = "anna", public-ip = "198.51.100.7" }
    at      = "2026-11-24T09:00:00Z"
    expect  = { effect = "deny", reason = "implicit-deny" }
  },
]
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


@pytest.mark.parametrize(
    ("name", "content", "number"),
    [
        ("cases.json", json.dumps(CASES), 2),
        ("cases.json", json.dumps({"policy_tests": CASES}), 2),
        ("cases.yaml", YAML, 1),
        ("cases", YAML, 1),
        ("cases.yml", json.dumps(CASES), 2),
        ("cases.yml", "policy_tests:\n" + YAML, 1),
        ("cases.tfvars", HCL, 1),
        ("cases.hcl", HCL, 1),
    ],
)
def test_cases_are_read_from_files(policy: Path, tmp_path: Path, name: str, content: str, number: int) -> None:
    (tmp_path / name).write_text(content)
    result = cvpn("test", "-p", policy, tmp_path / name, "-o", "json")
    assert (result.status, result.json["passed"], result.json["failed"]) == (0, number, 0)


def test_cases_beside_the_policy_are_the_default(tmp_path: Path) -> None:
    (tmp_path / "terraform.tfvars").write_text('rules = [{ name = "all", effect = "allow" }]\n' + HCL)
    result = cvpn("test", "-p", tmp_path)
    assert result.status == 2
    assert result.out.splitlines() == [
        "FAIL  nobody on tuesday",
        '        effect: expected "deny", came "allow"',
        '        reason: expected "implicit-deny", came "allow-rule"',
        "1 test cases, 0 passed, 1 failed",
    ]


def test_the_clock_of_cases_without_one_can_be_set(policy: Path, tmp_path: Path) -> None:
    case = {"name": "monday", "request": {}, "expect": {"effect": "allow"}}
    (tmp_path / "cases.json").write_text(json.dumps([case]))
    assert cvpn("test", "-p", policy, tmp_path / "cases.json", "--at", "2026-11-23T09:00:00Z").status == 0
    assert cvpn("test", "-p", policy, tmp_path / "cases.json", "--at", "2026-11-24T09:00:00Z").status == 2


def test_junit_says_what_failed(policy: Path, tmp_path: Path) -> None:
    (tmp_path / "cases.json").write_text(json.dumps([*CASES, FAILING | {"name": "fails \x1b"}]))
    result = cvpn("test", "-p", policy, tmp_path / "cases.json", "-o", "junit")
    assert result.status == 2
    (suite,) = ElementTree.fromstring(result.out)
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    assert [case.get("name") for case in suite] == ["staff <in the office>", "nobody on tuesday", "fails \\u001b"]
    assert [failure.get("message") for failure in suite.iter("failure")] == [
        'effect: expected "deny", came "allow"; rule: expected null, came "monday"'
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "cases.yaml",
            "- name: a\n  request: {}\n  expect: { efect: deny, effect: deny }\n",
            ':3:13: error: policy_tests[0] "a": expect has the unknown key "efect"; did you mean "effect"?',
        ),
        (
            "cases.tfvars",
            'policy_tests = [\n  { name = "a", request = {}, expect = { effect = "no" } }\n]\n',
            ':2:42: error: policy_tests[0] "a": expect.effect is "no"; write "allow" or "deny"',
        ),
        ("cases.yaml", "a: [", ":1:5: is not YAML: expected the node content, but found '<stream end>'"),
        ("cases.yaml", "a: 1", ": has no policy_tests; write a list of test cases, or an object with policy_tests"),
        ("cases.json", "[]", "policy_tests is empty; write at least one test case"),
        ("cases.json", "{", ":1:2: is not JSON: expected a key in double quotes, found the end of the file"),
        ("cases.yaml", "!!python/object:os.system {}", ":1:1: is not YAML: could not determine a constructor"),
    ],
)
def test_bad_cases_are_refused_with_their_place(
    policy: Path, tmp_path: Path, name: str, content: str, message: str
) -> None:
    (tmp_path / name).write_text(content)
    result = cvpn("test", "-p", policy, tmp_path / name)
    assert (result.status, result.out) == (1, "")
    assert message in result.err
    assert len(result.err.splitlines()) == 1


def test_a_policy_without_cases_is_told(policy: Path) -> None:
    result = cvpn("test", "-p", policy)
    assert (result.status, result.err) == (1, f"cvpn: {policy}: has no policy_tests; name a file of test cases\n")


def test_an_invalid_policy_is_told_first(tmp_path: Path) -> None:
    file = policy_file(tmp_path, {"rules": [{"name": "a", "effect": "allow", "whn": {}}, {"nme": 1}]})
    result = cvpn("test", "-p", file)
    assert result.status == 3
    assert result.err.splitlines() == [
        f'{file}:1:45: error: rules[0] "a" has the unknown key "whn"; did you mean "when"?',
        f'{file}:1:57: error: rules[1]: name is missing; write one that no other rule has: name = "staff"',
        f'{file}:1:58: error: rules[1] has the unknown key "nme"; did you mean "name"?',
        f'{file}:1:57: error: rules[1]: effect is missing; write "allow" or "deny"',
    ]


def test_cases_beside_the_policy_are_validated_with_it(tmp_path: Path) -> None:
    file = tmp_path / "terraform.tfvars"
    file.write_text('rules = [{ name = "all", effect = "allow" }]\n' + HCL.replace("reason", "resaon"))
    result = cvpn("validate", file)
    assert result.status == 3
    assert f'{file}:7:34: error: policy_tests[0] "nobody on tuesday": expect has the unknown key "resaon"' in result.out
