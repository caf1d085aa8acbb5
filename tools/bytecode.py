"""Compiles the function's package for one version of Python; that version runs this file.

``python3.13 -I -S -B tools/bytecode.py`` reads JSON from standard input and writes JSON::

    {"sources": {"connect_handler/deploy_gate.py": "..."},
     "files": {"connect_handler/__pycache__/deploy_gate.cpython-313.pyc": ["connect_handler/deploy_gate.py"]},
     "existing": {"connect_handler/__pycache__/deploy_gate.cpython-313.pyc": "<base64>"}}

    {"files": {"connect_handler/__pycache__/deploy_gate.cpython-313.pyc": "<base64>"}, "differing": []}

The answer has the bytecode of the files asked for, and the existing files that hold something else. A file of one
source is the file that Python itself would write. A file of several sources belongs to the first of them, a package's
``__init__``: importing the package then loads the other sources too, so that Python opens one file and not one for
each module.

Annotations, docstrings and all that only type checkers read are left out: loading them takes a twentieth of a cold
start, and importing typing 2 ms. Bytecode is compared as code, not byte by byte: how constants are shared in a file
differs between builds of Python.
"""

from __future__ import annotations

import ast
import base64
import importlib.util
import json
import marshal
import sys
from types import CodeType

FOLDER = "/var/task/"
"""Where Lambda unpacks a function's code: tracebacks name files as they are there."""

UNCHECKED_HASH = 0b01
"""The flags of bytecode that is never compared with its source, https://peps.python.org/pep-0552/"""

WITHOUT_DOCSTRINGS = 2

HEADER = 16


PRELOADER = """
import gc, sys
gc.disable()  # what is loaded here stays
for name, is_package, code in MODULES:
    module = sys.modules[name] = type(sys)(name)
    parent, _, child = name.rpartition(".")
    path = name.replace(".", "/").removeprefix(__name__)
    module.__package__ = name if is_package else parent
    module.__file__ = __path__[0] + path + ("/__init__.py" if is_package else ".py")
    if is_package:
        module.__path__ = [__path__[0] + path]
    setattr(sys.modules[parent], child, module)
    exec(code, module.__dict__)
gc.enable()
"""
"""What runs in the place of a package's ``__init__`` that holds the code of modules."""


class _Lean(ast.NodeTransformer):
    """Leaves out what only type checkers read."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return None if node.module in ("__future__", "typing") else node

    def visit_If(self, node: ast.If) -> ast.AST | None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return None
        self.generic_visit(node)
        return node

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


def contents(sources: dict[str, str], names: list[str]) -> CodeType:
    """Return the code of a file: of one source, or of a package's ``__init__`` that holds those of other sources."""
    first, *others = names
    if not others:
        return compiled(first, sources[first])
    modules = tuple(
        (
            name.removesuffix(".py").removesuffix("/__init__").replace("/", "."),
            name.endswith("/__init__.py"),
            compiled(name, sources[name]),
        )
        for name in others
    )
    tree = ast.parse(PRELOADER)
    loop = next(statement for statement in tree.body if isinstance(statement, ast.For))
    loop.iter = ast.copy_location(ast.Constant("MODULES"), loop.iter)
    code = compile(tree, FOLDER + first, "exec", dont_inherit=True, optimize=WITHOUT_DOCSTRINGS)
    return code.replace(co_consts=tuple(modules if value == "MODULES" else value for value in code.co_consts))


def header(sources: dict[str, str], names: list[str]) -> bytes:
    """Return the beginning of a file of bytecode."""
    source_hash = importlib.util.source_hash("\0".join(sources[name] for name in names).encode())
    return importlib.util.MAGIC_NUMBER + UNCHECKED_HASH.to_bytes(4, "little") + source_hash


def differs(sources: dict[str, str], names: list[str], existing: bytes) -> bool:
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
    files: dict[str, list[str]] = asked["files"]
    made = {file: header(sources, names) + marshal.dumps(contents(sources, names)) for file, names in files.items()}
    existing = {file: base64.b64decode(text) for file, text in asked["existing"].items()}
    answer = {
        "files": {file: base64.b64encode(data).decode() for file, data in made.items()},
        "differing": [file for file, data in existing.items() if differs(sources, files[file], data)],
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
