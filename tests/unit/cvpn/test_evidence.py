"""Evidence in `cvpn simulate` and `cvpn explain`: given, recorded, and missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .running import EVENTS, Result, cvpn, policy_file

POLICY: dict[str, Any] = {
    "rules": [
        {"name": "quarantined", "effect": "deny", "when": {"device": {"status": ["quarantined"]}}},
        {"name": "one-each", "effect": "deny", "when": {"sessions": {"by": "username", "at_least": 1}}},
        {
            "name": "managed",
            "effect": "allow",
            "when": {"device": {"owner_is_user": True, "max_age_hours": 48, "attributes": {"department": ["sales"]}}},
        },
    ]
}
AT = "2026-11-25T09:00:00Z"
GOOD = {
    "status": "Compliant",
    "owner": "anna@example.com",
    "attributes": {"department": "sales"},
    "updated_at": "2026-11-24T09:00:00Z",
}
WHO = ("--username", "anna@example.com", "--common-name", "laptop-1", "--at", AT)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--device", json.dumps(GOOD), "--sessions", "0"), 'Allowed by rule "managed".'),
        (("--device", json.dumps(GOOD), "--sessions", "1"), 'Denied with an explicit deny in rule "one-each".'),
        (
            ("--device", json.dumps(GOOD), "--device-status", "quarantined"),
            'Denied with an explicit deny in rule "quarantined".',
        ),
        (
            ("--device", json.dumps(GOOD), "--device-owner", "bert@example.com", "--sessions", "0"),
            "Denied because no rule allows the connection (implicit deny).",
        ),
        (("--device", "none", "--sessions", "0"), "Denied because no rule allows the connection (implicit deny)."),
        (
            ("--evidence", json.dumps({"device": None, "sessions": {"username": 0}}), "--device", json.dumps(GOOD)),
            'Allowed by rule "managed".',
        ),
    ],
)
def test_evidence_is_given_in_options(policy: Path, options: tuple[str, ...], sentence: str) -> None:
    result = cvpn("simulate", "-p", policy, *WHO, *options)
    assert result.out.splitlines()[1] == sentence


def test_evidence_is_read_from_a_file_and_told_in_json(policy: Path, tmp_path: Path) -> None:
    (tmp_path / "device.json").write_text(json.dumps(GOOD))
    result = cvpn(
        "simulate", "-p", policy, *WHO, "--device", f"@{tmp_path / 'device.json'}", "--sessions", "0", "-o", "json"
    )
    assert result.json["evidence"] == {"device": GOOD, "sessions": {"username": [], "common_name": []}}
    assert result.json["ends"] == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--device", "compliant"), "write JSON, or @ and the name of a file"),
        (("--device", "[]"), 'is no object; write one such as {"status": "compliant"}, or none'),
        (("--device", '{"colour": "red"}'), "has device.colour, which is no attribute of a device"),
        (("--device", "none", "--device-owner", "anna"), "A device that is not registered has no status and no owner"),
        (("--sessions", "-1"), "-1 is not in the range"),
    ],
)
def test_evidence_that_is_none_is_refused(policy: Path, options: tuple[str, ...], message: str) -> None:
    result = cvpn("simulate", "-p", policy, *WHO, *options)
    assert (result.status, result.out) == (1, "")
    assert message in result.err


def recorded(evidence: dict[str, Any]) -> dict[str, Any]:
    names = {"username": "anna@example.com", "common-name": "laptop-1"}
    request = json.loads((EVENTS / "v3-saml-windows.json").read_text()) | names
    return {"time": AT, "request": request, "answer": {}, "alias": "live", "evidence": evidence}


def test_what_the_log_recorded_is_taken_and_options_come_over_it(policy: Path, tmp_path: Path) -> None:
    log = tmp_path / "decisions.log"
    log.write_text(json.dumps(recorded({"device": GOOD, "failed": {"sessions": "ThrottlingException"}})) + "\n")
    assert cvpn("simulate", "-p", policy, log).out.splitlines()[1].endswith('rule "one-each".')
    result = cvpn("simulate", "-p", policy, log, "--sessions", "0", "-o", "json")
    assert (result.status, result.json["rule"]) == (0, "managed")
    assert "failed" not in result.json["evidence"]


def condition(result: Result, rule: str) -> dict[str, Any]:
    (found,) = [one for one in result.json["explanation"]["rules"] if one["rule"] == rule]
    return dict(found["conditions"][0])


@pytest.mark.parametrize(
    ("evidence", "saw", "why"),
    [
        (None, None, "no evidence was given"),
        ({"failed": {"device": "no answer before the deadline"}}, None, "no answer before the deadline"),
        ({"device": {**GOOD, "updated_at": "2026-11-20T09:00:00Z"}}, "compliant", "the record is 120 hours old"),
        ({"device": {"owner": "a"}}, "", "the record does not say when it was updated"),
        (
            {"device": {"updated_at": AT}},
            "",
            "the record has no owner and no attributes.department",
        ),
        ({"device": GOOD}, "compliant", ""),
        ({"device": None}, "not registered", ""),
    ],
)
def test_explain_says_what_was_seen_and_why_it_is_unknown(
    policy: Path, evidence: dict[str, Any] | None, saw: str | None, why: str
) -> None:
    given = ("--evidence", json.dumps(evidence)) if evidence is not None else ()
    seen = condition(cvpn("explain", "-p", policy, *WHO, *given, "-o", "json"), "managed")
    assert seen["why"] == why
    if isinstance(seen["saw"], dict):
        assert evidence is not None
        assert seen["saw"] == evidence["device"]
    else:
        assert seen["saw"] == saw


def test_explain_counts_the_other_connections(policy: Path) -> None:
    result = cvpn("explain", "-p", policy, *WHO, "--sessions", "3", "--device", json.dumps(GOOD))
    assert '    + when.sessions {"by": "username", "at_least": 1}  saw 3' in result.out.splitlines()
