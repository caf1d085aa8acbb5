"""Seeded faults: changes that break the behaviour, each of which some test has to find.

``python -m tools.seeded_faults`` takes each fault of ``tests/seeded_faults``, makes it in a copy of the checkout, and
runs tests there: first those that the fault names, then the rest of each tier. It prints one line for each fault: its
name, the tier that finds it, the seconds, and the first test that fails. ``python -m tools.seeded_faults NAME ...``
takes the faults of these names.

Exit status 1: a fault is found by no tier or cannot be made, or ``make test`` finds fewer than nine in ten.

A fault is a TOML file::

    why = "A deny rule whose condition is unknown must apply: missing evidence never helps the client."
    part = "lambda_src"
    definition = "evaluate"
    find = "value = rule.denies"
    replace = "value = False"
    tests = ["tests/unit/connect_handler/test_agreement.py"]

``part`` is a key of :data:`PARTS`. ``definition`` is the qualified name of a function, a method, a class or a constant
in any Python file of the part: a nested function is ``outer.inner``. In Terraform files, ``block`` is the first line of
a block without its brace, such as ``locals`` or ``resource "aws_lambda_alias" "this"``; ``module`` can name the one
module to look in. ``find`` is text in there, in any layout. Both together must match exactly one place. ``replace``
takes its place; its further lines are indented as the line that it begins in. So a fault outlives a move of its code to
another file. ``tests`` are files, or single tests, that are expected to find it.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FrameType

from tools import ROOT
from tools.terraform_cli import TerraformUnavailable, terraform_environment

FOLDER = "tests/seeded_faults"
TERRAFORM_TESTS = "tests/terraform"

# --- what the tiers run; whoever changes `make check`, `make test` or `make test-all` changes it here -----------------

PARTS: dict[str, tuple[str, ...]] = {
    "lambda_src": ("lambda_src/**/*.py",),
    "cvpn": ("cvpn/**/*.py",),
    "localaws": ("localaws/**/*.py",),
    "tools": ("tools/**/*.py",),
    "modules": ("modules/**/*.tf",),
    "root": ("*.tf",),
}
"""Where the code of each part is."""

UNIT_TESTS: dict[str, tuple[str, ...]] = {
    "lambda_src": ("tests/unit/connect_handler",),
    "cvpn": ("tests/unit/cvpn",),
    "localaws": ("tests/unit/localaws",),
    "tools": ("tests/unit/tools",),
    "modules": ("tests/unit/policy",),
    "root": (),
}
"""The tests of each part that ``make check`` runs."""

CHECK, TEST, TEST_ALL = "check", "test", "test-all"

PYTEST_OPTIONS: dict[str, tuple[str, ...]] = {
    CHECK: ("-m", "not slow"),
    TEST: ("-m", "not slow"),
    TEST_ALL: (),
}
"""The tiers, the quickest first, and how each runs pytest."""

BUILDS: dict[str, tuple[str, ...]] = {
    "lambda_src": ("tools.bundle", "tools.monitoring_names"),
    "modules": ("tools.terraform_docs",),
    "root": ("tools.terraform_docs",),
}
"""Programs that bring up to date what is generated from a part, so that no check for staleness finds a fault."""

SLOW_BUILDS: dict[str, tuple[str, ...]] = {
    "lambda_src": ("tools.decision_log_docs", "tools.operations_docs", "tools.cvpn_docs"),
    "cvpn": ("tools.decision_log_docs", "tools.cvpn_docs"),
    "localaws": ("tools.operations_docs",),
    "modules": ("tools.operations_docs",),
}
"""The same for pages that only the rest of a tier compares. They take a minute."""

ENOUGH = 0.9
"""The share of all faults that ``make test`` has to find."""

TEST_SECONDS = 1800
"""Longest run of the tests that a fault names, and of a program that builds something."""

REST_SECONDS = 7200
"""Longest run of the rest of a tier."""

# --- faults -----------------------------------------------------------------------------------------------------------

_KEYS = {"why", "part", "definition", "block", "module", "find", "replace", "tests"}
_TOKEN = re.compile(r"\w+|[^\w\s]")


class FaultError(Exception):
    """A fault cannot be made or examined; the message says why."""


@dataclass(frozen=True)
class Fault:
    """A change that breaks the behaviour.

    Attributes
    ----------
    name
        Of its file, without the suffix.
    why
        What the code has to do, and the fault keeps it from.
    part
        Key of :data:`PARTS`.
    definition
        Qualified name of a function, a method, a class or a constant; None in Terraform files.
    block
        First line of a block, without its brace; None in Python files.
    module
        Module that the block is in; None for any.
    find, replace
        Text in the definition or the block, and what takes its place.
    tests
        Files, or single tests, that are expected to find it.
    """

    name: str
    why: str
    part: str
    definition: str | None
    block: str | None
    module: str | None
    find: str
    replace: str
    tests: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> Fault:
        """Read a fault from its file.

        Raises
        ------
        FaultError
            The file is none.
        """
        try:
            value = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise FaultError(f"is not TOML: {error}") from None
        unknown = sorted(value.keys() - _KEYS)
        if unknown:
            raise FaultError(f"has the unknown key {unknown[0]}; write some of {', '.join(sorted(_KEYS))}")
        for key in ("why", "part", "find"):
            if not isinstance(value.get(key), str) or not value[key].strip():
                raise FaultError(f"has no {key}")
        for key in ("definition", "block", "module", "replace"):
            if not isinstance(value.get(key, ""), str):
                raise FaultError(f"has a {key} that is no text")
        if value["part"] not in PARTS:
            raise FaultError(f"has the unknown part {value['part']}; write one of {', '.join(PARTS)}")
        if ("definition" in value) == ("block" in value):
            raise FaultError("needs either a definition or a block")
        tests = value.get("tests")
        if not isinstance(tests, list) or not tests or not all(isinstance(test, str) for test in tests):
            raise FaultError("has no tests; name those that are expected to find it")
        return cls(
            path.stem,
            value["why"],
            value["part"],
            value.get("definition"),
            value.get("block"),
            value.get("module"),
            value["find"],
            value.get("replace", ""),
            tuple(tests),
        )


@dataclass(frozen=True)
class Change:
    """A fault in the text of a file.

    Attributes
    ----------
    path
        The file.
    text
        Its text with the fault.
    region
        The lines of the definition or the block, with the fault.
    """

    path: Path
    text: str
    region: str


def fault_files(root: Path) -> dict[str, Path]:
    """Return the files of all faults of a checkout, by name."""
    return {path.stem: path for path in sorted((root / FOLDER).glob("*.toml"))}


def change_of(fault: Fault, root: Path) -> Change:
    """Find the one place of a fault in a checkout, and return the change.

    Raises
    ------
    FaultError
        There is no such place, there are several, or the file could not be parsed with the fault.
    """
    what = fault.definition or fault.block or ""
    regions = [(path, text, span) for path, text in _sources(fault, root) for span in _spans(fault, text)]
    if not regions:
        raise FaultError(f"finds no {what} in {fault.part}")
    pattern = _pattern(fault.find)
    # A name can stand for one region inside another one.
    matches = {
        (path, match.start()): (text, span, match)
        for path, text, span in regions
        for match in pattern.finditer(text, *span)
    }
    if len(matches) != 1:
        places = sorted({str(path.relative_to(root)) for path, _ in matches})
        where = f" ({', '.join(places)})" if places else ""
        raise FaultError(f"finds its text {len(matches)} times in {what}{where}, not once: {fault.find}")
    [((path, start), (text, span, match))] = matches.items()
    line = text[text.rfind("\n", 0, start) + 1 : start]
    indentation = line[: len(line) - len(line.lstrip())]
    new = fault.replace.strip("\n").replace("\n", f"\n{indentation}")
    if new == match[0]:
        raise FaultError("changes nothing")
    region = text[span[0] : start] + new + text[match.end() : span[1]]
    change = Change(path, text[:start] + new + text[match.end() :], region)
    if fault.definition is not None:
        _check_python(change)
    return change


def _check_python(change: Change) -> None:
    try:
        ast.parse(textwrap.dedent(change.region))  # takes less time than the whole file
    except SyntaxError:
        try:
            ast.parse(change.text)
        except SyntaxError as error:
            raise FaultError(f"is no Python: {error}") from None


def check_faults(files: Mapping[str, Path], root: Path) -> tuple[list[Fault], dict[str, str]]:
    """Read faults, and check that each can be made in a checkout and that the tests that it names are there.

    Returns
    -------
    faults, problems
        Those that can be made; and by name, what is wrong with the others.
    """
    faults: dict[str, Fault] = {}
    problems: dict[str, str] = {}
    regions: dict[str, str] = {}
    for name, path in files.items():
        try:
            fault = Fault.read(path)
            change = change_of(fault, root)
            for test in fault.tests:
                if not (root / test.partition("::")[0]).is_file():
                    raise FaultError(f"names tests that do not exist: {test}")
        except FaultError as error:
            problems[name] = str(error)
            continue
        faults[name] = fault
        if fault.block is not None:
            regions[name] = change.region
    for name, problem in _terraform_problems(regions).items():
        problems[name] = f"is no Terraform: {problem}"
        faults.pop(name)
    return list(faults.values()), problems


def _terraform_problems(regions: Mapping[str, str]) -> dict[str, str]:
    """Return what Terraform cannot parse, by name; one process looks at all."""
    terraform = shutil.which("terraform")
    if terraform is None or not regions:
        return {}  # whoever runs the tests needs it anyway
    with tempfile.TemporaryDirectory() as folder:
        for name, region in regions.items():
            (Path(folder) / f"{name}.tf").write_text(region + "\n", encoding="utf-8")
        command = [terraform, "fmt", "-no-color", "-list=false", "-write=false", "."]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode == 0:
        return {}
    words = " ".join(run.stderr.split())
    named = re.findall(r"on ([\w-]+)\.tf line", run.stderr)
    return {name: words for name in named if name in regions} or dict.fromkeys(regions, words)


def _sources(fault: Fault, root: Path) -> Iterator[tuple[Path, str]]:
    for pattern in PARTS[fault.part]:
        for path in sorted(root.glob(pattern)):
            if fault.module is None or path.parent.name == fault.module:
                status = path.stat()
                yield path, _text(path, status.st_mtime_ns, status.st_size)


@cache
def _text(path: Path, changed: int, size: int) -> str:
    """Return the text of a file, which is read again once it has changed."""
    return path.read_text(encoding="utf-8")


def _spans(fault: Fault, text: str) -> list[tuple[int, int]]:
    """Return where the regions are that a fault names."""
    if fault.definition is not None:
        return _definitions(text).get(fault.definition, [])
    header = r"\s+".join(map(re.escape, (fault.block or "").split()))
    # terraform fmt begins and ends a block at the beginning of a line.
    return [match.span() for match in re.finditer(rf"(?ms)^{header} \{{$.*?^\}}$", text)]


@cache
def _definitions(text: str) -> dict[str, list[tuple[int, int]]]:
    """Return where the definitions of a Python file are, by qualified name."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found: dict[str, list[tuple[int, int]]] = {}

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            names: list[str] = []
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names = [child.name]
                visit(child, f"{prefix}{child.name}.")
            elif isinstance(child, ast.Assign) and not prefix:
                targets = [target for one in child.targets for target in getattr(one, "elts", [one])]
                names = [target.id for target in targets if isinstance(target, ast.Name)]
            elif isinstance(child, ast.AnnAssign) and not prefix and isinstance(child.target, ast.Name):
                names = [child.target.id]
            elif isinstance(child, ast.stmt):
                visit(child, prefix)
            if names and isinstance(child, ast.stmt):
                for name in names:
                    span = starts[child.lineno - 1], starts[child.end_lineno or child.lineno]
                    found.setdefault(f"{prefix}{name}", []).append(span)

    visit(ast.parse(text), "")
    return found


def _pattern(find: str) -> re.Pattern[str]:
    """Return what finds a text in any layout."""
    tokens = _TOKEN.findall(find)
    parts: list[str] = []
    for before, token in zip(["", *tokens], tokens, strict=False):
        between = r"\s+" if before[-1:].isidentifier() and _is_word(token) else r"\s*" if before else ""
        parts.append(between + re.escape(token))
    begin = r"(?<!\w)" if _is_word(tokens[0]) else ""
    end = r"(?!\w)" if _is_word(tokens[-1]) else ""
    return re.compile(begin + "".join(parts) + end)


def _is_word(token: str) -> bool:
    return re.fullmatch(r"\w+", token) is not None


# --- runs of tests ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Examination:
    """What came of a fault.

    Attributes
    ----------
    name
        Of the fault.
    tier
        The tier that finds it; None for none.
    test
        The first test that fails; empty for none.
    problem
        Why it could not be examined; empty if it could.
    seconds
        How long that took.
    """

    name: str
    tier: str | None
    test: str
    problem: str
    seconds: float

    def __str__(self) -> str:
        """Return the line of the report."""
        found = self.tier or ("error" if self.problem else "none")
        return f"{found:8}  {self.seconds:5.0f} s  {self.problem or self.test}"


@dataclass
class Processes:
    """The processes that run now. All of them can be ended at once."""

    _running: set[subprocess.Popen[str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: bool = False

    def run(
        self, command: Sequence[str], folder: Path, variables: Mapping[str, str], seconds: float
    ) -> tuple[int, str]:
        """Run a command, and return its exit status and what it wrote.

        Raises
        ------
        FaultError
            It takes too long, or all processes are to end.
        """
        # A file: a process that outlives its parent would keep a pipe open.
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace", dir=variables["TMPDIR"]) as output:
            with self._lock:
                if self._over:
                    raise FaultError("was interrupted")
                process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env={**os.environ, **variables},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    text=True,
                    start_new_session=True,
                )
                self._running.add(process)
            try:
                status = process.wait(seconds)
            except subprocess.TimeoutExpired:
                raise FaultError(f"makes {' '.join(command[1:4])} take more than {seconds} s") from None
            finally:
                _end(process)
                with self._lock:
                    self._running.discard(process)
            output.seek(0)
            return status, output.read()

    def end(self) -> None:
        """End all processes, and let none begin."""
        with self._lock:
            self._over = True
            running = list(self._running)
        for process in running:
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """End a process and what it has started; first politely."""
    for number, seconds in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(process.pid, number)
        except (ProcessLookupError, PermissionError):
            return
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            process.poll()
            try:
                os.killpg(process.pid, 0)
            except (ProcessLookupError, PermissionError):
                return
            time.sleep(0.02)


@dataclass(frozen=True)
class Examiner:
    """Examines faults in copies of a checkout.

    Attributes
    ----------
    root
        The checkout.
    folder
        Where the copies are made.
    tiers
        Tiers to try, the quickest first.
    processes
        What runs now.
    hints_only
        Whether only the tests run that the faults name.
    """

    root: Path
    folder: Path
    tiers: tuple[str, ...]
    processes: Processes
    hints_only: bool = False

    def examine(self, fault: Fault) -> Examination:
        """Find out which tier finds a fault."""
        started = time.monotonic()
        tier, test, problem = None, "", ""
        try:
            with self._copy(fault) as copy:
                change = change_of(fault, copy)
                change.path.write_text(change.text, encoding="utf-8")
                tier, test = self._search(fault, copy)
        except FaultError as error:
            problem = str(error)
        return Examination(fault.name, tier, test, problem, time.monotonic() - started)

    @contextmanager
    def _copy(self, fault: Fault) -> Iterator[Path]:
        """Make a copy of the checkout, which is there as long as it is needed."""
        place = self.folder / fault.name
        copy = place / "checkout"
        try:
            (place / "tmp").mkdir(parents=True)
            for name in checkout_files(self.root):
                target = copy / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self.root / name, target, follow_symlinks=False)
            share(self.root, copy)
            yield copy
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _search(self, fault: Fault, copy: Path) -> tuple[str | None, str]:
        """Return the tier that finds the fault in the copy, and the first test that fails."""
        built = False
        for tier in self.tiers:
            tests = [test for test in fault.tests if tier == TEST_ALL or tier_of(test, fault.part) == tier]
            if tests and tier != CHECK and not built:
                self._build(BUILDS.get(fault.part, ()), copy, may_fail=False)
                built = True
            found = self._run_tests(copy, tier, tests)
            if found:
                return tier, found
        if self.hints_only:
            return None, ""
        if not built:
            self._build(BUILDS.get(fault.part, ()), copy, may_fail=False)
        # A page that cannot be written with the fault is what a test of that page will find.
        self._build(SLOW_BUILDS.get(fault.part, ()), copy, may_fail=True)
        for tier in self.tiers:
            tests = list(UNIT_TESTS[fault.part]) if tier == CHECK else []
            if tier == CHECK and not tests:
                continue
            found = self._pytest(copy, tier, tests, REST_SECONDS)
            if not found and tier == TEST and (copy / TERRAFORM_TESTS).is_dir():
                found = self._terraform(copy, None, REST_SECONDS)
            if found:
                return tier, found
        return None, ""

    def _run_tests(self, copy: Path, tier: str, tests: Sequence[str]) -> str:
        """Run tests of any kind, and return the first one that fails; empty for none."""
        of_pytest = [test for test in tests if not _is_terraform(test)]
        found = self._pytest(copy, tier, of_pytest) if of_pytest else ""
        for test in tests:
            if not found and _is_terraform(test):
                found = self._terraform(copy, test)
        return found

    def _build(self, programs: Sequence[str], copy: Path, *, may_fail: bool) -> None:
        for program in programs:
            if not (copy / f"{program.replace('.', '/')}.py").is_file():
                raise FaultError(f"needs {program}, which the checkout does not have")
            status, output = self._run([sys.executable, "-m", program], copy, TEST_SECONDS)
            if status != 0 and not may_fail:
                raise FaultError(f"breaks {program}: {_last_line(output)}")

    def _pytest(self, copy: Path, tier: str, tests: Sequence[str], seconds: float = TEST_SECONDS) -> str:
        """Run tests, and return the first one that fails; empty for none."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-rfE", *PYTEST_OPTIONS[tier], *tests]
        status, output = self._run(command, copy, seconds)
        if status in (0, 5):  # 5: the marker left nothing
            return ""
        summary = re.findall(r"(?m)^(?:FAILED|ERROR) (.*?)(?: - .*)?$", output)
        if status == 1 and summary:
            return str(summary[0])
        if status == 2 and summary:
            raise FaultError(f"breaks the import of {summary[0]}: {_last_error(output)}")
        raise FaultError(f"breaks pytest, which ends with {status}: {_last_error(output)}")

    def _terraform(self, copy: Path, test: str | None, seconds: float = TEST_SECONDS) -> str:
        """Run Terraform's own tests, or one file of them, and return the first run that fails; empty for none."""
        folder = f"-test-directory={TERRAFORM_TESTS}"
        variables = terraform_variables()
        status, output = self._run(
            ["terraform", "init", "-backend=false", "-no-color", folder], copy, TEST_SECONDS, variables
        )
        if status != 0:
            raise FaultError(f"breaks terraform init: {_last_error(output)}")
        chosen = [] if test is None else [f"-filter={test}"]
        status, output = self._run(["terraform", "test", "-no-color", folder, *chosen], copy, seconds, variables)
        if status == 0:
            return ""
        invalid, problem = self._run(["terraform", "validate", "-no-color"], copy, TEST_SECONDS, variables)
        if invalid:
            raise FaultError(f"breaks terraform validate: {_last_error(problem)}")
        failure = re.search(r'(?m)^  run "([^"]+)"\.\.\. fail$', output)
        if failure is None:
            raise FaultError(f"breaks terraform test: {_last_error(output)}")
        files = re.findall(r"(?m)^(\S+\.tftest\.hcl)\.\.\. in progress$", output[: failure.start()])
        return f"{files[-1] if files else test} {failure[1]}"

    def _run(
        self, command: Sequence[str], copy: Path, seconds: float, variables: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        return self.processes.run(command, copy, {**_environment(copy), **(variables or {})}, seconds)


def checkout_files(root: Path) -> list[str]:
    """Return the files of a checkout that Git knows, or would know: not those that it ignores."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return sorted({name for name in listing.split("\0") if name and (root / name).is_file()})


def share(root: Path, copy: Path) -> None:
    """Let a copy use what takes long to make: the virtual environment, and the providers that Terraform has."""
    plugins = Path(".cache/terraform/plugins")
    (root / plugins).mkdir(parents=True, exist_ok=True)
    (copy / plugins).parent.mkdir(parents=True)
    (copy / plugins).symlink_to(root / plugins)
    if (root / ".venv").is_dir():
        (copy / ".venv").symlink_to(root / ".venv")


def _environment(copy: Path) -> dict[str, str]:
    """Return the variables that make all that runs in a copy import the code of the copy, and keep to its folder."""
    # The project is installed as editable: without this, processes that tests start would import the checkout's code.
    path = os.pathsep.join([str(copy / "lambda_src"), str(copy)])
    return {"PYTHONPATH": path, "TMPDIR": str(copy.parent / "tmp")}


@cache
def terraform_variables() -> dict[str, str]:
    """Return the variables of Terraform's runs, which are the same for all copies."""
    try:
        return terraform_environment()
    except TerraformUnavailable as problem:
        raise FaultError(str(problem)) from None


def tier_of(test: str, part: str) -> str:
    """Return the first tier that runs a test, for a fault in a part."""
    return CHECK if any(test.startswith(f"{folder}/") for folder in UNIT_TESTS[part]) else TEST


def _is_terraform(test: str) -> bool:
    return test.endswith(".tftest.hcl")


def _last_line(output: str) -> str:
    return (output.strip().splitlines() or ["no output"])[-1]


def _last_error(output: str) -> str:
    errors = re.findall(r"(?m)^(?:E  +|Error: )(\S.*)$", output)
    return str(errors[-1]) if errors else _last_line(output)


# --- the command ------------------------------------------------------------------------------------------------------


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
