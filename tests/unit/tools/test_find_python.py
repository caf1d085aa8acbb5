"""tools/find-python.sh: the Makefile's choice of a Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools import ROOT


def find_python(path: Path, named: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", ROOT / "tools" / "find-python.sh", named],
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


def make_python(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(exist_ok=True)
    python = folder / name
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return python


WORKS = f'exec "{sys.executable}" "$@"'
SHIM = 'echo "pyenv: python3: command not found" >&2; exit 127'
TOO_OLD = "exit 1"


def test_plain_python3_is_taken_if_it_will_do(tmp_path: Path) -> None:
    python3 = make_python(tmp_path, "python3", WORKS)
    make_python(tmp_path, "python3.13", WORKS)
    assert find_python(tmp_path).stdout == f"{python3}\n"


def test_a_newer_one_is_taken_if_python3_is_too_old(tmp_path: Path) -> None:
    make_python(tmp_path, "python3", TOO_OLD)
    newer = make_python(tmp_path, "python3.12", WORKS)
    assert find_python(tmp_path).stdout == f"{newer}\n"


def test_a_shim_that_does_not_run_is_passed_over_for_the_same_name_further_down_the_path(tmp_path: Path) -> None:
    make_python(tmp_path / "shims", "python3", SHIM)
    (tmp_path / "bin with space").mkdir()
    python3 = make_python(tmp_path / "bin with space", "python3", WORKS)
    run = find_python(Path(f"{tmp_path / 'shims'}:{tmp_path / 'bin with space'}"))
    assert (run.returncode, run.stdout) == (0, f"{python3}\n")


def test_the_one_that_is_named_is_taken(tmp_path: Path) -> None:
    make_python(tmp_path / "bin", "python3", WORKS)
    named = make_python(tmp_path, "my-python", WORKS)
    assert find_python(tmp_path / "bin", str(named)).stdout == f"{named}\n"


def test_a_named_one_that_will_not_do_is_an_error_and_no_other_is_taken(tmp_path: Path) -> None:
    make_python(tmp_path, "python3", WORKS)
    named = make_python(tmp_path, "old-python", TOO_OLD)
    run = find_python(tmp_path, str(named))
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith(f"PYTHON={named} is not what this needs")


def test_without_any_one_sentence_says_what_to_install(tmp_path: Path) -> None:
    run = find_python(tmp_path)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("There is no usable Python on PATH: install Python 3.11 or newer")
    assert run.stderr.count("\n") == 1
