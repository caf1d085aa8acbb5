"""Prints the size of the function: lines of each package, of the audit path and in total, and the longest parts.

``python -m tools.code_sizes``. Code is lines without blank lines, comments and docstrings.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from tools import ROOT

FUNCTION = ROOT / "lambda_src" / "connect_handler"
AUDIT_PATH = ("contract", "facts", "policy", "decision", "handler.py")
"""The parts that decide on a connection: an auditor reads them first."""

LONGEST = 5


def files(*parts: str) -> list[Path]:
    """Return the function's files in these parts, packages or files; without any part, all files."""
    return sorted(file for file in FUNCTION.rglob("*.py") if not parts or file.relative_to(FUNCTION).parts[0] in parts)


def count_lines(file: Path) -> int:
    """Return the number of lines of a file."""
    return len(file.read_text(encoding="utf-8").splitlines())


def count_code(file: Path) -> int:
    """Return the number of lines of code of a file."""
    text = file.read_text(encoding="utf-8")
    lines = {number for number, line in enumerate(text.splitlines(), 1) if line.strip() and line.strip()[0] != "#"}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):  # a docstring
            lines.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def functions(file: Path) -> Iterator[tuple[str, int]]:
    """Return the name and the number of lines of each function and method in a file."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{file.relative_to(FUNCTION)}: {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def longest(sizes: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the longest parts, the longest first."""
    return sorted(sizes, key=lambda size: -size[1])[:LONGEST]


def report() -> str:
    """Return the tables."""
    packages = sorted({file.relative_to(FUNCTION).parts[0] for file in files()})
    rows: list[tuple[str, Sequence[Path]]] = [(package, files(package)) for package in packages]
    rows += [("audit path", files(*AUDIT_PATH)), ("total", files())]
    lines = [f"{'':20}{'lines':>7}{'code':>7}"]
    lines += [f"{name:20}{_sum(count_lines, of):7}{_sum(count_code, of):7}" for name, of in rows]
    lines += ["", "longest files"]
    sizes = [(str(file.relative_to(FUNCTION)), count_lines(file)) for file in files()]
    lines += [f"{size:5}  {name}" for name, size in longest(sizes)]
    lines += ["", "longest functions"]
    lines += [f"{size:5}  {name}" for name, size in longest(size for file in files() for size in functions(file))]
    return "\n".join(lines)


def _sum(count: Callable[[Path], int], of: Iterable[Path]) -> int:
    return sum(map(count, of))


if __name__ == "__main__":
    print(report())
