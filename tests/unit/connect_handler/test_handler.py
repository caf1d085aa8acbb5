"""The entry point: every event gets a valid answer, and nothing but a valid policy ever lets anyone in."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_handler import handler as entry_point
from connect_handler.decision.evaluate import Decision
from connect_handler.decision_log import entry
from connect_handler.handler import ConnectHandler
from tests.examples import examples

from .contract import assert_valid, context, respond

ROOT = Path(__file__).parents[3]
EVENTS = {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "tests" / "events").glob("*.json"))}

EVERYBODY = {"rules": [{"name": "everybody", "effect": "allow"}]}
STAFF = {
    "rules": [
        {
            "name": "no-phones",
            "effect": "deny",
            "when": {"platform": ["ios", "android"]},
            "message": "No phones: {username}.",
        },
        {"name": "staff", "effect": "allow", "when": {"groups": ["engineering", "ops-*"]}},
        {"name": "devices", "effect": "allow", "when": {"common_name": ["laptop-*.corp.example"]}},
    ],
    "posture_rules": [
        {"status": "compliant", "when": {"platform": ["win"], "platform_version": ">= 10.0.19045"}},
        {"status": "outdated", "when": {"platform": ["win"], "platform_version": "< 10.0.19045"}},
    ],
    "default_posture_status": "unknown",
    "default_deny_message": "Denied ({rule}). Quote {connection_id}.",
}


def with_policy(policy: dict[str, Any] | str) -> ConnectHandler:
    return ConnectHandler({"POLICY": policy if isinstance(policy, str) else json.dumps(policy)})


def message_of(answer: dict[str, Any]) -> str:
    (message,) = [value for key, value in answer.items() if key.startswith("error-msg-on-")]
    return str(message)


@pytest.mark.parametrize(
    ("event", "allow", "message", "statuses"),
    [
        ("v3-saml-windows", True, "", ["compliant"]),
        ("v3-mutual-linux", True, "", ["unknown"]),
        (
            "v3-active-directory-mac",
            False,
            "Denied (implicit-deny). Quote cvpn-connection-0a1b2c3d4e5f67890.",
            ["unknown"],
        ),
        ("v3-mutual-and-saml-ipv6", True, "", ["compliant"]),
        ("v3-phone", False, "No phones: dora@example.com.", ["unknown"]),
        ("v2-saml-windows", True, "", ["compliant"]),
        ("v1-mutual-windows", True, "", ["outdated"]),
    ],
)
def test_each_kind_of_client_is_answered_by_the_policy(
    event: str, allow: bool, message: str, statuses: list[str]
) -> None:
    answer = respond(with_policy(STAFF), EVENTS[event], context())
    assert_valid(answer, EVENTS[event]["schema-version"])
    assert (answer["allow"], message_of(answer)) == (allow, message)
    assert answer["posture-compliance-statuses"] == statuses


@pytest.mark.parametrize("version", ["v1", "v2", "v3", "v4", "v17"])
def test_the_answer_is_in_the_schema_version_that_was_asked(version: str) -> None:
    for settings in (with_policy(EVERYBODY), with_policy("")):
        answer = respond(settings, EVENTS["v3-phone"] | {"schema-version": version}, context())
        assert_valid(answer, version)


def test_a_request_without_a_schema_version_is_taken_for_v2() -> None:
    event = {key: value for key, value in EVENTS["v2-saml-windows"].items() if key != "schema-version"}
    answer = respond(with_policy(EVERYBODY), event, context())
    assert_valid(answer, "v2")
    assert answer["allow"]


@pytest.mark.parametrize("version", ["", "3", "v", "v0", "V3", "v3 ", "v1234", 3, ["v3"], True])
def test_a_schema_version_that_is_none_is_denied_in_v2(version: Any) -> None:
    answer = respond(with_policy(EVERYBODY), EVENTS["v3-phone"] | {"schema-version": version}, context())
    assert_valid(answer, "v2")
    assert not answer["allow"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def expected_version(event: Any) -> str:
    version = event.get("schema-version") if isinstance(event, dict) else None
    known = isinstance(version, str) and version[:1] == "v" and version[1:] in map(str, range(1, 1000))
    return str(version) if known else "v2"


@examples(3)
@given(event=JSON)
def test_any_json_value_as_an_event_is_denied_with_a_valid_answer(event: Any) -> None:
    answer = respond(with_policy(EVERYBODY), event, context())
    assert_valid(answer, expected_version(event))
    assert not answer["allow"]


@examples(3)
@given(fields=st.dictionaries(st.sampled_from(list(EVENTS["v3-phone"])), JSON, min_size=1), data=st.data())
def test_a_request_with_any_json_in_its_fields_gets_a_valid_answer(fields: dict[str, Any], data: st.DataObject) -> None:
    event = EVENTS[data.draw(st.sampled_from(sorted(EVENTS)))] | fields
    answer = respond(with_policy(STAFF), event, context())
    assert_valid(answer, expected_version(event))
    text_fields = [field for field in event if field not in ("groups", "schema-version")]
    if any(not isinstance(event[field], str | None) for field in text_fields):
        assert not answer["allow"]


PACKED = base64.b64encode(gzip.compress(json.dumps(EVERYBODY).encode(), mtime=0)).decode()


def texts_of_policies() -> st.SearchStrategy[str]:
    whole = json.dumps(STAFF)
    return st.one_of(
        st.text(),
        JSON.map(json.dumps),
        st.dictionaries(st.sampled_from(list(STAFF)), JSON).map(json.dumps),
        JSON.map(lambda value: json.dumps({"rules": [value, {"name": "a", "effect": "allow", "when": value}]})),
        st.integers(0, len(whole) - 1).map(lambda end: whole[:end]),
        st.integers(0, len(PACKED) - 1).map(lambda end: PACKED[:end]),
        st.binary().map(lambda noise: base64.b64encode(noise).decode()),
        st.binary().map(lambda noise: base64.b64encode(gzip.compress(noise, mtime=0)).decode()),
    )


@examples(5)
@given(text=texts_of_policies(), event=st.sampled_from(sorted(EVENTS)))
def test_any_text_as_a_policy_denies_with_a_valid_answer(text: str, event: str) -> None:
    answer = respond(with_policy(text), EVENTS[event], context())
    assert_valid(answer, EVENTS[event]["schema-version"])
    assert not answer["allow"]


def test_without_a_policy_everybody_is_denied(capfd: pytest.CaptureFixture[str]) -> None:
    answer = respond(ConnectHandler({}), EVENTS["v3-saml-windows"], context())
    assert_valid(answer, "v3")
    assert not answer["allow"]
    line = json.loads(capfd.readouterr().out)
    assert line["reason"] == "policy-error"
    assert line["problems"] == ["the policy is missing; set the environment variable POLICY to a policy document"]


def test_a_packed_policy_is_read() -> None:
    assert respond(with_policy(PACKED), EVENTS["v3-phone"], context())["allow"]


def test_shadow_mode_allows_and_records_what_would_have_been(capfd: pytest.CaptureFixture[str]) -> None:
    settings = with_policy(STAFF | {"shadow_mode": True})
    answer = respond(settings, EVENTS["v3-phone"], context())
    assert_valid(answer, "v3")
    assert answer["allow"]
    assert message_of(answer) == ""
    line = json.loads(capfd.readouterr().out)
    assert line["shadow_mode"] is True
    assert (line["effect"], line["reason"], line["rule"]) == ("deny", "explicit-deny", "no-phones")
    assert line["message"] == "No phones: dora@example.com."


def test_shadow_mode_does_not_allow_what_is_no_request() -> None:
    assert not respond(with_policy(STAFF | {"shadow_mode": True}), {"username": "anna"}, context())["allow"]


def test_a_bug_of_ours_denies_and_is_told(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def broken(*_: Any) -> Decision:
        raise ZeroDivisionError("who would have thought")

    monkeypatch.setattr(entry_point, "evaluate", broken)
    answer = respond(with_policy(EVERYBODY), EVENTS["v3-phone"], context())
    assert_valid(answer, "v3")
    assert not answer["allow"]
    line = json.loads(capfd.readouterr().out)
    assert line["reason"] == "internal-error"
    assert "ZeroDivisionError: who would have thought" in line["problems"][0]


@pytest.mark.parametrize(
    ("qualifier", "alias"),
    [("live", "live"), ("staff", "staff"), ("v2", "v2"), (None, None), ("$LATEST", None), ("7", None)],
)
def test_the_alias_is_the_qualifier_that_was_invoked(
    qualifier: str | None, alias: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    policy = {"rules": [{"name": "here", "effect": "allow", "when": {"endpoint": ["live", "staff", "v2"]}}]}
    answer = respond(with_policy(policy), EVENTS["v3-phone"], context(qualifier))
    assert answer["allow"] == (alias is not None)
    assert json.loads(capfd.readouterr().out)["alias"] == alias


def test_a_log_line_that_cannot_be_made_costs_nobody_the_answer(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(entry, "build_entry", lambda *_, **__: 1 / 0)
    assert respond(with_policy(EVERYBODY), EVENTS["v3-phone"], context())["allow"]
    line = json.loads(capfd.readouterr().out)
    assert line["problems"] == ["the rest of this entry could not be written: ZeroDivisionError"]
    assert (line["effect"], line["reason"], line["Decisions"]) == ("allow", "allow-rule", 1)


def test_a_context_that_breaks_denies() -> None:
    class Broken:
        @property
        def invoked_function_arn(self) -> str:
            raise OSError

    answer = respond(with_policy(EVERYBODY), EVENTS["v3-phone"], Broken())
    assert_valid(answer, "v3")
    assert not answer["allow"]


def test_a_status_that_utf8_cannot_carry_does_not_break_the_answer() -> None:
    policy = EVERYBODY | {"posture_rules": [{"status": "\ud800"}], "default_posture_status": ""}
    answer = respond(with_policy(policy), EVENTS["v3-phone"], context())
    assert_valid(answer, "v3")
    assert answer["allow"]


def test_a_context_that_is_none_of_lambdas_does_no_harm() -> None:
    assert respond(with_policy(EVERYBODY), EVENTS["v3-phone"], None)["allow"]


def test_a_message_is_cut_to_what_aws_takes() -> None:
    policy = {
        "rules": [
            {"name": "a", "effect": "allow"},
            {"name": "b", "effect": "deny", "message": "No, {username}. " + "x" * 230},
        ]
    }
    answer = respond(with_policy(policy), EVENTS["v3-phone"] | {"username": "é" * 300}, context())
    assert_valid(answer, "v3")
    assert message_of(answer) == "No, " + "é" * 250 + "…"


def test_what_clients_write_into_their_attributes_is_not_expanded_and_brings_no_line_breaks() -> None:
    policy = {
        "rules": [
            {"name": "a", "effect": "allow"},
            {"name": "b", "effect": "deny", "message": "{rule}: {username} {platform}{common_name}\n{public_ip}"},
        ]
    }
    event = EVENTS["v3-phone"] | {"username": "{connection_id}\n{rule}\x07", "platform": "\ud800"}
    answer = respond(with_policy(policy), event, context())
    assert_valid(answer, "v3")
    assert message_of(answer) == "b: {connection_id} {rule}   \n198.51.100.23"


def test_a_cold_start_loads_nothing_that_the_runtime_client_has_not_loaded() -> None:
    """Each of these costs between 1 and 170 ms of everybody's connecting; they come late, where a rule needs them."""
    program = """
import contextlib, decimal, enum, functools, json, logging, operator, os, re, sys, threading, time, traceback
before = set(sys.modules)
from connect_handler.handler import handler
own = {name for name in sys.modules if name.startswith("connect_handler")}
assert handler({"connection-id": "c", "endpoint-id": "e", "public-ip": "192.0.2.1"}, None)["allow"]
assert own == {name for name in sys.modules if name.startswith("connect_handler")}
print(*sorted(name for name in set(sys.modules) - before if not name.startswith("connect_handler")), file=sys.stderr)
"""
    policy = {"rules": [{"name": "a", "effect": "allow", "when": {"public_ip": ["192.0.2.0/24"]}}]}
    result = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT / 'lambda_src')!r})\n{program}"],
        env={"POLICY": json.dumps(policy)},
        capture_output=True,
        text=True,
        check=True,
    )
    allowed = {"__future__", "_bisect", "_sha2", "_socket", "binascii", "bisect", "gc"}
    # The bundle's bytecode leaves out what only type checkers need.
    allowed |= {"_typing", "collections.abc", "typing", "typing.io", "typing.re"}
    if sys.version_info < (3, 12):
        allowed |= {"_sha256"}
    assert set(result.stderr.split()) <= allowed
