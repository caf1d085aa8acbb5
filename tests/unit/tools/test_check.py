"""tools/check.py: tiers of checks side by side, and named checks one after the other."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import processes_in
from tools import ROOT, check
from tools.check import Check, CheckFailed
from tools.side_by_side import CheckProcess, CheckResult, run_side_by_side, summarize


@pytest.fixture
def ran() -> list[str]:
    return []


@pytest.fixture
def passing(ran: list[str]) -> Callable[[str], Check]:
    return lambda name: Check(name, lambda: ran.append(name))


def fails() -> None:
    raise CheckFailed("exit status 3")


def python(name: str, program: str, live: bool = False) -> CheckProcess:
    return CheckProcess(name, (sys.executable, "-c", program), live)


def test_named_checks_run_in_order_up_to_the_first_failure(
    passing: Callable[[str], Check], ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert check.run([passing("first"), passing("second"), Check("third", fails), passing("fourth")]) == 1
    assert ran == ["first", "second"]
    assert capsys.readouterr().err == "==> FAILED: third: exit status 3\n"


def test_a_check_that_does_not_exist_is_refused_with_those_that_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["mypi"]) == 1
    error = capsys.readouterr().err
    assert "No check is called mypi; there are the tiers check, lint, test, beyond and all, " in error
    assert "mypy" in error


def test_whoever_has_no_terraform_hears_it_before_anything_runs(
    passing: Callable[[str], Check],
    ran: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    check.terraform_variables.cache_clear()
    assert check.run_tier([passing("first"), Check("terraform-fmt", fails, terraform=True)]) == 1
    assert ran == []
    assert capsys.readouterr().err.startswith("There is no terraform on PATH: ")


def test_every_check_of_a_tier_runs_even_after_one_that_fails(capfd: pytest.CaptureFixture[str]) -> None:
    results = run_side_by_side(
        [
            python("first", "print('why'); raise SystemExit(3)"),
            python("second", "print('unsaid')"),
            python("third", "import os; print(os.environ['GREETING'])", live=True),
        ],
        {"GREETING": "hello"},
    )
    assert [(result.name, result.status) for result in results] == [("first", 3), ("second", 0), ("third", 0)]
    output = capfd.readouterr().out
    assert "why\n==> first: FAILED in 0 s\n" in output
    assert "unsaid" not in output
    assert "hello\n" in output


def test_a_check_ends_when_the_run_is_killed(tmp_path: Path) -> None:
    sleeping = "import time; print('running', flush=True); time.sleep(60)"
    program = (
        "import sys; from tools.side_by_side import *\n"
        f"check = CheckProcess('sleeps', (sys.executable, '-c', {sleeping!r}), live=True)\n"
        f"run_side_by_side([check], {{'TOLD': {str(tmp_path)!r}}})"
    )
    with subprocess.Popen([sys.executable, "-uc", program], cwd=ROOT, stdout=subprocess.PIPE) as run:
        lines = iter(run.stdout or ())
        assert b"running\n" in lines
        assert processes_in(tmp_path) != []
        run.kill()
    until = time.monotonic() + 10
    while processes_in(tmp_path) and time.monotonic() < until:
        time.sleep(0.02)
    assert processes_in(tmp_path) == []


def test_the_summary_names_what_failed_and_every_time() -> None:
    results = [CheckResult("ruff", 0, 1.2), CheckResult("mypy", 1, 11.6)]
    assert summarize(results, 12.0) == "==> ruff 1 s, mypy 12 s; 12 s in all: FAILED: mypy"
    assert summarize(results[:1], 1.2) == "==> ruff 1 s; 1 s in all: all passed"


def test_the_slowest_tests_are_read_from_the_reports_that_there_are(tmp_path: Path) -> None:
    report = tmp_path / "pytest.xml"
    case = '<testcase classname="tests.test_a" name="{}" time="{}"/>'
    cases = "".join(case.format(f"test_{number}", number) for number in range(1, 13))
    report.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    slowest = check.slowest_tests([report, tmp_path / "none.xml"])
    assert slowest[0] == (12.0, "tests.test_a::test_12")
    assert len(slowest) == 10


def test_a_quiet_command_shows_its_output_if_it_fails(capfd: pytest.CaptureFixture[str]) -> None:
    check.command(sys.executable, "-c", "print('fine')", quiet=True)
    assert capfd.readouterr().out == ""
    with pytest.raises(CheckFailed, match="exit status 3"):
        check.command(sys.executable, "-c", "print('why'); raise SystemExit(3)", quiet=True)
    assert capfd.readouterr().out == "why\n"
