"""tools/seeded_faults: each seeded fault can be made, and the tool reports which of them the tests find."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tools import ROOT
from tools.seeded_faults import tiers
from tools.seeded_faults.__main__ import main, report
from tools.seeded_faults.changes import change_of, check_faults
from tools.seeded_faults.examination import Examination
from tools.seeded_faults.faults import Fault, FaultError, fault_files

FAULT = """
why = "Of two numbers, the larger one counts."
part = "tools"
definition = "larger"
find = "{find}"
replace = "{replace}"
tests = ["tests/unit/tools/test_numbers.py"]
"""
MODULE = "def larger(one: int, other: int) -> int:\n    return one if one > other else other\n"
TESTS = "from tools.numbers import larger\n\n\ndef test_larger() -> None:\n    assert larger(1, 2) == 2\n"
BLOCKS = """
locals {
  limit = 10
}

resource "aws_lambda_alias" "this" {
  name    = "live"
  version = local.limit
}
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    # Plugins and workers take longer to start than the tests to run.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setattr(tiers, "SIDE_BY_SIDE", ("-p", "xdist", "-n", "1"))
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout with one function and one test."""
    root = tmp_path / "project"
    for name, text in {
        "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['.']\n",
        "tools/__init__.py": "",
        "tools/numbers.py": MODULE,
        "tests/unit/tools/test_numbers.py": TESTS,
        "modules/handler/release.tf": BLOCKS,
    }.items():
        write(root / name, text)
    subprocess.run(["git", "init", "--quiet", root], check=True)
    return root


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def seed(project: Path, name: str, find: str, replace: str) -> None:
    write(project / f"tests/seeded_faults/{name}.toml", FAULT.format(find=find, replace=replace))


def fault(**members: str) -> Fault:
    value = {"name": "x", "why": "x", "part": "tools", "definition": "larger", "find": "one > other", "replace": "True"}
    value |= members
    part, of = value["part"], value["definition"]
    block = None if part == "tools" else of
    definition = of if part == "tools" else None
    return Fault("x", "x", part, definition, block, value.get("module"), value["find"], value["replace"], ("x",))


def test_every_fault_can_be_made() -> None:
    files = fault_files(ROOT)
    faults, problems = check_faults(files, ROOT)
    assert problems == {}
    assert len(faults) == len(files) >= 52


def test_a_fault_that_the_tests_find_one_that_they_miss_and_one_that_breaks_the_import_are_told_apart(
    project: Path, temporary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed(project, "smaller", "one > other", "one < other")
    seed(project, "same", "one > other", "one >= other")
    seed(project, "broken", "def larger", "def largest")
    assert main(["--tier", "check", "--jobs", "3", "--hints-only"], project) == 1
    lines = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines()}
    assert lines["smaller"][1] == "check"
    assert lines["smaller"][-1] == "tests/unit/tools/test_numbers.py::test_larger"
    assert lines["same"][1] == "none"
    assert lines["broken"][1] == "error"
    assert "import" in lines["broken"]
    assert lines["3"] == ["3", "faults:", "1", "by", "check"]
    assert sorted(lines["not"][2:]) == ["broken,", "same"] or sorted(lines["not"][2:]) == ["broken", "same,"]
    assert list(temporary.iterdir()) == []


def test_a_fault_that_its_hint_misses_is_found_by_the_rest_of_the_tier(
    project: Path, temporary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed(project, "smaller", "one > other", "one < other")
    write(project / "tests/unit/tools/test_numbers.py", "def test_nothing() -> None: ...\n")
    write(project / "tests/unit/tools/test_others.py", TESTS)
    assert main(["--tier", "check", "smaller"], project) == 0
    line, total = capsys.readouterr().out.splitlines()
    assert line.endswith(" tests/unit/tools/test_others.py::test_larger")
    assert total == "1 faults: 1 by check"


def test_an_interrupted_run_leaves_nothing_behind(project: Path, temporary: Path, tmp_path: Path) -> None:
    started = tmp_path / "started"
    waiting = f"import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep(60)"
    seed(project, "endless", "return", waiting + "; return")
    root = f"__import__('pathlib').Path({str(project)!r})"
    statement = f"from tools.seeded_faults.__main__ import main; raise SystemExit(main([], {root}))"
    process = subprocess.Popen([sys.executable, "-c", statement], cwd=ROOT, env=dict(os.environ))
    until = time.monotonic() + 30
    while not started.exists() and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 1
    assert list(temporary.iterdir()) == []


def test_a_fault_that_cannot_be_made_is_told_with_its_name(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed(project, "gone", "one != other", "True")
    seed(project, "twice", "other", "one")
    seed(project, "good", "one > other", "one < other")
    write(project / "tests/seeded_faults/odd.toml", FAULT.format(find="one", replace="") + 'wy = "x"\n')
    hint = "tests/unit/tools/test_numbers.py"
    renamed = FAULT.format(find="one > other", replace="one < other").replace(hint, f"{hint}::test_smaller")
    write(project / "tests/seeded_faults/renamed.toml", renamed)
    assert main(["--apply-only"], project) == 1
    printed = capsys.readouterr()
    assert printed.out == "1 faults can be made.\n"
    problems = dict(line.split(": ", 1) for line in printed.err.splitlines())
    assert problems["gone"] == "finds its text 0 times in larger, not once: one != other"
    assert problems["twice"] == "finds its text 3 times in larger (tools/numbers.py), not once: other"
    assert problems["renamed"] == f"names tests that do not exist: {hint}::test_smaller"
    assert problems["odd"].startswith("has the unknown key wy")


def test_a_name_that_is_none_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing"], project) == 1
    assert "No fault is called nothing" in capsys.readouterr().err


def test_a_fault_outlives_a_move_and_another_layout(project: Path) -> None:
    (project / "tools/numbers.py").unlink()
    comparison = "        return (\n            one\n            > other\n        )\n"
    moved = f"class Numbers:\n    def larger(self, one: int, other: int) -> int:\n{comparison}"
    write(project / "tools/below/moved.py", moved)
    change = change_of(
        fault(definition="Numbers.larger", find="return (one > other)", replace="a = 1\nreturn a"), project
    )
    assert change.path == project / "tools/below/moved.py"
    assert change.text.endswith("        a = 1\n        return a\n")


def test_a_word_in_another_one_is_no_match(project: Path) -> None:
    with pytest.raises(FaultError, match="0 times"):
        change_of(fault(find="ther"), project)


def test_what_is_no_python_is_refused(project: Path) -> None:
    with pytest.raises(FaultError, match="is no Python"):
        change_of(fault(replace="one >"), project)


def test_a_fault_of_a_block_changes_that_block_alone(project: Path) -> None:
    header = 'resource "aws_lambda_alias" "this"'
    change = change_of(
        fault(part="modules", definition=header, module="handler", find='name = "live"', replace=""), project
    )
    assert change.region.startswith(header)
    assert '"live"' not in change.text
    with pytest.raises(FaultError, match="0 times"):
        change_of(fault(part="modules", definition="locals", find='name = "live"', replace=""), project)


def test_what_is_no_terraform_is_refused(project: Path) -> None:
    for name, replace in (("bad", "{"), ("good", "11")):
        text = FAULT.format(find="10", replace=replace).replace('"tools"', '"modules"').replace("definition", "block")
        write(project / f"tests/seeded_faults/{name}.toml", text.replace('"larger"', '"locals"'))
    faults, problems = check_faults(fault_files(project), project)
    assert [one.name for one in faults] == ["good"]
    assert problems["bad"].startswith("is no Terraform: ")


def test_a_tenth_may_be_left_to_the_last_tier() -> None:
    early = [Examination(str(number), "test", "x", "", 1) for number in range(9)]
    late = Examination("late", "test-all", "x", "", 1)
    assert report([*early, late], ("check", "test", "test-all")) == (
        "10 faults: 0 by check, 9 by test, 1 by test-all",
        0,
    )
    text, status = report([*early, late, late], ("check", "test", "test-all"))
    assert status == 1
    assert text.endswith("make test finds 9 of 11: fewer than nine in ten")
