"""README, docs/policy-language.md and docs/cli.md are what cvpn says."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from cvpn.cli import VERBS
from cvpn.verbs.devices import devices
from tools import ROOT, cvpn_docs
from tools.cvpn_docs import CLI, SESSIONS, main

PAGES = ("README.md", "docs/policy-language.md", "docs/cli.md")


@pytest.fixture(scope="module")
def parts() -> Mapping[str, str]:
    return cvpn_docs.sessions()


@pytest.fixture
def ran(parts: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What ran once is not run again."""
    monkeypatch.setattr(cvpn_docs, "sessions", lambda: parts)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    for page in PAGES:
        shutil.copy(ROOT / page, tmp_path / page)
    return tmp_path


@pytest.mark.slow
@pytest.mark.usefixtures("ran")
def test_the_pages_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize(
    ("page", "old"),
    [
        ("README.md", "| `posture` |"),
        ("docs/policy-language.md", "| [`time`](#time) |"),
        ("docs/cli.md", "Valid: 3 rules"),
    ],
)
def test_a_stale_page_is_told_and_then_written(
    copy: Path, page: str, old: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (copy / page).read_text()
    assert old in text
    (copy / page).write_text(text.replace(old, "x"))
    assert main(["--check"], copy) == 1
    assert f"{Path(page).name} is not what cvpn says. Run `make docs`." in capsys.readouterr().err
    assert main([], copy) == 0
    assert (copy / page).read_text() == text


@pytest.mark.slow
def test_sessions_show_what_they_are_there_for(parts: Mapping[str, str]) -> None:
    assert "412 decisions, 410 same, 1 allow->deny, 1 deny->allow" in parts["session-replay"]
    assert "did you mean" in parts["session-validate"]
    assert "FAIL" in parts["session-test"]
    assert "1 added, 1 changed, 0 removed, 1 renewed, 0 unchanged (dry run)" in parts["session-devices"]
    assert "--at-most 2" in parts["session-devices"]
    verbs = [*VERBS, *(f"devices-{verb}" for verb in devices.commands)]
    assert set(parts) == set(SESSIONS) | {f"help-{verb}" for verb in verbs}
    assert not [part for part in parts.values() if "Traceback" in part or "command not found" in part]


def test_the_cases_that_are_shown_are_those_that_are_run() -> None:
    assert f"```yaml\n{cvpn_docs.CASES}```" in CLI.read_text()
