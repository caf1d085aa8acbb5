"""Compiles the function's package for one version of Python; that version runs this file.

``python3.13 -I -S -B tools/bytecode.py`` reads JSON from standard input and writes JSON::

    {"sources": {"connect_handler/index.py": "..."},
     "files": {"connect_handler/__pycache__/gate.cpython-313.pyc": "connect_handler/gate.py"},
     "existing": {"connect_handler/__pycache__/gate.cpython-313.pyc": "<base64>"}}

    {"files": {"connect_handler/__pycache__/gate.cpython-313.pyc": "<base64>"}, "differing": []}

That is the bytecode of the sources, in the files asked for, and which of the existing files hold something else than
this version makes of the sources. A file of a source is what Python itself would write; one of a list of sources holds
a list of modules' names and their code.

Annotations and docstrings are left out: nothing in the function looks at them, and to load them takes a twentieth of a
cold start. Bytecode is compared as code, not byte by byte: how constants are shared in a file differs between builds
of Python.
"""

from __future__ import annotations

import ast
import base64
import importlib.util
import json
import marshal
import sys
from pathlib import PurePosixPath
from types import CodeType

FOLDER = "/var/task/"
"""Where Lambda unpacks a function's code: tracebacks name files as they are there."""

UNCHECKED_HASH = 0b01
"""The flags of bytecode that is never compared with its source, https://peps.python.org/pep-0552/"""

WITHOUT_DOCSTRINGS = 2

HEADER = 16


class _Lean(ast.NodeTransformer):
    """Leaves annotations out, and what says how they are to be read."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return None if node.module == "__future__" else node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.returns = None
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        self.generic_visit(node)
        return ast.copy_location(ast.Assign([node.target], node.value), node)


def compiled(name: str, source: str) -> CodeType:
    """Return the code of a source file."""
    tree = _Lean().visit(ast.parse(source))
    return compile(tree, FOLDER + name, "exec", dont_inherit=True, optimize=WITHOUT_DOCSTRINGS)


def contents(sources: dict[str, str], names: str | list[str]) -> CodeType | list[tuple[str, CodeType]]:
    """Return what a file holds: the code of a source file, or a list of modules' names and their code."""
    if isinstance(names, str):
        return compiled(names, sources[names])
    return [(PurePosixPath(name).stem, compiled(name, sources[name])) for name in names]


def header(sources: dict[str, str], names: str | list[str]) -> bytes:
    """Return the beginning of a file of bytecode."""
    together = sources[names] if isinstance(names, str) else "\0".join(sources[name] for name in names)
    source_hash = importlib.util.source_hash(together.encode())
    return importlib.util.MAGIC_NUMBER + UNCHECKED_HASH.to_bytes(4, "little") + source_hash


def differs(sources: dict[str, str], names: str | list[str], existing: bytes) -> bool:
    """Tell whether a file of bytecode is not what this Python makes of the sources."""
    try:
        loaded = marshal.loads(existing[HEADER:])  # noqa: S302 - loaded to be compared, and not executed
    except (EOFError, TypeError, ValueError):
        return True
    return existing[:HEADER] != header(sources, names) or loaded != contents(sources, names)


def main() -> None:
    """Answer one request."""
    asked = json.load(sys.stdin)
    sources: dict[str, str] = asked["sources"]
    files: dict[str, str | list[str]] = asked["files"]
    made = {file: header(sources, names) + marshal.dumps(contents(sources, names)) for file, names in files.items()}
    existing = {file: base64.b64decode(text) for file, text in asked["existing"].items()}
    answer = {
        "files": {file: base64.b64encode(data).decode() for file, data in made.items()},
        "differing": [file for file, data in existing.items() if differs(sources, files[file], data)],
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
