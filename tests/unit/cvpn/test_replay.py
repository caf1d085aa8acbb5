"""`cvpn replay`: logged decisions made again by another policy."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_handler.contract.request import FIELDS
from connect_handler.decision.result import decide
from connect_handler.policy.document import read_policy
from cvpn.replay import chunks, tally, workers
from cvpn.replay.comparison import NotReplayable, compare
from cvpn.requests.log_record import records_of_line
from tests.examples import examples
from tests.unit.connect_handler.strategies import ALIASES, MOMENTS, policies, requests

from .running import Result, cvpn, decision_line, policy_file

BEFORE = {
    "rules": [
        {"name": "staff", "effect": "allow", "when": {"groups": ["staff"]}},
        {"name": "phones", "effect": "deny", "when": {"platform": ["ios"]}},
    ],
    "posture_rules": [{"status": "known", "when": {"aws_client_version": ">= 5"}}],
}
AFTER = {
    "rules": [
        {"name": "blocked", "effect": "deny", "when": {"username": ["eva"]}},
        {
            "name": "mornings",
            "effect": "allow",
            "when": {"groups": ["staff"], "time": {"start": "06:00", "end": "12:00"}},
        },
        {"name": "staff", "effect": "allow", "when": {"groups": ["staff"], "endpoint": ["office"]}},
        {"name": "partners", "effect": "allow", "when": {"groups": ["partners"]}},
    ],
    "posture_rules": [{"status": "known", "when": {"aws_client_version": ">= 4"}}],
}
MORNING, NOON = 1_795_420_800.0, 1_795_435_200.0  # 2026-11-23 08:00 and 12:00 UTC


def request(username: str, group: str = "staff", **fields: str) -> dict[str, Any]:
    request_id = f"cvpn-connection-{username}"
    platform = {"platform": "mac", "aws-client-version": "5.0"}
    ids = {"connection-id": request_id, "endpoint-id": "cvpn-endpoint-1"}
    given = {field.replace("_", "-"): value for field, value in fields.items()}
    return {**ids, "username": username, "groups": [group], **platform, **given}


def logged(username: str, at: float = MORNING, alias: str = "office", **fields: str) -> str:
    return decision_line(BEFORE, request(username, **fields), at, alias)


def log(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    return policy_file(tmp_path, AFTER)


LINES = [
    logged("anna"),
    logged("anna", MORNING + 60),
    logged("eva"),
    logged("eva", NOON),
    logged("bert", NOON),
    logged("carl", NOON, alias="home"),
    logged("dora", group="partners"),
    logged("emil", group="nobody", aws_client_version="4.9"),
    logged("fred", group="nobody"),
]


def test_what_would_change_is_shown_by_user_and_rule(candidate: Path) -> None:
    result = cvpn("replay", "-p", candidate, "-", stdin=log(LINES))
    assert result.status == 2
    heading, *rows, blank, footer = [re.split(r" {2,}", line.strip()) for line in result.out.splitlines()]
    assert heading == ["change", "user", "was", "would be", "connections", "last", "such as"]
    eight, noon = "2026-11-23T08:00:00.000Z", "2026-11-23T12:00:00.000Z"
    assert [row[:-1] for row in rows] == [
        ["allow->deny", "eva", "allow-rule staff", "explicit-deny blocked", "2", noon],
        ["allow->deny", "carl", "allow-rule staff", "implicit-deny", "1", noon],
        ["deny->allow", "dora", "implicit-deny", "allow-rule partners", "1", eight],
        ["rule", "anna", "allow-rule staff", "allow-rule mornings", "2", "2026-11-23T08:01:00.000Z"],
        ["posture", "emil", "implicit-deny []", "implicit-deny [known]", "1", eight],
    ]
    assert [row[-1] for row in rows] == [f"cvpn-connection-{row[1]}" for row in rows]
    assert blank == [""]
    assert footer == ["9 decisions, 2 same, 3 allow->deny, 1 deny->allow, 2 other rule, 1 other posture"]


def test_the_same_policy_changes_nothing(tmp_path: Path) -> None:
    result = cvpn("replay", "-p", policy_file(tmp_path, BEFORE), "-", stdin=log(LINES))
    assert (result.status, result.out) == (0, "9 decisions, 9 same, 0 allow->deny, 0 deny->allow\n")


def test_json_says_the_same(candidate: Path) -> None:
    found = cvpn("replay", "-p", candidate, "-", "-o", "json", stdin=log(LINES)).json
    assert (found["decisions"], found["same"]) == (9, 2)
    assert found["changed"] == {"allow->deny": 3, "deny->allow": 1, "rule": 2, "posture": 1}
    assert (found["first"], found["last"]) == ("2026-11-23T08:00:00.000Z", "2026-11-23T12:00:00.000Z")
    assert found["groups"][0] == {
        "change": "allow->deny",
        "user": "eva",
        "before": {"effect": "allow", "reason": "allow-rule", "rule": "staff", "posture": ["known"]},
        "after": {"effect": "deny", "reason": "explicit-deny", "rule": "blocked", "posture": ["known"]},
        "connections": 2,
        "first": "2026-11-23T08:00:00.000Z",
        "last": "2026-11-23T12:00:00.000Z",
        "example": "cvpn-connection-eva",
    }


@pytest.mark.parametrize(
    ("period", "number"),
    [
        (("--since", "2026-11-23T12:00:00Z"), 3),
        (("--until", "2026-11-23T12:00:00Z"), 6),
        (("--since", "2026-11-23T08:01:00Z", "--until", "2026-11-23T08:02:00Z"), 1),
        (("--until", "5200w"), 0),
    ],
)
def test_a_period_can_be_chosen(candidate: Path, period: tuple[str, ...], number: int) -> None:
    result = cvpn("replay", "-p", candidate, "-", "-o", "json", *period, stdin=log(LINES))
    assert result.json["decisions"] == number
    assert (result.status == 1) == (number == 0)


# --- files -----------------------------------------------------------------------------------------------------------


def test_folders_and_compressed_files_are_read(candidate: Path, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "000000.gz").write_bytes(
        gzip.compress(log(f"2026-11-23T08:00:00.000Z {line}" for line in LINES[:3]), mtime=0)
    )
    (folder / "a" / "b" / "decisions.log").write_bytes(
        log(["START RequestId: 1 Version: 3", *LINES[3:6], "", "END RequestId: 1"])
    )
    wrapped = {"events": [{"timestamp": 1, "message": line + "\n"} for line in LINES[6:]]}
    (folder / "filtered.json").write_text(json.dumps(wrapped, indent=4))
    (folder / "aws-logs-write-test").write_text("Permission Check Successful")
    (folder / ".hidden").write_text("x")
    from_folder = cvpn("replay", "-p", candidate, folder)
    assert from_folder.err == ""
    assert from_folder.out == cvpn("replay", "-p", candidate, "-", stdin=log(LINES)).out
    empty = tmp_path / "empty"
    empty.mkdir()
    assert cvpn("replay", "-p", candidate, empty).err == f"cvpn: {empty}: has no files\n"


def test_a_bad_line_costs_that_line_and_is_counted(candidate: Path, tmp_path: Path) -> None:
    broken = json.loads(LINES[0])
    bad = [
        "oops",
        LINES[0][:100],
        json.dumps(broken | {"effect": "maybe"}),
        json.dumps(broken | {"rule": 5}),
        json.dumps(broken | {"time": "yesterday"}),
        json.dumps(broken | {"redacted": "username"}),
        json.dumps(request("anna")),
        '{"connection-log-type": "connection-attempt", "connection-id": "c"}',
        "[" * 100_000,
    ]
    (tmp_path / "log").write_bytes(log([*LINES[:4], *bad]) + b"\xff\xfe\n" + log(LINES[4:]))
    result = cvpn("replay", "-p", candidate, tmp_path / "log")
    assert result.status == 1
    assert result.out.splitlines()[-1].startswith("9 decisions, 2 same, 3 allow->deny, 1 deny->allow")
    said = [line.removeprefix(f"cvpn: {tmp_path}/log:") for line in result.err.splitlines()]
    assert said == [
        "5: is not JSON: Expecting value: line 1 column 1 (char 0)",
        "6: is not JSON: Expecting value: line 1 column 101 (char 100)",
        "7: is a decision without an effect",
        "8: is a decision without a reason, a rule or a posture",
        "9: is a decision without a time",
        "10: is a decision in which redacted is no list of fields",
        "11: is no decision but a request; ask cvpn simulate about it",
        "12: is no decision but a connection; ask cvpn simulate about it",
        "13: is nested too deeply",
        "14: is not UTF-8 text",
        "cvpn: 10 unreadable lines were left out",
    ]


def test_of_many_bad_lines_the_first_are_named_and_all_are_counted(candidate: Path) -> None:
    result = cvpn("replay", "-p", candidate, "-", "-o", "json", stdin=log(["x"] * 1_000 + LINES))
    assert result.json["unreadable_lines"] == 1_000
    assert len(result.err.splitlines()) == tally.MAX_MESSAGES + 1
    assert result.err.splitlines()[-1] == "cvpn: 1,000 unreadable lines were left out"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the log has no decisions"),
        (gzip.compress(b"x" * 1000, mtime=0)[:-6], "cannot be read: Compressed file ended"),
    ],
    ids=["empty", "cut-off"],
)
def test_a_log_that_cannot_be_replayed_is_an_error(candidate: Path, content: bytes, message: str) -> None:
    result = cvpn("replay", "-p", candidate, "-", stdin=content)
    assert result.status == 1
    assert message in result.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Name a log: files, - for standard input, or --log-group."),
        (["-", "--log-group", "x"], "Name a log: files, - for standard input, or --log-group."),
        (["nowhere"], "cvpn: nowhere: cannot be read: No such file or directory"),
        (["-", "--since", "soon"], "write RFC 3339"),
        (["-", "--html", "nowhere/page.html"], "cvpn: nowhere/page.html: cannot be written: No such file or directory"),
    ],
)
def test_a_command_that_cannot_work_says_why(candidate: Path, arguments: list[str], message: str) -> None:
    result = cvpn("replay", "-p", candidate, *arguments, stdin=log(LINES))
    assert result.status == 1
    assert message in result.err


# --- what the log does not have --------------------------------------------------------------------------------------


def redacted(line: str, *fields: str) -> str:
    value = json.loads(line)
    value["redacted"] = list(fields)
    value["request"] |= {field: "hmac:0123" if field != "groups" else ["hmac:0123"] for field in fields}
    return json.dumps(value)


def test_lines_as_the_handler_writes_them_when_it_hides_or_leaves_out(tmp_path: Path) -> None:
    policy = {"rules": [{"name": "everybody", "effect": "allow"}]}
    event = json.loads(LINES[0])["request"]
    hidden = decision_line(policy, event, 0.0, LOG_REDACT="username,public_ip", LOG_REDACT_KEY="key")
    counted = decision_line(policy, event, 0.0, LOG_SAMPLE_ALLOWED="0")
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    result = cvpn("replay", "-p", tmp_path / "policy.json", "-", "-o", "json", stdin=log([hidden, counted]))
    assert (result.json["decisions"], result.json["same"]) == (2, 1)
    assert result.json["not_replayable"] == {"the log has no more than a count of it (log_sample_allowed)": 1}
    assert result.json["unreadable_lines"] == 0


def test_what_a_policy_asks_for_and_the_log_does_not_have_is_counted_and_named(candidate: Path) -> None:
    cut = json.loads(LINES[0]) | {"truncated": True}
    lines = [
        LINES[0],
        redacted(LINES[0], "username"),  # could be eva
        redacted(LINES[8], "username", "groups"),
        redacted(LINES[0], "endpoint-id"),
        json.dumps(cut),
        redacted(LINES[0], "public-ip", "common-name"),  # not asked for
    ]
    result = cvpn("replay", "-p", candidate, "-", "-o", "json", stdin=log(lines))
    assert result.status == 2
    assert (result.json["decisions"], result.json["changed"]["rule"]) == (6, 2)
    assert result.json["not_replayable"] == {
        "username is redacted": 2,
        "endpoint-id is redacted": 1,
        "the log line was cut": 1,
    }
    text = cvpn("replay", "-p", candidate, "-", stdin=log(lines)).out.splitlines()
    assert text[-4:-1] == [
        "Not replayable: 2, username is redacted",
        "Not replayable: 1, endpoint-id is redacted",
        "Not replayable: 1, the log line was cut",
    ]
    assert text[-1] == "6 decisions, 0 same, 0 allow->deny, 0 deny->allow, 2 other rule, 4 not replayable"


@pytest.mark.parametrize(
    ("condition", "lacking"),
    [
        ({"device": {"status": ["lost"]}}, "the device"),
        ({"sessions": {"by": "username", "at_least": 2}}, "other connections of the same username"),
    ],
)
def test_a_decision_is_not_replayable_if_the_log_lacks_one_kind_of_evidence(
    tmp_path: Path, condition: dict[str, Any], lacking: str
) -> None:
    rules = [{"name": "new", "effect": "deny", "when": {"groups": ["staff"], **condition}}, *BEFORE["rules"]]
    lines = log([logged("anna"), logged("emil", group="nobody")])
    found = cvpn("replay", "-p", policy_file(tmp_path, BEFORE | {"rules": rules}), "-", "-o", "json", stdin=lines).json
    assert found["not_replayable"] == {f"the policy of then did not ask about {lacking}": 1}
    assert (found["decisions"], found["same"]) == (2, 1)


def test_a_log_of_which_nothing_can_be_replayed_is_not_one_without_differences(candidate: Path) -> None:
    result = cvpn("replay", "-p", candidate, "-", stdin=log([redacted(LINES[0], "username")]))
    assert (result.status, result.err) == (1, "cvpn: the log has nothing that can be replayed\n")


@examples(4)
@given(
    document=policies(),
    event=requests(),
    alias=ALIASES,
    now=MOMENTS,
    hidden=st.sets(st.sampled_from([field for field in FIELDS if "-id" not in field and "schema" not in field])),
    others=requests(),
)
def test_what_is_replayed_in_spite_of_redaction_is_so_whatever_was_redacted(
    document: dict[str, Any],
    event: dict[str, Any],
    alias: str | None,
    now: float,
    hidden: set[str],
    others: dict[str, Any],
) -> None:
    policy = read_policy(json.dumps(document))
    original = event | {field: others[field] for field in hidden if field in others}
    (entry,) = records_of_line(redacted(decision_line(document, original, now, alias), *sorted(hidden)))
    try:
        change, before, after = compare(policy, entry)
    except NotReplayable:
        assert hidden
        return
    # The log was written by the same policy at the same time: whatever the fields held, it must come out as logged.
    assert (change, before) == (None, after)
    assert decide(policy, original, alias, entry.at or 0.0).reason == after.reason


def test_decisions_that_no_policy_made_are_replayed_as_requests(candidate: Path) -> None:
    invalid = decision_line(BEFORE, request("anna") | {"groups": 5}, MORNING)
    no_request = decision_line(BEFORE, "hello", MORNING)
    broken_policy = decision_line({"rules": []}, request("anna"), MORNING)
    result = cvpn("replay", "-p", candidate, "-", "-o", "json", stdin=log([invalid, no_request, broken_policy]))
    assert (result.json["same"], result.json["changed"]["deny->allow"]) == (2, 1)
    assert result.json["groups"][0]["before"]["reason"] == "policy-error"


# --- many ------------------------------------------------------------------------------------------------------------


def test_several_processes_count_as_one_does(candidate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "BYTES", 5_000)
    (tmp_path / "log").write_bytes(log([*LINES * 20, "bad", *LINES * 3]))

    def replayed(jobs: int) -> Result:
        return cvpn("replay", "-p", candidate, tmp_path / "log", "-o", "json", "--jobs", str(jobs))

    assert replayed(1) == replayed(3)
    assert replayed(3).json["decisions"] == 23 * 9
    assert replayed(3).err.splitlines()[0].startswith(f"cvpn: {tmp_path}/log:181: is not JSON")


def test_a_long_log_is_read_a_piece_at_a_time(candidate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than a few pieces are there at any time, however many there are."""
    monkeypatch.setattr(chunks, "BYTES", 2_000)
    (tmp_path / "log").write_bytes(log(LINES * 200))
    read = 0
    most = 0
    finished = 0
    tally_of = workers.tally_of

    def counting(*arguments: Any) -> Any:
        nonlocal finished, most
        most = max(most, read - finished)
        finished += 1
        return tally_of(*arguments)

    def reading() -> Any:
        nonlocal read
        for chunk in chunks.chunks_of_files([str(tmp_path / "log")], lambda _: None):
            read += 1
            yield chunk

    monkeypatch.setattr(workers, "tally_of", counting)
    result = workers.replay_chunks(json.dumps(AFTER), reading(), workers.Period(), 1)
    assert (result.decisions, most) == (1_800, 2)
    assert read > 500


def test_a_tally_takes_no_more_room_for_more_users(monkeypatch: pytest.MonkeyPatch, candidate: Path) -> None:
    monkeypatch.setattr(tally, "MAX_GROUPS", 10)
    lines = [logged(f"user{number}", NOON, alias="home") for number in range(40)] + [
        logged("user3", NOON, alias="home")
    ]
    result = cvpn("replay", "-p", candidate, "-", "-o", "json", stdin=log(lines))
    assert (len(result.json["groups"]), result.json["not_listed"]) == (10, 30)
    assert result.json["changed"]["allow->deny"] == 41
    assert "and 30 more connections" in cvpn("replay", "-p", candidate, "-", stdin=log(lines)).out


# --- the page --------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a page has: its texts, its elements, and whether each one is closed."""

    VOID = ("meta", "link", "img", "br", "input", "rect", "line")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "line"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_is_complete_and_needs_nothing_else(candidate: Path, tmp_path: Path) -> None:
    evil = logged("<script>alert(1)</script>", NOON, alias="home")
    lines = [*LINES, evil, redacted(LINES[0], "username"), "bad"]
    cvpn("replay", "-p", candidate, "-", "--html", tmp_path / "page.html", stdin=log(lines))
    text = (tmp_path / "page.html").read_text()
    page = Page(text)
    assert page.open == []
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not [value for name, value in page.attributes if name in ("src", "href", "onclick")]
    assert not re.search(r"url\(|@import|https?://", text)
    assert ("name", "viewport") in page.attributes
    assert (
        "11 decisions, 2 same, 4 allow->deny, 1 deny->allow, 2 other rule, 1 other posture, 1 not replayable"
        in page.texts
    )
    for said in ("eva", "explicit-deny blocked", "<script>alert(1)</script>", "1: username is redacted"):
        assert said in page.texts
    # A bar for each hour and kind in which something changed, and one for each rule that would decide.
    titles = [text for text in page.texts if re.fullmatch(r"2026-11-23 \d\d:00: \d+ .*", text)]
    assert titles == [
        "2026-11-23 08:00: 1 allow → deny",
        "2026-11-23 08:00: 1 deny → allow",
        "2026-11-23 08:00: 2 other rule",
        "2026-11-23 08:00: 1 other posture",
        "2026-11-23 12:00: 3 allow → deny",
    ]
    assert page.tags.count("svg") == 1 + 5


def test_a_page_without_differences_says_so(tmp_path: Path) -> None:
    policy = policy_file(tmp_path, BEFORE)
    assert cvpn("replay", "-p", policy, "-", "--html", tmp_path / "page.html", stdin=log(LINES)).status == 0
    page = Page((tmp_path / "page.html").read_text())
    assert "Every decision that could be replayed would be the same." in page.texts


def test_the_bars_of_a_year_fit_on_a_phone(tmp_path: Path, candidate: Path) -> None:
    lines = [logged("eva", MORNING + day * 86_400) for day in range(365)]
    cvpn("replay", "-p", candidate, "-", "--html", tmp_path / "page.html", stdin=log(lines))
    page = Page((tmp_path / "page.html").read_text())
    bars = [text for text in page.texts if re.fullmatch(r"\d{4}-.*allow → deny", text)]
    assert 20 <= len(bars) <= 48
    assert sum(int(text.split(": ")[1].split()[0]) for text in bars) == 365
