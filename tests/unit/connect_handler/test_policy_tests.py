"""Test cases of a policy: what they ask, what they assert, and what is wrong with them."""

import json
from typing import Any

import pytest

from connect_handler.contract.request import Request
from connect_handler.policy.document import read_policy
from connect_handler.policy_tests import complete_event, read_cases

POLICY = read_policy(
    json.dumps(
        {
            "rules": [
                {
                    "name": "old",
                    "effect": "deny",
                    "when": {"platform_version": "< 10"},
                    "message": "Update, {username}.",
                },
                {"name": "staff", "effect": "allow", "when": {"groups": ["staff"], "endpoint": ["office"]}},
                {"name": "weekend", "effect": "allow", "when": {"time": {"days": ["sat", "sun"]}}},
            ],
            "posture_rules": [{"status": "phone", "when": {"platform": ["ios"]}}],
        }
    )
)
NEW = {"platform-version": "11"}
REQUEST = 'policy_tests[0] "one": request'


def case(**keys: Any) -> dict[str, Any]:
    return {"name": "one", "request": {}, "expect": {"effect": "deny"}} | keys


@pytest.mark.parametrize(
    ("keys", "differences"),
    [
        (
            {
                "request": NEW | {"groups": ["Staff"]},
                "endpoint": "office",
                "expect": {"effect": "allow", "rule": "staff"},
            },
            [],
        ),
        (
            {
                "request": NEW | {"groups": ["staff"]},
                "expect": {"effect": "allow", "rule": "staff"},
                "at": "2026-03-02T09:00:00Z",
            },
            [("effect", "allow", "deny"), ("rule", "staff", None)],
        ),
        (
            {
                "request": NEW,
                "at": "2026-03-02T09:00:00Z",
                "expect": {"effect": "deny", "reason": "implicit-deny", "rule": None},
            },
            [],
        ),
        ({"request": NEW, "at": "2026-03-01T09:00:00Z", "expect": {"effect": "allow", "reason": "allow-rule"}}, []),
        (
            {"request": {"username": "anna"}, "expect": {"effect": "deny", "rule": "old", "message": "Update, anna."}},
            [],
        ),
        (
            {"request": {"platform": "ios"}, "expect": {"effect": "deny", "reason": "implicit-deny", "posture": []}},
            [("reason", "implicit-deny", "explicit-deny"), ("posture", [], ["phone"])],
        ),
    ],
)
def test_a_case_differs_in_what_it_asks_for_and_the_policy_says_otherwise(
    keys: dict[str, Any], differences: list[tuple[str, Any, Any]]
) -> None:
    cases, problems = read_cases([case(**keys)])
    assert problems == []
    decision, found = cases[0].run(POLICY, 0)
    assert found == differences
    assert decision.allow == (dict(keys["expect"])["effect"] == "allow") or differences[0][0] == "effect"


def test_a_case_without_a_time_is_asked_at_the_time_of_the_run() -> None:
    (at_any_time,), _ = read_cases([case(request=NEW, expect={"effect": "allow"})])
    sunday, monday = 3 * 86_400, 4 * 86_400
    assert at_any_time.run(POLICY, sunday)[1] == []
    assert at_any_time.run(POLICY, monday)[1] == [("effect", "allow", "deny")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ["policy_tests is null; write a list of test cases"]),
        (["x"], ['policy_tests[0] is "x"; write an object with name, request and expect']),
        ([case(nmae=1)], ['policy_tests[0] "one" has the unknown key "nmae"; did you mean "name"?']),
        ([case(name="")], ['policy_tests[0]: name is ""; write one that no other test case has']),
        (
            [case(), case()],
            ['policy_tests[1]: name is "one", as that of policy_tests[0]; write one that no other test case has'],
        ),
        (
            [case(request={"public_ip": "10.0.0.1"})],
            ['policy_tests[0] "one": request has the unknown key "public_ip"; did you mean "public-ip"?'],
        ),
        (
            [case(request={"groups": 5})],
            [f"{REQUEST} is not valid: groups is of type int, not a list; write it as Client VPN sends it"],
        ),
        (
            [case(request=None)],
            [f'{REQUEST} is null; write an object such as {{ username = "anna", groups = ["staff"] }}'],
        ),
        (
            [case(at="noon")],
            ['policy_tests[0] "one": at is "noon"; write RFC 3339 with an offset, such as "2026-12-24T18:00:00Z"'],
        ),
        ([case(endpoint=5)], ['policy_tests[0] "one": endpoint is 5; write an endpoint\'s key']),
        ([case(expect={})], ['policy_tests[0] "one": expect.effect is null; write "allow" or "deny"']),
        (
            [case(expect=[])],
            ['policy_tests[0] "one": expect is a list; write an object such as { effect = "allow", rule = "staff" }'],
        ),
        (
            [case(expect={"effect": "deny", "reason": "implicitdeny"})],
            ['policy_tests[0] "one": expect.reason is "implicitdeny"; did you mean "implicit-deny"?'],
        ),
        (
            [case(expect={"effect": "deny", "rule": 1, "posture": "x", "message": 2, "rulle": 3})],
            [
                'policy_tests[0] "one": expect has the unknown key "rulle"; did you mean "rule"?',
                'policy_tests[0] "one": expect.rule is 1; write a rule\'s name, or null for no rule',
                'policy_tests[0] "one": expect.message is 2; write the text that the user should be shown',
                'policy_tests[0] "one": expect.posture is "x"; write a list of statuses, in their order',
            ],
        ),
    ],
)
def test_what_is_wrong_with_a_case_is_said_and_it_does_not_run(value: Any, expected: list[str]) -> None:
    cases, problems = read_cases(value)
    assert problems == expected
    assert len(cases) == (1 if value == [case(), case()] else 0)


@pytest.mark.parametrize(
    ("version", "groups", "client"), [("v1", None, None), ("v2", (), None), ("v3", (), ""), ("v4", (), "")]
)
def test_an_event_is_completed_with_what_its_schema_version_has(
    version: str, groups: tuple[str, ...] | None, client: str | None
) -> None:
    request = Request(complete_event({"schema-version": version, "username": "anna"}))
    assert (request.groups, request.aws_client_version) == (groups, client)
    assert (request.username, request.platform, request.public_ip) == ("anna", "", "")
