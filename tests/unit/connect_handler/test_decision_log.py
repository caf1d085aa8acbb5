"""The decision log: one line of JSON per decision, which is a metric too."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

import pytest

from connect_handler import handler
from connect_handler.settings import Settings

from .contract import assert_valid, context

EVENT = {
    "connection-id": "cvpn-connection-0a1b2c3d4e5f67890",
    "endpoint-id": "cvpn-endpoint-0123456789abcdef0",
    "common-name": "",
    "username": "anna@example.com",
    "platform": "win",
    "platform-version": "",
    "public-ip": "198.51.100.23",
    "client-openvpn-version": "2.6.12",
    "aws-client-version": "5.3.4",
    "groups": ["engineering"],
    "schema-version": "v3",
}
POLICY = {
    "rules": [
        {"name": "old", "effect": "deny", "when": {"platform": ["win"], "platform_version": "< 10"}, "shadow": True},
        {"name": "legacy", "effect": "allow", "when": {"platform_version": "< 10"}},
        {"name": "staff", "effect": "allow", "when": {"groups": ["engineering"]}},
        {"name": "anna", "effect": "allow", "when": {"username": ["anna@*"]}},
    ],
    "default_posture_status": "unknown",
}


def settings() -> Settings:
    return Settings(
        {
            "POLICY": json.dumps(POLICY),
            "AWS_LAMBDA_FUNCTION_NAME": "AWSClientVPN-test",
            "AWS_LAMBDA_FUNCTION_VERSION": "7",
        }
    )


def logged(event: Any, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    answer = handler.answer(settings(), event, context("staff"))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    line: dict[str, Any] = json.loads(lines[0])
    assert line["answer"] == answer
    return line


def test_a_line_says_everything_about_a_decision(capsys: pytest.CaptureFixture[str]) -> None:
    line = logged(EVENT, capsys)
    duration, aws, time, digest = (line.pop(key) for key in ("duration_us", "_aws", "time", "policy_digest"))
    assert line == {
        "effect": "allow",
        "reason": "allow-rule",
        "rule": "staff",
        "applied": ["staff", "anna"],
        "unknown": [
            {"rule": "old", "conditions": ["when.platform_version"]},
            {"rule": "legacy", "conditions": ["when.platform_version"]},
        ],
        "shadow": {"effect": "deny", "reason": "explicit-deny", "rule": "old", "applied": ["old"]},
        "shadow_mode": False,
        "posture": ["unknown"],
        "message": "",
        "problems": [],
        "request": EVENT,
        "answer": {
            "allow": True,
            "error-msg-on-denied-connection": "",
            "posture-compliance-statuses": ["unknown"],
            "schema-version": "v3",
        },
        "function_name": "AWSClientVPN-test",
        "function_version": "7",
        "alias": "staff",
        "Decisions": 1,
    }
    assert isinstance(duration, int)
    assert len(digest) == 64
    assert time.endswith("Z")
    assert time[:19] == _utc(aws["Timestamp"])


def _utc(milliseconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.mark.parametrize("event", [EVENT, {}, "rubbish"])
def test_every_line_is_a_metric_whose_dimensions_it_holds(event: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """As the embedded metric format wants it: every dimension and every metric is a member at the top of the line."""
    line = logged(event, capsys)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "ClientVPNConnectHandler"
    for dimensions in directive["Dimensions"]:
        assert dimensions == ["function_name", "effect", "reason"]
        assert all(isinstance(line[name], str) and line[name] for name in dimensions)
    (metric,) = directive["Metrics"]
    assert metric == {"Name": "Decisions", "Unit": "Count"}
    assert line["Decisions"] == 1


def test_an_invalid_request_is_logged_with_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    line = logged(EVENT | {"username": 7, "of-tomorrow": True}, capsys)
    assert (line["effect"], line["reason"], line["rule"]) == ("deny", "invalid-request", None)
    assert line["problems"] == ["username is of type int, not a string"]
    assert line["request"] == EVENT | {"username": 7}


@pytest.mark.parametrize(
    "event",
    [
        "x" * 3_000_000,
        ["x"] * 1_000_000,
        EVENT | {"username": "é" * 1_000_000},
        EVENT | {"groups": ["g" * 100] * 20_000},
        EVENT | {"username": {"a": "x" * 1_000_000}},
    ],
    ids=["text", "list", "field", "groups", "object"],
)
def test_a_line_stays_below_what_cloudwatch_logs_takes(event: Any, capsys: pytest.CaptureFixture[str]) -> None:
    answer = handler.answer(settings(), event, context())
    assert_valid(answer, "v3" if isinstance(event, dict) else "v2")
    (text,) = capsys.readouterr().out.splitlines()
    assert len(text) < 256_000
    line = json.loads(text)
    assert line["truncated"] is True
    if isinstance(event, dict):
        assert line["request"]["connection-id"] == EVENT["connection-id"]


def test_a_line_stays_below_it_where_rules_and_messages_are_long(capsys: pytest.CaptureFixture[str]) -> None:
    when = {"platform_version": "< 10"}
    rules = [{"name": f"{n:03}" + "é" * 252, "effect": "deny", "when": when, "shadow": n > 200} for n in range(400)]
    rules.append({"name": "a", "effect": "deny", "message": "{username}"})
    rules.append({"name": "b", "effect": "allow"})
    event = EVENT | {"username": "é" * 1_000_000}
    answer = handler.answer(Settings({"POLICY": json.dumps({"rules": rules})}), event, context())
    assert_valid(answer, "v3")
    (text,) = capsys.readouterr().out.splitlines()
    assert len(text) < 256_000
    line = json.loads(text)
    assert (line["truncated"], line["reason"], line["rule"]) == (True, "explicit-deny", rules[0]["name"])
    assert line["applied"] == [rule["name"] for rule in rules[:10]]


def test_a_message_in_the_log_is_the_one_that_was_shown(capsys: pytest.CaptureFixture[str]) -> None:
    policy = {"rules": [{"name": "a", "effect": "deny", "message": "{username}"}, {"name": "b", "effect": "allow"}]}
    answer = handler.answer(Settings({"POLICY": json.dumps(policy)}), EVENT | {"username": "é" * 1_000}, context())
    assert json.loads(capsys.readouterr().out)["message"] == answer["error-msg-on-denied-connection"]


def test_a_policy_that_is_not_valid_is_known_by_its_digest(capsys: pytest.CaptureFixture[str]) -> None:
    handler.answer(Settings({"POLICY": '{"rules":[]}'}), EVENT, context())
    line = json.loads(capsys.readouterr().out)
    assert line["reason"] == "policy-error"
    assert line["policy_digest"] == hashlib.sha256(b'{"rules":[]}').hexdigest()


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_number_that_json_does_not_have_leaves_the_line_json(
    value: float, capsys: pytest.CaptureFixture[str]
) -> None:
    handler.answer(settings(), EVENT | {"username": value}, context())
    line = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert (line["reason"], line["request"]) == ("invalid-request", None)


def test_an_event_nested_too_deep_for_json_is_answered_and_logged(capsys: pytest.CaptureFixture[str]) -> None:
    event: Any = "x"
    for _ in range(100_000):
        event = [event]
    answer = handler.answer(settings(), EVENT | {"username": event}, context())
    assert_valid(answer, "v3")
    assert not answer["allow"]
    line = json.loads(capsys.readouterr().out)
    assert (line["reason"], line["request"], line["truncated"]) == ("invalid-request", None, True)


def test_a_log_that_cannot_be_written_costs_nobody_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed:
        def write(self, _: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Closed())
    assert handler.answer(settings(), EVENT, context())["allow"]


def test_a_line_holds_no_line_breaks_of_the_clients(capsys: pytest.CaptureFixture[str]) -> None:
    line = logged(EVENT | {"username": 'a\n\r\u2028"}{"effect":"allow"}'}, capsys)
    assert line["request"]["username"] == 'a\n\r\u2028"}{"effect":"allow"}'
