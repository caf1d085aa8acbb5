"""`cvpn simulate`: what is asked, and what is printed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from .running import EVENTS, cvpn, decision_line, policy_file

POLICY = {
    "rules": [
        {
            "name": "old",
            "effect": "deny",
            "when": {"platform": ["win"], "platform_version": "< 10"},
            "message": "Update, {username}.",
        },
        {"name": "staff", "effect": "allow", "when": {"groups": ["staff"], "time": {"days": ["mon"]}}},
        {"name": "partners", "effect": "allow", "when": {"endpoint": ["partners"], "groups": ["partners"]}},
        {"name": "later", "effect": "deny", "when": {"groups": ["staff"]}, "shadow": True},
    ],
    "posture_rules": [{"status": "phone", "when": {"platform": ["ios"]}}],
    "default_deny_message": "Denied: {rule}.",
}
MONDAY = "2026-11-23T09:00:00Z"
MONDAY_SECONDS = 1795424400.0


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


def test_an_allowed_request(policy: Path) -> None:
    result = cvpn("simulate", "-p", policy, "--group", "x", "--group", "Staff", "--at", MONDAY, "--platform", "ios")
    assert (result.status, result.err) == (0, "")
    assert result.out.splitlines() == [
        "ALLOW",
        'Allowed by rule "staff".',
        "Posture: phone",
        'With shadow rules: DENY. Denied with an explicit deny in rule "later".',
    ]


def test_an_explicit_deny_shows_the_message_and_what_was_unknown(policy: Path) -> None:
    result = cvpn("simulate", "-p", policy, "--username", "anna", "--platform", "win")
    assert result.status == 2
    assert result.out.splitlines() == [
        "DENY",
        'Denied with an explicit deny in rule "old".',
        "Message: Update, anna.",
        "Unknown: old (when.platform_version)",
    ]


def test_an_implicit_deny(policy: Path) -> None:
    result = cvpn("simulate", "-p", policy, "--platform", "mac")
    assert result.status == 2
    assert result.out.splitlines() == [
        "DENY",
        "Denied because no rule allows the connection (implicit deny).",
        "Message: Denied: implicit-deny.",
    ]


def test_a_request_of_schema_v1_has_no_groups(policy: Path) -> None:
    result = cvpn("simulate", "-p", policy, "--schema-version", "v1", "--at", MONDAY, "-o", "json")
    assert result.json["unknown"] == [
        {"rule": "staff", "conditions": ["when.groups"]},
        {"rule": "later", "conditions": ["when.groups"]},
    ]
    assert result.json["answer"]["error-msg-on-failed-posture-compliance"] == "Denied: implicit-deny."


def test_the_endpoint_and_the_clock_are_the_callers(policy: Path) -> None:
    assert cvpn("simulate", "-p", policy, "--group", "partners", "--endpoint", "partners").status == 0
    assert cvpn("simulate", "-p", policy, "--group", "partners", "--endpoint", "office").status == 2
    assert cvpn("simulate", "-p", policy, "--endpoint", "office").out.startswith("DENY\n")
    assert cvpn("simulate", "-p", policy, "--group", "staff", "--at", "2026-11-24T09:00:00Z").status == 2


def test_shadow_mode_is_said(tmp_path: Path) -> None:
    file = policy_file(tmp_path, POLICY | {"shadow_mode": True})
    result = cvpn("simulate", "-p", file, "--platform", "mac")
    assert result.status == 2
    assert result.out.splitlines()[-1] == "Shadow mode is on: the connection would be established all the same."
    assert cvpn("simulate", "-p", file, "--platform", "mac", "-o", "json").json["answer"]["allow"] is True


def test_an_invalid_request_is_denied_as_the_function_denies_it(policy: Path) -> None:
    result = cvpn("simulate", "-p", policy, "-", stdin=b'{"connection-id": "c", "endpoint-id": "e", "groups": 5}')
    assert result.status == 2
    assert result.out.splitlines() == [
        "DENY",
        "Denied because the request is not valid: groups is of type int, not a list.",
        "Message: Access denied (invalid-request). Contact your administrator.",
    ]


def test_json_has_the_keys_of_the_decision_log(policy: Path) -> None:
    event = json.loads((EVENTS / "v3-saml-windows.json").read_text())
    logged = json.loads(decision_line(POLICY, event, MONDAY_SECONDS, "partners"))
    arguments = ("--endpoint", "partners", "--at", MONDAY, "-o", "json")
    answer = cvpn("simulate", "-p", policy, EVENTS / "v3-saml-windows.json", *arguments).json
    assert answer.pop("policy_digest") == logged["policy_digest"]
    assert {key: logged[key] for key in answer} == answer
    of_the_function = {"policy_digest", "function_name", "function_version", "duration_us", "Decisions", "_aws"}
    assert set(logged) - set(answer) == of_the_function


# --- where requests come from ----------------------------------------------------------------------------------------

EVENT = {
    "connection-id": "cvpn-connection-1",
    "endpoint-id": "cvpn-endpoint-1",
    "groups": ["staff"],
    "platform": "mac",
    "username": "anna",
}
LOGGED = decision_line(POLICY, EVENT, MONDAY_SECONDS, "office")
CONNECTION = {
    "connection-log-type": "connection-attempt",
    "connection-attempt-status": "failed",
    "connection-id": "cvpn-connection-1",
    "client-vpn-endpoint-id": "cvpn-endpoint-1",
    "connection-start-time": "2026-11-23 09:00:00",
    "common-name": "NA",
    "username": "anna",
    "device-type": "win",
    "device-ip": "198.51.100.7",
}
PRETTY = json.dumps(EVENT, indent=2)


@pytest.mark.parametrize(
    ("content", "number"),
    [
        (PRETTY, 1),
        (json.dumps(EVENT), 1),
        (json.dumps([EVENT, EVENT]), 2),
        (json.dumps([EVENT, EVENT], indent=1), 2),
        (f"{json.dumps(EVENT)}\n\n{json.dumps(EVENT)}\n", 2),
        (LOGGED, 1),
        (f"START RequestId: 1 Version: 2\n{LOGGED}\nEND RequestId: 1\nREPORT RequestId: 1\tDuration: 1 ms\n", 1),
        (f"2026-11-23T09:00:00.000Z {LOGGED}\n", 1),
        (f"2026-11-23T09:00:00.000000+00:00 2026/11/23/[3]0a1b {LOGGED}\n", 1),
        ("2026-11-23T09:00:00.000000+00:00 2026/11/23/[3]0a1b INIT_START Runtime Version: x\n" + LOGGED, 1),
        (json.dumps({"events": [{"message": LOGGED + "\n", "timestamp": 1}] * 3}, indent=2), 3),
        (json.dumps({"messageType": "DATA_MESSAGE", "logEvents": [{"id": "1", "message": LOGGED}]}), 1),
        (json.dumps({"timestamp": 1, "message": LOGGED}), 1),
        (f'{{"time":"x","type":"platform.start","record":{{}}}}\n{LOGGED}', 1),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_requests_are_found_in_whatever_holds_them(
    policy: Path, tmp_path: Path, content: str, number: int, packed: bool
) -> None:
    file = tmp_path / "requests"
    file.write_bytes(gzip.compress(content.encode(), mtime=0) if packed else content.encode())
    result = cvpn("simulate", "-p", policy, file, "-o", "json")
    assert len(result.json_lines) == number
    assert {line["request"]["username"] for line in result.json_lines} == {"anna"}
    assert result.err == ""
    from_stdin = cvpn("simulate", "-p", policy, "-", "-o", "json", stdin=file.read_bytes())
    assert [line["request"] for line in from_stdin.json_lines] == [line["request"] for line in result.json_lines]


def test_a_logged_request_is_asked_at_its_own_time_and_endpoint(policy: Path) -> None:
    result = cvpn("simulate", "-p", policy, "-", "-o", "json", stdin=LOGGED.encode())
    assert (result.status, result.json["time"], result.json["alias"]) == (0, "2026-11-23T09:00:00.000Z", "office")
    tuesday = ("--at", "2026-11-24T09:00:00Z")
    assert cvpn("simulate", "-p", policy, "-", *tuesday, stdin=LOGGED.encode()).status == 2


def test_a_connection_log_has_no_groups_and_says_so(policy: Path) -> None:
    lines = [
        {**CONNECTION, "connection-attempt-status": "waiting-for-assertion"},
        CONNECTION,
        {**CONNECTION, "connection-log-type": "connection-reset"},
    ]
    content = "\n".join(map(json.dumps, lines)).encode()
    result = cvpn("simulate", "-p", policy, "-", "-o", "json", stdin=content)
    assert result.json["request"] == {
        "connection-id": "cvpn-connection-1",
        "endpoint-id": "cvpn-endpoint-1",
        "common-name": "",
        "username": "anna",
        "platform": "win",
        "public-ip": "198.51.100.7",
        "schema-version": "v3",
    }
    assert result.json["time"] == "2026-11-23T09:00:00.000Z"
    assert result.json["rule"] == "old"
    assert result.err.startswith("A connection log has no platform-version, client-openvpn-version")


def test_options_change_the_requests_of_a_file(policy: Path) -> None:
    result = cvpn("simulate", "-p", policy, "-", "--group", "none", "-o", "json", stdin=LOGGED.encode())
    assert result.json["request"] == EVENT | {"groups": ["none"]}


def test_many_requests_are_a_line_each(policy: Path) -> None:
    result = cvpn("simulate", "-p", policy, "-", stdin=f"{LOGGED}\n{json.dumps(EVENT | {'platform': 'win'})}".encode())
    assert [line.split() for line in result.out.splitlines()] == [
        ["ALLOW", "allow-rule", "staff", "anna", "cvpn-connection-1"],
        ["DENY", "explicit-deny", "old", "anna", "cvpn-connection-1"],
    ]
    assert result.status == 2


def test_a_bad_line_costs_itself_and_the_exit_status(policy: Path) -> None:
    lines = [LOGGED, "oops", '{"answer": {}, "request": {}, "time": 5}', "{", LOGGED]
    result = cvpn("simulate", "-p", policy, "-", "-o", "json", stdin="\n".join(lines).encode() + b"\n\xff\n")
    assert result.status == 1
    assert len(result.json_lines) == 2
    assert result.err.splitlines() == [
        "cvpn: -:2: is not JSON: Expecting value: line 1 column 1 (char 0)",
        "cvpn: -:3: is a decision without a time",
        "cvpn: -:4: is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        "cvpn: -:6: is not UTF-8 text",
    ]


def test_a_denial_after_a_bad_line_does_not_change_the_exit_status(policy: Path) -> None:
    denied = json.dumps(EVENT | {"platform": "win"})
    result = cvpn("simulate", "-p", policy, "-", stdin=f"{LOGGED}\noops\n{denied}\n".encode())
    assert [line.split()[0] for line in result.out.splitlines()] == ["ALLOW", "DENY"]
    assert result.status == 1


def test_a_broken_first_line_does_not_take_the_others_along(policy: Path) -> None:
    result = cvpn("simulate", "-p", policy, "-", "-o", "json", stdin=f'{{"a": \n{LOGGED}\n{LOGGED}\n'.encode())
    assert (result.status, len(result.json_lines)) == (1, 2)
    assert result.err.startswith("cvpn: -:1: is not JSON")


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        ([], b"", "Name a request: a file, - for standard input, or options such as --username."),
        (["-"], b"", "There are no requests to decide on."),
        (["--at", "noon", "-"], b"{}", "write RFC 3339 with an offset, such as 2026-12-24T18:00:00Z"),
        (["--usrname", "x"], b"", "No such option"),
        (["--function", "corp", "--username", "x"], b"", "Name a policy with --function or with files, not both."),
        (["nowhere.json"], b"", "cvpn: nowhere.json: cannot be read: No such file or directory"),
        (["."], b"", "cvpn: .: cannot be read: Is a directory"),
    ],
)
def test_a_command_that_cannot_work_says_why(policy: Path, arguments: list[str], stdin: bytes, message: str) -> None:
    result = cvpn("simulate", "-p", policy, *arguments, stdin=stdin)
    assert (result.status, result.out) == (1, "")
    assert message in result.err


def test_names_from_a_log_cannot_command_a_terminal(policy: Path) -> None:
    event: dict[str, Any] = EVENT | {"username": "\x1b[2Jevil\u202e\ud800"}
    result = cvpn("simulate", "-p", policy, "-", stdin=json.dumps([event, event]).encode())
    assert "\x1b" not in result.out
    assert "\\u001b[2Jevil\\u202e\\ud800" in result.out
