"""Starting the function: until it first asks for work, and what a call takes, against a handler that does nothing.

Each process runs the bundle as it is deployed under awslambdaric, Lambda's own runtime client, and each round starts
one of every kind, by turns.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import BUNDLE, DEFAULT_MINOR, RULES
from benchmarks.measured import Budget, Figure, Part, Table, figure, ratio
from benchmarks.reference import EVENT, document, policy
from benchmarks.runtime_api import ARN, FunctionProcess
from localaws.awslambda.interpreters import MINORS, Interpreter, Runtime, find_interpreter, link_runtime

ROUNDS = 21
STARTS = 8 * ROUNDS
"""Rounds in which processes of the default runtime are started; in all but the first ones nothing else is done with
them. Two starts of the same code differ by more than what is to be measured: of 63, the median was 0.02 off."""
CALLS = 300
WARMING_CALLS = 50
HANDLER = "connect_handler.handler.handler"
TRIVIAL_HANDLER = "trivial.handler"

_TRIVIAL = """def handler(event, context):
    return {
        "allow": True,
        "error-msg-on-denied-connection": "",
        "posture-compliance-statuses": [],
        "schema-version": "v3",
    }
"""
_TRIVIAL_BYTECODE = "import py_compile; py_compile.compile('trivial.py', invalidation_mode={mode})".format(
    mode="py_compile.PycInvalidationMode.UNCHECKED_HASH"
)


@dataclass(frozen=True)
class Kind:
    """A function that is started: what it is called in tables, its code, and its environment."""

    title: str
    task_root: Path
    handler: str
    variables: dict[str, str]


@contextmanager
def runtimes(minors: tuple[str, ...] = MINORS) -> Iterator[dict[str, tuple[Interpreter, Runtime]]]:
    """Give the interpreters of this machine that Lambda offers, each with nothing but Lambda's own packages."""
    with tempfile.TemporaryDirectory() as folder:
        found = {minor: find_interpreter(minor) for minor in minors}
        yield {
            minor: (interpreter, link_runtime(interpreter, Path(folder, minor)))
            for minor, interpreter in found.items()
            if interpreter is not None
        }


def unpack(folder: Path, minor_runtime: Runtime) -> tuple[Path, Path]:
    """Unpack the bundle, and write the trivial handler with its bytecode; return both folders."""
    bundle, trivial = folder / "bundle", folder / "trivial"
    with zipfile.ZipFile(BUNDLE) as archive:
        archive.extractall(bundle)
    trivial.mkdir()
    (trivial / "trivial.py").write_text(_TRIVIAL)
    subprocess.run([minor_runtime.executable, "-I", "-S", "-c", _TRIVIAL_BYTECODE], cwd=trivial, check=True)
    return bundle, trivial


def measure() -> Part:
    """Measure under every interpreter that there is; budgets are of the default runtime."""
    part = Part("starts")
    starts = Table(
        "Start to first poll, ms",
        (
            "Python",
            "trivial handler",
            *(f"{rules:,} rules" for rules in RULES),
            "ratio, 10 rules",
            "ratio, 1,000 rules",
        ),
        [],
        "From the start of the process until it first asks for work. The bundle carries bytecode for Python "
        f"{DEFAULT_MINOR}, the default runtime; another version compiles the sources at each cold start.",
    )
    calls = Table(
        "A call, µs",
        ("Python", "trivial handler", *(f"{rules:,} rules" for rules in RULES), "ratio, 10 rules"),
        [],
        "From sending the event to having the answer, over loopback: parse, decide, log, answer. Means of "
        f"{CALLS} calls in each of {ROUNDS} processes.",
    )
    memory = Table("Peak memory, MB", ("Python", "trivial handler", *(f"{rules:,} rules" for rules in RULES)), [])
    with runtimes() as found:
        for minor, (interpreter, runtime) in found.items():
            rounds, further_starts = (ROUNDS, STARTS - ROUNDS) if minor == DEFAULT_MINOR else (ROUNDS // 2, 0)
            started, called, peaks = _rounds(runtime, rounds, further_starts)
            kinds = list(started)
            name = interpreter.version
            ours = kinds[1:]
            start_ratios = {kind: ratio(started[kind], started[kinds[0]]) for kind in (ours[0], ours[-1])}
            call_ratios = {kind: ratio(called[kind], called[kinds[0]]) for kind in ours}
            starts.rows.append(
                (name, *map(figure, started.values()), start_ratios[ours[0]].median, start_ratios[ours[-1]].median)
            )
            calls.rows.append((name, *map(figure, called.values()), call_ratios[ours[0]].median))
            memory.rows.append((name, *(round(max(sizes) / 1e6, 1) for sizes in peaks.values())))
            if minor == DEFAULT_MINOR:
                part.budgets += [
                    Budget(
                        "start to first poll, 10 rules, against a trivial handler",
                        start_ratios[ours[0]],
                        "at most",
                        1.05,
                    ),
                    Budget(
                        "start to first poll, 1,000 rules, against a trivial handler",
                        start_ratios[ours[-1]],
                        "at most",
                        1.15,
                    ),
                    Budget("a whole call against a trivial handler's", call_ratios[ours[0]], "at most", 1.25),
                ]
        if DEFAULT_MINOR in found:
            own = _own_costs(found[DEFAULT_MINOR][1])
            part.tables.append(own[0])
            part.budgets += own[1]
    part.tables[:0] = [starts, calls, memory]
    part.tables.append(_bundle())
    return part


def _rounds(
    runtime: Runtime, rounds: int, further_starts: int
) -> tuple[dict[str, list[float]], dict[str, list[float]], dict[str, list[int]]]:
    """Return, by kind, ms of each start, mean µs of each process's calls, and bytes of its memory.

    After the rounds with calls come as many as are said in which processes are only started: the trivial handler's, and
    those with the fewest and the most rules.
    """
    started: dict[str, list[float]] = defaultdict(list)
    called: dict[str, list[float]] = defaultdict(list)
    peaks: dict[str, list[int]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle, trivial = unpack(folder, runtime)
        kinds = [Kind("trivial", trivial, TRIVIAL_HANDLER, {})]
        kinds += [Kind(f"{rules} rules", bundle, HANDLER, {"POLICY": document(policy(rules))}) for rules in RULES]
        event = json.dumps(EVENT).encode()
        for number in range(rounds + 1):
            for kind in kinds:
                with FunctionProcess(runtime, kind.task_root, kind.handler, kind.variables) as process:
                    answers = [process.call(event) for _ in range(WARMING_CALLS + CALLS)]
                    if not all(answer["allow"] for answer, _ in answers):
                        raise RuntimeError(f"{kind.title}: a connection was denied that the policy allows")
                    if number:  # the first round fills the page cache
                        started[kind.title].append(process.start_ms)
                        called[kind.title].append(sum(took for _, took in answers[WARMING_CALLS:]) / CALLS)
                        peaks[kind.title].append(process.peak_memory())
        for _ in range(further_starts):
            for kind in (kinds[0], kinds[1], kinds[-1]):  # those with a budget
                with FunctionProcess(runtime, kind.task_root, kind.handler, kind.variables) as process:
                    started[kind.title].append(process.start_ms)
    return started, called, peaks


RUNTIME_CLIENT = """
import json, os, sys, time
import awslambdaric.bootstrap, awslambdaric.lambda_context
event = json.loads(sys.argv[1])
sys.path.insert(0, os.getcwd())
sys.stdout = open(os.devnull, "w")
context = type("Context", (), {"invoked_function_arn": sys.argv[2]})()
"""
"""What has happened in a process when Lambda's runtime client imports the handler."""

OWN_COST = f"""{RUNTIME_CLIENT}
began = time.perf_counter_ns()
from connect_handler.handler import handler
answer = handler(event, context)
took = time.perf_counter_ns() - began
assert answer["allow"], answer
sys.stderr.write(str(took / 1e6))
"""
"""Prints ms of import, load and first decision after what the runtime client has imported."""

OWN_LIMITS = {10: 2.0, 100: 3.0, 1000: 7.0}
"""Budgets in ms where a trivial start takes TRIVIAL_MS."""
TRIVIAL_MS = 30.0


def _own_costs(runtime: Runtime) -> tuple[Table, list[Budget]]:
    """Measure what is our own of a cold start, in units of a trivial start, and state it as that start takes 30 ms."""
    took: dict[int, list[float]] = defaultdict(list)
    trivial_starts: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle, trivial = unpack(folder, runtime)
        for _ in range(ROUNDS):
            with FunctionProcess(runtime, trivial, TRIVIAL_HANDLER, {}) as process:
                trivial_starts.append(process.start_ms)
            for rules in RULES:
                took[rules].append(own_cost(runtime, bundle, {"POLICY": document(policy(rules))}))
    table = Table(
        "Our own part of a cold start, ms",
        ("rules", "import, load and first decision", f"where a trivial start takes {TRIVIAL_MS:g} ms", "budget"),
        [],
        "After what Lambda's runtime client has imported, in the process that the function runs in.",
    )
    budgets = []
    for rules, values in took.items():
        scaled = figure(TRIVIAL_MS * one / start for one, start in zip(values, trivial_starts, strict=True))
        table.rows.append((rules, figure(values), scaled, OWN_LIMITS[rules]))
        what = f"own import, load and first decision, {rules:,} rules, where a trivial start takes {TRIVIAL_MS:g} ms"
        budgets.append(Budget(what, scaled, "at most", OWN_LIMITS[rules], "ms"))
    return table, budgets


def own_cost(runtime: Runtime, bundle: Path, variables: dict[str, str]) -> float:
    """Return ms of import, load and first decision in a new process."""
    done = subprocess.run(
        [runtime.executable, "-B", "-c", OWN_COST, json.dumps(EVENT), ARN],
        cwd=bundle,
        env={"PATH": os.environ["PATH"], "TZ": ":UTC", "AWS_LAMBDA_FUNCTION_NAME": "AWSClientVPN-bench", **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stderr)


def _bundle() -> Table:
    with zipfile.ZipFile(BUNDLE) as archive:
        members = archive.infolist()
    sizes: dict[str, int] = defaultdict(int)
    for member in members:
        kind = "tzdata" if member.filename.startswith("tzdata") else Path(member.filename).suffix
        sizes[{".py": "sources", ".pyc": "bytecode"}.get(kind, kind or "other")] += member.file_size
    rows: list[tuple[str | int | float | Figure, ...]] = [(what, round(size / 1000, 1)) for what, size in sizes.items()]
    rows.append(("the zip, stored", round(BUNDLE.stat().st_size / 1000, 1)))
    return Table("The bundle, kB", ("part", "kB"), rows)
