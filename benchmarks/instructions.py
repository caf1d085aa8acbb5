"""Instructions of a decision and of a cold start, counted by callgrind: what noise cannot change.

Two runs that differ in the number of decisions alone differ in the instructions of those decisions, and two that differ
in what they import, in those of the imports. Nothing is counted where valgrind is not installed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import DEFAULT_MINOR, ROOT
from benchmarks import START_RULES as RULES
from benchmarks.engines import NAMES
from benchmarks.reference import EVENT, document, policy, samples
from benchmarks.results import Cell, Part, Table
from benchmarks.runtime_api import ARN
from benchmarks.starts import RUNTIME_CLIENT, runtimes, unpack

OURS, FLOOR = NAMES[:2]
FEW, MANY = 50, 150
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
    for name, title in ((OURS, "`evaluate`"), (FLOOR, "hand-written Python for this policy")):
        row: list[Cell] = [title]
        for rules in RULES:
            difference = counts[name, rules, MANY] - counts[name, rules, FEW]
            row.append(round(difference / (MANY - FEW) / len(samples())))
        table.rows.append(tuple(row))
    note = "Counted by callgrind, in the interpreter and in what it calls."
    part.tables = [Table(table.title, table.columns, table.rows, note), _cold_start(valgrind)]
    return part


_FIRST_DECISION = "from connect_handler.handler import handler\nhandler(event, context)\n"
_END = "os._exit(0)  # without looking for garbage\n"


def _cold_start(valgrind: str) -> Table:
    """Count what comes on top of the runtime client's imports, under the default runtime."""
    table = Table("Instructions of a cold start, millions", ("what", "millions"), [])
    with runtimes((DEFAULT_MINOR,)) as found, tempfile.TemporaryDirectory() as name:
        if DEFAULT_MINOR not in found:
            return table
        runtime = found[DEFAULT_MINOR][1]
        bundle, _ = unpack(Path(name), runtime)

        def count(program: str, rules: int = RULES[0]) -> int:
            arguments = [str(runtime.executable), "-B", "-c", RUNTIME_CLIENT + program + _END, json.dumps(EVENT), ARN]
            return _collected(valgrind, arguments, bundle, {"POLICY": document(policy(rules))})

        alone = count("")
        table.rows.append(("a process that imports the runtime client", alone / 1e6))
        for rules in RULES:
            took = count(_FIRST_DECISION, rules) - alone
            table.rows.append((f"on top of it: our imports, {rules:,} rules, the first decision", took / 1e6))
    return table


def _count(valgrind: str, name: str, rules: int, times: int) -> int:
    # -B: the first of several processes would otherwise write bytecode, and the others find it.
    return _collected(valgrind, [sys.executable, "-B", "-c", _PROGRAM, name, str(rules), str(times)], ROOT, {})


def _collected(valgrind: str, command: list[str], folder: Path, variables: dict[str, str]) -> int:
    done = subprocess.run(
        [valgrind, "--tool=callgrind", f"--callgrind-out-file={os.devnull}", *command],
        cwd=folder,
        env={"PYTHONHASHSEED": "0", "PATH": "/usr/bin:/bin", "TZ": ":UTC", **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    match = re.search(r"Collected : (\d+)", done.stderr)
    if match is None:
        raise RuntimeError(f"callgrind has counted nothing: {done.stderr[-500:]}")
    return int(match[1])
