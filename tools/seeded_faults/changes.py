"""The place of a fault in the files of a checkout, and the text of the file with the fault."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .faults import PARTS, Fault, FaultError

_TOKEN = re.compile(r"\w+|[^\w\s]")


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
                if not _exists(test, root):
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


def _exists(test: str, root: Path) -> bool:
    """Tell whether a file of tests is there and, if one of its tests is named, has a function of that name."""
    file, _, name = test.partition("::")
    path = root / file
    function = name.rpartition("::")[2].partition("[")[0]
    return path.is_file() and (not name or f"def {function}(" in path.read_text(encoding="utf-8"))


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
