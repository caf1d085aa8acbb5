"""Lambda's 10 s for the code outside the handler, of which time without a CPU is no part."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from localaws.awslambda.environments import environment
from localaws.awslambda.environments.environment import seconds_without_cpu
from tests.unit.localaws.helpers import MakeFunction

SLOW_TO_START = """
    import time

    time.sleep(0.6)

    def handler(event, context):
        return "ready"
"""


@pytest.mark.parametrize(
    ("without_cpu", "payload"), [(0.0, b"Sandbox.Timedout"), (0.1, b"Sandbox.Timedout"), (30.0, b"ready")]
)
def test_time_without_a_cpu_is_no_part_of_the_init_timeout(
    functions: Any, make_function: MakeFunction, monkeypatch: pytest.MonkeyPatch, without_cpu: float, payload: bytes
) -> None:
    monkeypatch.setattr(environment, "INIT_TIMEOUT", 0.3)
    monkeypatch.setattr(environment, "seconds_without_cpu", lambda pid: without_cpu)
    make_function(SLOW_TO_START)
    answer = functions.invoke(FunctionName="AWSClientVPN-test")
    assert payload in answer["Payload"].read()


def test_time_without_a_cpu_is_no_reason_for_a_longer_timeout_of_the_handler(
    functions: Any, make_function: MakeFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "seconds_without_cpu", lambda pid: 30.0)
    make_function("import time\ndef handler(event, context): time.sleep(20)", Timeout=1)
    assert b"timed out after 1.00 seconds" in functions.invoke(FunctionName="AWSClientVPN-test")["Payload"].read()


@pytest.mark.parametrize(
    ("schedstat", "seconds"),
    [("5000000000 2500000000 42\n", 2.5), ("0 0 0\n", 0.0), ("", 0.0), (None, 0.0)],
    ids=["waited", "never waited", "not accounted", "no such file"],
)
def test_the_time_without_a_cpu_is_the_systems_own(tmp_path: Path, schedstat: str | None, seconds: float) -> None:
    if schedstat is not None:
        (tmp_path / "7").mkdir()
        (tmp_path / "7" / "schedstat").write_text(schedstat)
    assert seconds_without_cpu(7, tmp_path) == seconds


@pytest.mark.skipif(not Path("/proc/self/schedstat").is_file(), reason="the system does not account for waiting")
def test_two_processes_on_one_cpu_wait_for_each_other() -> None:
    cpu = min(os.sched_getaffinity(0))
    program = f"import os\nos.sched_setaffinity(0, [{cpu}])\nwhile True: pass"
    processes = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(2)]
    try:
        deadline = time.monotonic() + 10
        while min(seconds_without_cpu(process.pid) for process in processes) < 0.05:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        for process in processes:
            process.kill()
            process.wait()
