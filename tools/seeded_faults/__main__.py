"""The command: its arguments, and its report."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from types import FrameType

from tools import ROOT

from .changes import check_faults
from .copies import Processes
from .examination import Examination, Examiner
from .faults import Fault, fault_files
from .tiers import CHECK, ENOUGH, PYTEST_OPTIONS, TEST, TEST_ALL


def report(examinations: Sequence[Examination], tiers: Sequence[str]) -> tuple[str, int]:
    """Return the counts of faults by tier, in words, and the exit status."""
    total = len(examinations)
    counts = {tier: sum(one.tier == tier for one in examinations) for tier in tiers}
    missed = [one.name for one in examinations if one.tier is None]
    early = sum(one.tier in (CHECK, TEST) for one in examinations)
    lines = [f"{total} faults: {', '.join(f'{number} by {tier}' for tier, number in counts.items())}"]
    if missed:
        lines.append(f"not found: {', '.join(missed)}")
    too_late = tiers[-1] != CHECK and early < ENOUGH * total
    if too_late:
        lines.append(f"make test finds {early} of {total}: fewer than nine in ten")
    return "\n".join(lines), 1 if missed or too_late else 0


def examine_all(
    faults: Sequence[Fault], root: Path, tiers: tuple[str, ...], *, jobs: int = 1, hints_only: bool = False
) -> list[Examination]:
    """Examine faults, print a line for each, and leave nothing behind."""
    examinations: list[Examination] = []
    width = max(len(fault.name) for fault in faults)
    processes = Processes()
    with tempfile.TemporaryDirectory(prefix="seeded-faults-", ignore_cleanup_errors=True) as folder:
        examiner = Examiner(root, Path(folder), tiers, processes, hints_only)
        with ThreadPoolExecutor(jobs) as threads:
            futures = [threads.submit(examiner.examine, fault) for fault in faults]
            try:
                for future in as_completed(futures):
                    examination = future.result()
                    examinations.append(examination)
                    print(f"{examination.name:{width}}  {examination}", flush=True)
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                processes.end()
                raise
    return examinations


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Examine the faults that the arguments name; none: all of them."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.seeded_faults", description="Finds out whether the tests find seeded faults."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="a fault (default: all)")
    parser.add_argument("--tier", choices=list(PYTEST_OPTIONS), default=TEST_ALL, help="the last tier to try")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="how many faults to examine at once")
    parser.add_argument("--hints-only", action="store_true", help="run only the tests that the faults name")
    parser.add_argument("--list", action="store_true", help="show the faults, and run nothing")
    parser.add_argument("--apply-only", action="store_true", help="only tell whether each fault can be made")
    options = parser.parse_args(arguments)
    files = fault_files(root)
    unknown = [name for name in options.names if name not in files]
    if unknown:
        print(f"No fault is called {', '.join(unknown)}; --list shows all.", file=sys.stderr)
        return 1
    faults, problems = check_faults({name: files[name] for name in options.names or files}, root)
    for name, problem in problems.items():
        print(f"{name}: {problem}", file=sys.stderr)
    status = 1 if problems else 0
    if options.list:
        for fault in faults:
            print(f"{fault.name} ({fault.part}): {fault.why}")
        return status
    if options.apply_only or not faults:
        print(f"{len(faults)} faults can be made.")
        return status
    tiers = tuple(PYTEST_OPTIONS)[: list(PYTEST_OPTIONS).index(options.tier) + 1]
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        examinations = examine_all(faults, root, tiers, jobs=options.jobs, hints_only=options.hints_only)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGTERM, before)
    text, result = report(examinations, tiers)
    print(text)
    return max(status, result)


if __name__ == "__main__":
    sys.exit(main())
