"""The demos: what they show follows from the example that they apply."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.processes import processes_in
from tools import ROOT, demo, demo_openvpn
from tools.demo_stage import DemoFailed

TFVARS = ROOT / demo.EXAMPLE / "terraform.tfvars"


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A temporary folder with a short name: the path of a socket has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        yield Path(folder)


def run_demo(temporary: Path, name: str = "demo") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", f"tools.{name}"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("changed", [demo.changed_policy, demo_openvpn.changed_policy])
def test_the_change_of_policy_fits_the_example(changed: Callable[[str], str]) -> None:
    before = TFVARS.read_text(encoding="utf-8")
    assert changed(before) != before


def test_an_example_that_no_longer_fits_is_an_error_and_not_a_demo_without_a_change() -> None:
    with pytest.raises(DemoFailed, match=r"no longer has what the demo changes"):
        demo.changed_policy("rules = []\n")


@pytest.mark.slow
def test_the_demo_shows_changed_outcomes_both_ways_and_leaves_nothing_behind(temporary: Path) -> None:
    process = run_demo(temporary)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    changes = output.partition("Whose outcome changed:")[2]
    rows = [line for line in changes.splitlines() if "ALLOW" in line or "DENY" in line]
    assert any(row.index("ALLOW") < row.index("DENY") for row in rows), output
    assert any(row.index("DENY") < row.index("ALLOW") for row in rows), output
    assert "function version 1 -> 2" in output
    assert "Nothing is left in localaws." in output
    assert list(temporary.iterdir()) == []
    assert processes_in(temporary) == []


@pytest.mark.slow
@pytest.mark.usefixtures("openvpn")
def test_the_openvpn_demo_shows_what_clients_show_and_leaves_nothing_behind(temporary: Path) -> None:
    process = run_demo(temporary, "demo_openvpn")
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    flat = " ".join(output.split())
    assert "anna@example.com: connected, with address 10.255.0.2 greta@partner.example: openvpn writes" in flat
    assert flat.count("AUTH_FAILED,Linux is not served any longer, anna@example.com. Quote cvpn-connection-") == 2
    assert '"rule": "no-linux"' in flat
    assert "Nothing is left in localaws." in flat
    assert list(temporary.iterdir()) == []
    assert processes_in(temporary) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("name", "moment"), [("demo", "Creation complete"), ("demo_openvpn", "anna@example.com: connected")]
)
def test_an_interrupted_demo_cleans_up(
    number: signal.Signals, name: str, moment: str, temporary: Path, request: pytest.FixtureRequest
) -> None:
    if name == "demo_openvpn":
        request.getfixturevalue("openvpn")
    process = run_demo(temporary, name)
    assert process.stdout is not None
    for line in process.stdout:
        if moment in line:
            break
    time.sleep(0.5)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert list(temporary.iterdir()) == []
    assert processes_in(temporary) == []
