"""Starting the function: until it first asks for work, and what a call takes, against a handler that does nothing.

Each process runs the bundle as it is deployed under awslambdaric, Lambda's own runtime client, and each round starts
one of every kind, by turns.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import BUNDLE, DEFAULT_MINOR, START_RULES
from benchmarks.powertools import POWERTOOLS_HANDLER, POWERTOOLS_VARIABLES, unpack_powertools
from benchmarks.reference import EVENT, document, policy
from benchmarks.results import Budget, Figure, Part, Table, figure, ratio
from benchmarks.runtime_api import FunctionProcess
from localaws.awslambda.interpreters import MINORS, Interpreter, Runtime, find_interpreter, link_runtime

ROUNDS = 15
STARTS = 60
"""Further rounds in which processes are only started. Two starts of the same code differ by more than the budgets'
margins: of 21, the median was 0.05 off."""
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


START_LIMITS = dict(zip(START_RULES, (1.12, 1.20, 1.35), strict=True))
CALL_LIMIT = 1.6
POWERTOOLS_START_LIMIT, POWERTOOLS_CALL_LIMIT = 0.6, 0.75


def measure() -> Part:
    """Measure under every interpreter that there is; each has its budgets."""
    part = Part("starts")
    titles = ("Python", "trivial handler", *(f"{rules:,} rules" for rules in START_RULES), "Powertools")
    starts = Table("Start to first poll, ms", titles, [], "From the start of the process until it first asks for work.")
    calls = Table(
        "A call, µs",
        titles,
        [],
        "From sending the event to having the answer, over loopback: parse, decide, log, answer. Means of "
        f"{CALLS} calls in each of {ROUNDS} processes.",
    )
    memory = Table("Peak memory, MB", titles, [])
    with runtimes() as found:
        for minor, (interpreter, runtime) in found.items():
            started, called, peaks = _rounds(runtime)
            starts.rows.append((interpreter.version, *map(figure, started.values())))
            calls.rows.append((interpreter.version, *map(figure, called.values())))
            memory.rows.append((interpreter.version, *(round(max(sizes) / 1e6, 1) for sizes in peaks.values())))
            part.budgets += _budgets(minor, started, called)
    part.tables = [starts, calls, memory, _bundle()]
    return part


def _budgets(minor: str, started: dict[str, list[float]], called: dict[str, list[float]]) -> list[Budget]:
    trivial, *ours, powertools = started
    budgets = [
        Budget(
            f"Python {minor}: start to first poll, {title}, against a trivial handler",
            ratio(started[title], started[trivial]),
            "at most",
            limit,
        )
        for title, limit in zip(ours, START_LIMITS.values(), strict=True)
    ]
    if minor != DEFAULT_MINOR:
        return budgets
    few = ours[0]
    return [
        *budgets,
        Budget("a call against a trivial handler's", ratio(called[few], called[trivial]), "at most", CALL_LIMIT),
        Budget(
            "start to first poll against a handler with Powertools",
            ratio(started[few], started[powertools]),
            "at most",
            POWERTOOLS_START_LIMIT,
        ),
        Budget(
            "a call against that of a handler with Powertools",
            ratio(called[few], called[powertools]),
            "at most",
            POWERTOOLS_CALL_LIMIT,
        ),
    ]


def _rounds(runtime: Runtime) -> tuple[dict[str, list[float]], dict[str, list[float]], dict[str, list[int]]]:
    """Return, by title, ms of each start, mean µs of each process's calls, and bytes of its memory."""
    started: dict[str, list[float]] = defaultdict(list)
    called: dict[str, list[float]] = defaultdict(list)
    peaks: dict[str, list[int]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle, trivial = unpack(folder, runtime)
        kinds = [Kind("trivial", trivial, TRIVIAL_HANDLER, {})]
        kinds += [Kind(f"{rules} rules", bundle, HANDLER, {"POLICY": document(policy(rules))}) for rules in START_RULES]
        powertools = unpack_powertools(folder / "powertools", runtime)
        kinds.append(Kind("Powertools", powertools, POWERTOOLS_HANDLER, POWERTOOLS_VARIABLES))
        event = json.dumps(EVENT).encode()
        for number in range(ROUNDS + 1):
            for kind in kinds:
                with FunctionProcess(runtime, kind.task_root, kind.handler, kind.variables) as process:
                    answers = [process.call(event) for _ in range(WARMING_CALLS + CALLS)]
                    if not all(answer["allow"] for answer, _ in answers):
                        raise RuntimeError(f"{kind.title}: a connection was denied that the policy allows")
                    if number:  # the first round fills the page cache
                        started[kind.title].append(process.start_ms)
                        called[kind.title].append(sum(took for _, took in answers[WARMING_CALLS:]) / CALLS)
                        peaks[kind.title].append(process.peak_memory())
        for _ in range(STARTS):
            for kind in kinds:
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
