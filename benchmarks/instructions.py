"""Instructions of a decision, counted by callgrind: what noise cannot change.

Two runs that differ in the number of decisions alone differ in the instructions of those decisions. Nothing is counted
where valgrind is not installed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import ROOT, RULES
from benchmarks.engines import NAMES
from benchmarks.measured import Cell, Part, Table

OURS, FLOOR = NAMES[:2]
FEW, MANY = 50, 250
"""How often each sample is decided on, in the two runs."""

_PROGRAM = """
import gc, sys
from benchmarks import reference
from benchmarks.engines import engine
gc.disable()
decide = engine(sys.argv[1]).prepare(reference.policy(int(sys.argv[2])))
requests = reference.requests()
for _ in range(int(sys.argv[3])):
    for request, now in requests:
        decide(request, now)
"""


def measure() -> Part:
    """Count for our decision and the one written by hand, at each number of rules."""
    part = Part("instructions")
    valgrind = shutil.which("valgrind")
    table = Table("Instructions of a decision", ("engine", *(f"{rules:,} rules" for rules in RULES)), [])
    if valgrind is None:
        part.tables = [Table(table.title, table.columns, [], "valgrind is not installed.")]
        return part
    asked = [(name, rules, times) for name in (OURS, FLOOR) for rules in RULES for times in (FEW, MANY)]
    with ThreadPoolExecutor(2) as pool:  # counts do not mind what else runs
        counts = dict(zip(asked, pool.map(lambda one: _count(valgrind, *one), asked), strict=True))
    samples = _samples()
    for name, title in ((OURS, "`evaluate`"), (FLOOR, "hand-written Python for this policy")):
        row: list[Cell] = [title]
        for rules in RULES:
            difference = counts[name, rules, MANY] - counts[name, rules, FEW]
            row.append(round(difference / (MANY - FEW) / samples))
        table.rows.append(tuple(row))
    part.tables = [
        Table(table.title, table.columns, table.rows, "Counted by callgrind, in the interpreter and in what it calls.")
    ]
    return part


def _samples() -> int:
    from benchmarks import reference

    return len(reference.samples())


def _count(valgrind: str, name: str, rules: int, times: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        command = [
            valgrind,
            "--tool=callgrind",
            f"--callgrind-out-file={Path(folder, 'out')}",
            sys.executable,
            "-c",
            _PROGRAM,
        ]
        done = subprocess.run(
            [*command, name, str(rules), str(times)],
            cwd=ROOT,
            env={"PYTHONHASHSEED": "0", "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        )
    match = re.search(r"Collected : (\d+)", done.stderr)
    if match is None:
        raise RuntimeError(f"callgrind has counted nothing: {done.stderr[-500:]}")
    return int(match[1])
