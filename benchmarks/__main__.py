"""Measures everything, or the parts that are named; see the package."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from benchmarks import (
    boto3_starts,
    commands,
    decisions,
    evidence,
    growth,
    instructions,
    reauthorization,
    report,
    starts,
    stored,
    storm,
    terraform_times,
)
from benchmarks.results import Part
from benchmarks.versions import machine

PARTS: dict[str, Callable[[], Part]] = {
    "starts": starts.measure,
    "decisions": decisions.measure,
    "instructions": instructions.measure,
    "growth": growth.measure,
    "boto3": boto3_starts.measure,
    "commands": commands.measure,
}

LONG_PARTS: dict[str, Callable[[], Part]] = {
    "stored": stored.measure,
    "evidence": evidence.measure,
    "terraform": terraform_times.measure,
    "storm": storm.measure,
    "reauthorization": reauthorization.measure,
}
"""Parts without budgets, or that take minutes: measured only if they are named, and written onto the page alone."""


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and write results of a run of all parts, and of long ones; 1: a budget is missed."""
    known = PARTS | LONG_PARTS
    unknown = [name for name in arguments if name not in known]
    if unknown:
        print(f"No part is called {', '.join(unknown)}; there are: {', '.join(known)}.", file=sys.stderr)
        return 1
    started = time.monotonic()
    parts = []
    for name in arguments or PARTS:
        print(f"==> {name}", flush=True)
        began = time.monotonic()
        part = known[name]()
        parts.append(part)
        for table in part.tables:
            print(f"\n{report.as_text(table)}", flush=True)
        print(f"\n({name}: {time.monotonic() - began:.0f} s)", flush=True)
    found = report.budgets(parts)
    if found:
        print(f"\n{report.as_text(report.budget_table(found))}")
    print(f"\n{time.monotonic() - started:.0f} s in all")
    if not arguments:
        report.write(parts, machine(), time.monotonic() - started)
    report.write_long([part for part in parts if part.name in LONG_PARTS], machine())
    return int(any(not budget.holds for budget in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
