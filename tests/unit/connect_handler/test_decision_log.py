"""The decision log: one line of JSON per decision, which is a metric too."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connect_handler import handler as entry_point
from connect_handler.decision_log import entry
from connect_handler.decision_log.redaction import REDACTABLE
from connect_handler.handler import ConnectHandler
from cvpn.schemas.decision_log import decision_log_schema

from .contract import assert_valid, context, respond

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


SCHEMA = jsonschema.Draft202012Validator(decision_log_schema())


def settings(**environment: str) -> ConnectHandler:
    return ConnectHandler(
        {
            "POLICY": json.dumps(POLICY),
            "AWS_LAMBDA_FUNCTION_NAME": "AWSClientVPN-test",
            "AWS_LAMBDA_FUNCTION_VERSION": "7",
            **environment,
        }
    )


def logged(event: Any, capfd: pytest.CaptureFixture[str], **environment: str) -> dict[str, Any]:
    """Return the one line about an event, which is as the schema says."""
    respond(settings(**environment), event, context("staff"))
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == 1
    line: dict[str, Any] = json.loads(lines[0])
    SCHEMA.validate(line)
    return line


def test_a_line_says_everything_about_a_decision(capfd: pytest.CaptureFixture[str]) -> None:
    line = logged(EVENT, capfd)
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
        "ShadowRuleDifferences": 1,
    }
    assert isinstance(duration, int)
    assert len(digest) == 64
    assert time.endswith("Z")
    assert time[:19] == _utc(aws["Timestamp"])


def _utc(milliseconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")


NO_SHADOW = {"rules": POLICY["rules"][1:]}
SHADOW_MODE = NO_SHADOW | {"shadow_mode": True}
DECISIONS = ("Decisions", ["function_name", "effect", "reason"])
IN_SHADOW_MODE = ("ShadowModeDecisions", ["function_name"])
RULE_DIFFERS = ("ShadowRuleDifferences", ["function_name"])


@pytest.mark.parametrize(
    ("policy", "event", "metrics"),
    [
        (NO_SHADOW, EVENT, [DECISIONS]),
        (NO_SHADOW, {}, [DECISIONS]),
        (NO_SHADOW, "rubbish", [DECISIONS]),
        ({}, EVENT, [DECISIONS]),
        (SHADOW_MODE, EVENT, [DECISIONS, IN_SHADOW_MODE]),
        (SHADOW_MODE, EVENT | {"groups": [], "username": ""}, [DECISIONS, IN_SHADOW_MODE]),
        (SHADOW_MODE, {}, [DECISIONS]),
        (POLICY, EVENT, [DECISIONS, RULE_DIFFERS]),
        (POLICY, EVENT | {"groups": [], "username": ""}, [DECISIONS]),
        (POLICY | {"shadow_mode": True}, EVENT, [DECISIONS, IN_SHADOW_MODE, RULE_DIFFERS]),
    ],
)
def test_a_line_carries_the_metrics_of_what_happened(
    policy: Any, event: Any, metrics: list[tuple[str, list[str]]], capfd: pytest.CaptureFixture[str]
) -> None:
    line = logged(event, capfd, POLICY=json.dumps(policy))
    assert_embedded_metrics(line)
    directives = line["_aws"]["CloudWatchMetrics"]
    assert {directive["Namespace"] for directive in directives} == {"ClientVPNConnectHandler"}
    assert [(one["Metrics"][0]["Name"], one["Dimensions"][0]) for one in directives] == metrics
    assert {name for name in line if name[0].isupper()} == {name for name, _ in metrics}


def assert_embedded_metrics(line: dict[str, Any]) -> None:
    """The rules of the embedded metric format.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    assert set(line["_aws"]) == {"Timestamp", "CloudWatchMetrics"}
    assert type(line["_aws"]["Timestamp"]) is int
    assert len(json.dumps(line)) <= 1024 * 1024
    for directive in line["_aws"]["CloudWatchMetrics"]:
        assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
        assert 1 <= len(directive["Namespace"]) <= 1024
        for names in directive["Dimensions"]:
            assert 0 < len(names) <= 30
            for name in names:
                assert 1 <= len(name) <= 250
                assert isinstance(line[name], str)
                assert 1 <= len(line[name]) <= 1024
        assert 1 <= len(directive["Metrics"]) <= 100
        for metric in directive["Metrics"]:
            assert set(metric) <= {"Name", "Unit", "StorageResolution"}
            assert 1 <= len(metric["Name"]) <= 1024
            assert metric["Unit"] in {"Count", "Microseconds", "Milliseconds", "None"}
            assert type(line[metric["Name"]]) in (int, float)


def test_an_invalid_request_is_logged_with_what_is_wrong(capfd: pytest.CaptureFixture[str]) -> None:
    line = logged(EVENT | {"username": 7, "of-tomorrow": True}, capfd)
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
def test_a_line_stays_below_what_cloudwatch_logs_takes(event: Any, capfd: pytest.CaptureFixture[str]) -> None:
    answer = respond(settings(), event, context())
    assert_valid(answer, "v3" if isinstance(event, dict) else "v2")
    (text,) = capfd.readouterr().out.splitlines()
    assert len(text) < 256_000
    line = json.loads(text)
    assert line["truncated"] is True
    if isinstance(event, dict):
        assert line["request"]["connection-id"] == EVENT["connection-id"]


def test_a_line_stays_below_it_where_rules_and_messages_are_long(capfd: pytest.CaptureFixture[str]) -> None:
    when = {"platform_version": "< 10"}
    rules = [{"name": f"{n:03}" + "é" * 252, "effect": "deny", "when": when, "shadow": n > 200} for n in range(400)]
    rules.append({"name": "a", "effect": "deny", "message": "{username}"})
    rules.append({"name": "b", "effect": "allow"})
    event = EVENT | {"username": "é" * 1_000_000}
    answer = respond(ConnectHandler({"POLICY": json.dumps({"rules": rules})}), event, context())
    assert_valid(answer, "v3")
    (text,) = capfd.readouterr().out.splitlines()
    assert len(text) < 256_000
    line = json.loads(text)
    assert (line["truncated"], line["reason"], line["rule"]) == (True, "explicit-deny", rules[0]["name"])
    assert line["applied"] == [rule["name"] for rule in rules[:10]]


def test_a_message_in_the_log_is_the_one_that_was_shown(capfd: pytest.CaptureFixture[str]) -> None:
    policy = {"rules": [{"name": "a", "effect": "deny", "message": "{username}"}, {"name": "b", "effect": "allow"}]}
    answer = respond(ConnectHandler({"POLICY": json.dumps(policy)}), EVENT | {"username": "é" * 1_000}, context())
    assert json.loads(capfd.readouterr().out)["message"] == answer["error-msg-on-denied-connection"]


def test_a_policy_that_is_not_valid_is_known_by_its_digest(capfd: pytest.CaptureFixture[str]) -> None:
    respond(ConnectHandler({"POLICY": '{"rules":[]}'}), EVENT, context())
    line = json.loads(capfd.readouterr().out)
    assert line["reason"] == "policy-error"
    assert line["policy_digest"] == hashlib.sha256(b'{"rules":[]}').hexdigest()


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_number_that_json_does_not_have_leaves_the_line_json(value: float, capfd: pytest.CaptureFixture[str]) -> None:
    respond(settings(), EVENT | {"username": value}, context())
    line = json.loads(capfd.readouterr().out, parse_constant=pytest.fail)
    assert (line["reason"], line["request"]) == ("invalid-request", None)


def test_an_event_nested_too_deep_for_json_is_answered_and_logged(capfd: pytest.CaptureFixture[str]) -> None:
    event: Any = "x"
    for _ in range(100_000):
        event = [event]
    answer = respond(settings(), EVENT | {"username": event}, context())
    assert_valid(answer, "v3")
    assert not answer["allow"]
    line = json.loads(capfd.readouterr().out)
    assert (line["reason"], line["request"], line["truncated"]) == ("invalid-request", None, True)


def test_a_log_that_cannot_be_written_costs_nobody_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(_: int, __: bytes) -> int:
        raise BrokenPipeError

    monkeypatch.setattr(os, "write", closed)
    assert respond(settings(), EVENT, context())["allow"]


def test_a_line_is_written_as_a_whole_where_the_log_takes_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    written = bytearray()

    def slow(_: int, data: bytes) -> int:
        written.extend(data[:100])
        return min(len(data), 100)

    monkeypatch.setattr(os, "write", slow)
    respond(settings(), EVENT, context("staff"))
    assert written.count(b"\n") == 1
    assert json.loads(written)["request"] == EVENT


TEXTS = st.text(st.sampled_from('a"\\/\n\x00\x7fé\u2028\ud800😀'), max_size=3)


@example(texts={"username": 'an"na'}, groups=["x"], more={}, without=set())
@example(texts={"username": "corp\\anna"}, groups=["x"], more={}, without=set())
@given(
    texts=st.dictionaries(
        st.sampled_from([field for field in EVENT if field not in ("groups", "schema-version")]), TEXTS, max_size=2
    ),
    groups=st.one_of(st.lists(st.sampled_from(["x", "engineering"])), st.lists(TEXTS, max_size=3), TEXTS, st.none()),
    more=st.dictionaries(
        st.sampled_from([*EVENT, "of-tomorrow"]), st.sampled_from([None, "", 1, [], ["x"]]), max_size=2
    ),
    without=st.sets(st.sampled_from(sorted(EVENT)), max_size=1),
)
def test_a_line_says_what_was_sent_and_answered_whatever_it_is(
    texts: dict[str, str], groups: Any, more: dict[str, Any], without: set[str]
) -> None:
    event: dict[str, Any] = {**EVENT, **texts, "groups": groups, **more}
    event = {field: value for field, value in event.items() if field not in without}
    written: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entry_point, "write", written.append)
        answer = respond(settings(), event, context("staff"))
    (text,) = written
    assert text.isascii()
    assert text.isprintable()
    line = json.loads(text)
    SCHEMA.validate(line)
    assert line["request"] == {field: value for field, value in event.items() if field != "of-tomorrow"}
    assert line["answer"] == answer


def test_a_line_holds_no_line_breaks_of_the_clients(capfd: pytest.CaptureFixture[str]) -> None:
    line = logged(EVENT | {"username": 'a\n\r\u2028"}{"effect":"allow"}'}, capfd)
    assert line["request"]["username"] == 'a\n\r\u2028"}{"effect":"allow"}'


def test_the_answer_in_a_line_is_the_one_that_was_given(capfd: pytest.CaptureFixture[str]) -> None:
    answer = respond(settings(), EVENT, context("staff"))
    assert json.loads(capfd.readouterr().out)["answer"] == answer


REDACT = {"LOG_REDACT": "username,public_ip,groups", "LOG_REDACT_KEY": "k" * 64}
SHOWS_ALL = {
    "rules": [
        {"name": "a", "effect": "allow", "when": {"platform": ["mac"]}},
        {
            "name": "b",
            "effect": "deny",
            "when": {"platform": ["win"]},
            "message": "{username} {public_ip} {common_name} {connection_id} {platform}",
        },
    ]
}


def test_redacted_fields_are_hashes_and_the_others_stay(capfd: pytest.CaptureFixture[str]) -> None:
    line = logged(EVENT, capfd, **REDACT)
    assert line["redacted"] == ["username", "public-ip", "groups"]
    assert line["request"]["username"] == "redacted:" + keyed("anna@example.com")
    assert line["request"]["groups"] == ["redacted:" + keyed("engineering")]
    assert line["request"]["platform"] == "win"
    assert line["request"]["connection-id"] == EVENT["connection-id"]
    # Decided by what was sent, not by what is shown.
    assert line["rule"] == "staff"


def keyed(value: str) -> str:
    return hmac.new(b"k" * 64, value.encode(), "sha256").hexdigest()[:32]


def test_a_hash_is_the_same_for_the_same_key_and_another_for_another(capfd: pytest.CaptureFixture[str]) -> None:
    shown = [
        logged(EVENT, capfd, **{**REDACT, "LOG_REDACT_KEY": key})["request"]["username"] for key in ("a", "a", "b")
    ]
    assert shown[0] == shown[1] != shown[2]


def test_nothing_hides_that_a_field_is_empty_or_missing(capfd: pytest.CaptureFixture[str]) -> None:
    event = EVENT | {"username": "", "groups": []}
    del event["public-ip"]
    line = logged(event, capfd, **REDACT)
    assert (line["request"]["username"], line["request"]["groups"]) == ("", [])
    assert "public-ip" not in line["request"]


def test_the_message_in_the_log_is_redacted_and_the_one_that_is_shown_is_not(
    capfd: pytest.CaptureFixture[str],
) -> None:
    answer = respond(settings(POLICY=json.dumps(SHOWS_ALL), **REDACT), EVENT, context())
    line = json.loads(capfd.readouterr().out)
    message = answer["error-msg-on-denied-connection"]
    assert message == f"anna@example.com 198.51.100.23  {EVENT['connection-id']} win"
    hashes = [f"redacted:{keyed(value)}" for value in ("anna@example.com", "198.51.100.23")]
    assert line["message"] == f"{hashes[0]} {hashes[1]}  {EVENT['connection-id']} win"
    assert line["answer"] == answer | {"error-msg-on-denied-connection": line["message"]}


SECRET = "s3cr3t"


@given(
    hidden=st.sets(st.sampled_from(REDACTABLE), min_size=1),
    shape=st.sampled_from([SECRET, f'["{SECRET}"]', [SECRET], {SECRET: 1}, [[SECRET]], None]),
    policy=st.sampled_from([POLICY, SHOWS_ALL, {"rules": []}, SHOWS_ALL | {"shadow_mode": True}]),
    whole=st.booleans(),
)
def test_a_value_that_is_redacted_is_nowhere_in_the_line(
    hidden: set[str], shape: Any, policy: dict[str, Any], whole: bool
) -> None:
    event: Any = shape if whole else EVENT | dict.fromkeys(hidden, shape)
    written: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entry_point, "write", written.append)
        environment = {"LOG_REDACT": ",".join(hidden), "LOG_REDACT_KEY": "key", "POLICY": json.dumps(policy)}
        respond(settings(**environment), event, context())
    (text,) = written
    assert SECRET not in text
    SCHEMA.validate(json.loads(text))


def test_an_error_of_ours_says_where_it_was_but_not_what_it_saw(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> Any:
        raise ValueError(f"could not read\n {SECRET}\n{SECRET}")

    monkeypatch.setattr(entry_point, "evaluate", broken)
    line = logged(EVENT, capfd, **REDACT)
    assert "handler.py" in line["problems"][0]
    assert SECRET not in json.dumps(line)


def test_what_is_nested_too_deep_to_be_hashed_is_left_out(capfd: pytest.CaptureFixture[str]) -> None:
    event: Any = SECRET
    for _ in range(100_000):
        event = [event]
    line = logged(EVENT | {"username": event}, capfd, **REDACT)
    assert (line["reason"], line["request"], line["truncated"]) == ("invalid-request", None, True)


def test_a_line_that_cannot_be_made_does_not_say_what_of(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr(entry, "build_entry", broken)
    assert respond(settings(**REDACT), EVENT, context())["allow"]
    (text,) = capfd.readouterr().out.splitlines()
    line = json.loads(text)
    SCHEMA.validate(line)
    assert_embedded_metrics(line)
    assert line["problems"] == ["the rest of this entry could not be written: ZeroDivisionError"]
    assert (line["effect"], line["reason"]) == ("allow", "allow-rule")
    assert SECRET not in text


@pytest.mark.parametrize("fields", ["usrname", "username,", "connection_id"])
def test_a_field_that_cannot_be_redacted_hides_all_that_can(fields: str, capfd: pytest.CaptureFixture[str]) -> None:
    line = logged(EVENT, capfd, LOG_REDACT=fields, LOG_REDACT_KEY="key")
    assert line["redacted"] == list(REDACTABLE)
    assert "anna" not in json.dumps(line["request"])


def test_without_a_key_values_are_hidden_all_the_same(capfd: pytest.CaptureFixture[str]) -> None:
    shown = [logged(EVENT, capfd, LOG_REDACT="username")["request"]["username"] for _ in range(2)]
    assert all(value.startswith("redacted:") for value in shown)
    assert shown[0] != shown[1]


def test_of_a_share_of_allowed_connections_a_line_says_more_than_a_count(capfd: pytest.CaptureFixture[str]) -> None:
    lines = [
        logged(
            EVENT | {"connection-id": f"cvpn-connection-{number:017x}"},
            capfd,
            POLICY=json.dumps(NO_SHADOW),
            LOG_SAMPLE_ALLOWED="0.25",
        )
        for number in range(1000)
    ]
    whole = [line for line in lines if "sampled_out" not in line]
    assert 200 < len(whole) < 300
    for line in lines:
        assert (line["Decisions"], line["effect"]) == (1, "allow")
        assert line["request"]["connection-id"].startswith("cvpn-connection-")
        assert_embedded_metrics(line)
    short = next(line for line in lines if "sampled_out" in line)
    assert set(short["request"]) == {"connection-id", "endpoint-id", "schema-version"}
    assert not {"applied", "message", "answer"} & set(short)


@pytest.mark.parametrize(
    ("policy", "event"),
    [
        (POLICY, EVENT),
        (SHADOW_MODE, EVENT),
        (SHADOW_MODE, EVENT | {"groups": [], "username": ""}),
        (NO_SHADOW, EVENT | {"groups": [], "username": ""}),
        (NO_SHADOW, {}),
    ],
    ids=["shadow rule differs", "shadow mode", "shadow mode denies", "denied", "invalid"],
)
def test_what_is_no_plain_allow_is_always_logged(policy: Any, event: Any, capfd: pytest.CaptureFixture[str]) -> None:
    line = logged(event, capfd, POLICY=json.dumps(policy), LOG_SAMPLE_ALLOWED="0")
    assert "sampled_out" not in line


@pytest.mark.parametrize("share", ["", "many", "2", "-1", "nan"])
def test_a_share_that_is_none_samples_nothing_out(share: str, capfd: pytest.CaptureFixture[str]) -> None:
    line = logged(EVENT, capfd, POLICY=json.dumps(NO_SHADOW), LOG_SAMPLE_ALLOWED=share)
    assert "sampled_out" not in line
