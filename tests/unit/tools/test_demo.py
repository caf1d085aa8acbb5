"""tools/demo.py: what it shows follows from the example that it applies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools import ROOT
from tools.demo import EXAMPLE, DemoFailed, changed_policy

TFVARS = ROOT / EXAMPLE / "terraform.tfvars"


def run_demo(temporary: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tools.demo"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def processes_in(folder: Path) -> list[str]:
    """The processes that work in a folder or were told of it; none where there is no /proc."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            place = os.fsencode((process / "cwd").readlink())
        except OSError:
            continue
        if os.fsencode(folder) in told + place:
            found.append(process.name)
    return found


def test_the_change_of_policy_fits_the_example() -> None:
    before = TFVARS.read_text(encoding="utf-8")
    assert changed_policy(before) != before


def test_an_example_that_no_longer_fits_is_an_error_and_not_a_demo_without_a_change() -> None:
    with pytest.raises(DemoFailed, match=r"no longer has what the demo changes"):
        changed_policy("rules = []\n")


@pytest.mark.slow
def test_the_demo_shows_changed_outcomes_both_ways_and_leaves_nothing_behind(tmp_path: Path) -> None:
    demo = run_demo(tmp_path)
    output, _ = demo.communicate(timeout=300)
    assert demo.returncode == 0, output
    changes = output.partition("Whose outcome changed:")[2]
    rows = [line for line in changes.splitlines() if "ALLOW" in line or "DENY" in line]
    assert any(row.index("ALLOW") < row.index("DENY") for row in rows), output
    assert any(row.index("DENY") < row.index("ALLOW") for row in rows), output
    assert "function version 1 -> 2" in output
    assert "Nothing is left in localaws." in output
    assert list(tmp_path.iterdir()) == []
    assert processes_in(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_cleans_up(number: signal.Signals, tmp_path: Path) -> None:
    demo = run_demo(tmp_path)
    assert demo.stdout is not None
    for line in demo.stdout:
        if "Creation complete" in line:
            break
    time.sleep(0.5)
    demo.send_signal(number)
    output, _ = demo.communicate(timeout=60)
    assert demo.returncode == 130, output
    assert list(tmp_path.iterdir()) == []
    assert processes_in(tmp_path) == []
