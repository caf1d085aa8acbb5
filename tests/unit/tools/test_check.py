"""tools/check.py: one check after the other, up to the first that fails."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import check
from tools.check import Check, CheckFailed


@pytest.fixture
def ran() -> list[str]:
    return []


@pytest.fixture
def passing(ran: list[str]) -> Callable[[str], Check]:
    return lambda name: Check(name, lambda: ran.append(name))


def fails() -> None:
    raise CheckFailed("exit status 3")


def test_all_checks_run_in_order_and_the_last_one_prints_last(
    passing: Callable[[str], Check], ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    last = Check("last", lambda: print("5 passed in 1 s"))
    assert check.run([passing("first"), passing("second"), last]) == 0
    assert ran == ["first", "second"]
    assert capsys.readouterr().out.splitlines() == [
        "==> first (1 of 3)",
        "==> second (2 of 3)",
        "==> passed so far: first 0 s, second 0 s",
        "==> last (3 of 3)",
        "5 passed in 1 s",
    ]


def test_the_first_failure_ends_the_run_and_is_named(
    passing: Callable[[str], Check], ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert check.run([passing("first"), Check("second", fails), passing("third")]) == 1
    assert ran == ["first"]
    assert capsys.readouterr().err == "==> FAILED: second: exit status 3\n"


def test_a_check_that_does_not_exist_is_refused_with_those_that_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["mypi"]) == 1
    assert "No check is called mypi; there are: lint, ruff, " in capsys.readouterr().err


def test_who_has_no_terraform_hears_it_before_anything_runs(
    passing: Callable[[str], Check],
    ran: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    check.terraform_variables.cache_clear()
    assert check.run([passing("first"), Check("terraform-fmt", fails, terraform=True)]) == 1
    assert ran == []
    assert capsys.readouterr().err.startswith("There is no terraform on PATH: ")


def test_pytest_is_the_last_check() -> None:
    assert check.ALL[-1].name == "pytest"


def test_a_quiet_command_shows_its_output_if_it_fails(capfd: pytest.CaptureFixture[str]) -> None:
    check.command(sys.executable, "-c", "print('fine')", quiet=True)
    assert capfd.readouterr().out == ""
    with pytest.raises(CheckFailed, match="exit status 3"):
        check.command(sys.executable, "-c", "print('why'); raise SystemExit(3)", quiet=True)
    assert capfd.readouterr().out == "why\n"
