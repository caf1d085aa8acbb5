"""Runs checks side by side, each as a process, and says how long each took."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from localaws.processes import die_with_parent
from tools import ROOT


@dataclass(frozen=True)
class CheckProcess:
    """A check and its command. ``live``: its output is shown while it runs, and not only if it fails."""

    name: str
    command: Sequence[str]
    live: bool = False


@dataclass(frozen=True)
class CheckResult:
    """How a check ended, and how many seconds it took."""

    name: str
    status: int
    seconds: float


def run_side_by_side(checks: Sequence[CheckProcess], variables: Mapping[str, str], jobs: int = 2) -> list[CheckResult]:
    """Run all checks, at most ``jobs`` at the same time; return how each ended, in the order of ``checks``.

    ``variables`` come on top of this process's environment. A check that fails does not stop the others: whoever
    mends one wants to know of all.
    """
    environment = {**os.environ, **variables}
    print(f"==> {', '.join(check.name for check in checks)}: {jobs} side by side", flush=True)
    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(_run, check, environment) for check in checks]
        for future in as_completed(futures):
            result, output = future.result()
            if result.status == 0:
                print(f"==> {result.name}: passed in {result.seconds:.0f} s", flush=True)
            else:
                print(f"{output}==> {result.name}: FAILED in {result.seconds:.0f} s", flush=True)
        return [future.result()[0] for future in futures]


def _run(check: CheckProcess, environment: Mapping[str, str]) -> tuple[CheckResult, str]:
    started = time.monotonic()
    # A file rather than a pipe: nobody has to read while the check runs.
    with tempfile.TemporaryFile() as output:
        status = subprocess.run(
            die_with_parent(list(check.command)),
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=None if check.live else output,
            stderr=None if check.live else subprocess.STDOUT,
            check=False,
        ).returncode
        output.seek(0)
        text = output.read().decode(errors="replace")
    return CheckResult(check.name, status, time.monotonic() - started), text


def summarize(results: Sequence[CheckResult], seconds: float) -> str:
    """Return one line on all checks: which failed, the time of each, and the total."""
    times = ", ".join(f"{result.name} {result.seconds:.0f} s" for result in results)
    failed = [result.name for result in results if result.status != 0]
    verdict = f"FAILED: {', '.join(failed)}" if failed else "all passed"
    return f"==> {times}; {seconds:.0f} s in all: {verdict}"
