"""Measures everything, or the parts that are named; see the package."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from benchmarks import (
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
from benchmarks.measured import Part
from benchmarks.versions import machine

PARTS: dict[str, Callable[[], Part]] = {
    "starts": starts.measure,
    "decisions": decisions.measure,
    "instructions": instructions.measure,
    "growth": growth.measure,
    "stored": stored.measure,
    "evidence": evidence.measure,
    "terraform": terraform_times.measure,
    "storm": storm.measure,
}

LONG_PARTS: dict[str, Callable[[], Part]] = {"reauthorization": reauthorization.measure}
"""Those that take minutes: measured only where they are named, and written onto the page by themselves."""


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and write the results of a run of all parts, and of long ones; 1: a name is unknown."""
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
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
