"""Builds the bundle: the zip that modules/handler uploads as the function's code.

``python -m tools.bundle`` writes ``modules/handler/connect_handler.zip`` from ``lambda_src/connect_handler`` and
the installed ``tzdata``; ``--check`` tells whether the file is what would be written, member by member.

The same sources give the same bytes on every machine and under every Python: members are stored, sorted and
carry fixed dates and modes. Beside each source lies its bytecode for the runtime that the module uses by default: the
folder of a function's code cannot be written to, so that every cold start would compile it anew. Another runtime
ignores it. That runtime's Python makes it (tools/bytecode.py), and compares it; where there is none, what is compared
is whether the bytecode says that it is of these sources. This file needs nothing but the standard library, so that any
interpreter can run it as it is::

    python3.12 -I tools/bundle.py --check --tzdata .venv/lib/python3.11/site-packages --python python3.13
"""

from __future__ import annotations

import _imp
import argparse
import ast
import base64
import io
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "lambda_src" / "connect_handler"
BUNDLE = ROOT / "modules" / "handler" / "connect_handler.zip"
MINOR = "3.13"
"""Python of the module's default runtime."""
TAG = f"cpython-{MINOR.replace('.', '')}"
"""How it calls its bytecode, https://docs.python.org/3/library/sys.html#sys.implementation"""
START = f"connect_handler/__pycache__/start.{TAG}.pyc"
"""The member with the bytecode of all modules that a cold start imports."""
COMPILER = ROOT / "tools" / "bytecode.py"
DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip file can hold."""


class BundleError(Exception):
    """The bundle cannot be built; the message says why, and what to do."""


def pinned_tzdata(pyproject: Path = ROOT / "pyproject.toml") -> str:
    """Return the version of tzdata that the bundle carries: the one that pyproject.toml pins."""
    extras = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    pins = [match.group(1) for line in extras["dev"] if (match := re.fullmatch(r"tzdata==([\w.]+)", line))]
    if len(pins) != 1:
        raise BundleError(f'{pyproject} pins no tzdata: write "tzdata==<version>" into the extra "dev", once.')
    return pins[0]


def installed_tzdata() -> Path:
    """Return the folder that holds the installed ``tzdata`` package and its ``.dist-info``."""
    spec = find_spec("tzdata")
    if spec is None or spec.origin is None:
        raise BundleError("tzdata is not installed: run `make venv`, or name its folder with --tzdata.")
    return Path(spec.origin).parent.parent


def members(source: Path, tzdata: Path, version: str) -> dict[str, bytes]:
    """Return the bundle's members, name to contents.

    Parameters
    ----------
    source
        The package ``connect_handler``.
    tzdata
        The folder that ``tzdata`` is installed in.
    version
        The version of tzdata that the bundle carries.

    Raises
    ------
    BundleError
        That version is not what is installed there, or a part is missing.
    """
    information = tzdata / f"tzdata-{version}.dist-info"
    if not information.is_dir():
        found = sorted(path.name for path in tzdata.glob("tzdata-*.dist-info")) or ["no tzdata"]
        raise BundleError(
            f"The bundle carries tzdata {version}, and {tzdata} has {', '.join(found)}: "
            f"run `make venv`, or pin in pyproject.toml the version that is meant."
        )
    licences = sorted(path for path in information.rglob("*") if path.is_file() and "LICENSE" in path.name)
    if not licences:
        raise BundleError(f"{information} has no licence file, which the bundle must carry.")
    if not (source / "handler.py").is_file():
        raise BundleError(f"{source} has no handler.py, which is the function's entry point.")
    found_members = _package(source) | _package(tzdata / "tzdata")
    return found_members | {
        f"{information.name}/{path.relative_to(information).as_posix()}": path.read_bytes() for path in licences
    }


def _package(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder.parent).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not any(_is_litter(part) for part in path.relative_to(folder).parts)
    }


def _is_litter(name: str) -> bool:
    """Tell whether a file or folder is what Python, an editor or an operating system leaves behind."""
    return name == "__pycache__" or name.startswith(".") or name.endswith((".pyc", "~"))


def compiler(python: str | None) -> str | None:
    """Return a Python that makes bytecode for the default runtime; None where this machine has none.

    Raises
    ------
    BundleError
        The one that was named is of another version, or does not run.
    """
    if python is not None:
        if _minor(python) != MINOR:
            raise BundleError(f"{python} is no Python {MINOR}: name one with --python.")
        return python
    if f"{sys.version_info.major}.{sys.version_info.minor}" == MINOR:
        return sys.executable
    found = shutil.which(f"python{MINOR}")
    if found and _minor(found) == MINOR:
        return found
    try:
        from localaws.awslambda.interpreters import find_interpreter
    except ImportError:  # where this file alone is run
        return None
    interpreter = find_interpreter(MINOR)
    return None if interpreter is None else interpreter.executable


def _minor(python: str) -> str:
    statement = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        run = subprocess.run([python, "-I", "-S", "-c", statement], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return run.stdout.strip()


def bytecode(sources: dict[str, bytes], python: str) -> dict[str, bytes]:
    """Return the members that hold the bytecode of the sources among the members given."""
    answer = _ask(python, sources, {})
    return {name: base64.b64decode(data) for name, data in answer["files"].items()}


def _ask(python: str, sources: dict[str, bytes], existing: dict[str, bytes]) -> dict[str, Any]:
    question = {
        "sources": {name: source.decode() for name, source in sources.items() if _is_compiled(name)},
        "files": bytecode_files(sources),
        "existing": {name: base64.b64encode(data).decode() for name, data in existing.items()},
    }
    run = subprocess.run(
        [python, "-I", "-S", "-B", str(COMPILER)],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise BundleError(f"{python} {COMPILER} ended with status {run.returncode}: {run.stderr}")
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


def _is_compiled(name: str) -> bool:
    return name.startswith("connect_handler/") and name.endswith(".py")


def bytecode_files(sources: dict[str, bytes]) -> dict[str, str | list[str]]:
    """Return the members that hold bytecode, each with the sources that it is of.

    Every module that a cold start imports is in :data:`START`, which the package loads at once
    (connect_handler/__init__.py); every other has a file where Python looks for it.
    """
    start = start_modules(sources)
    files: dict[str, str | list[str]] = {START: start}
    for name in sorted(sources):
        if _is_compiled(name) and name not in start:
            folder, _, file = name.rpartition("/")
            files[f"{folder}/__pycache__/{file.removesuffix('.py')}.{TAG}.pyc"] = name
    return files


def start_modules(sources: dict[str, bytes]) -> list[str]:
    """Return the sources that the entry point imports when it is imported, each behind those that it imports itself.

    Imports inside functions are of what a cold start can do without.
    """
    order: list[str] = []

    def visit(name: str) -> None:
        for statement in ast.parse(sources[name]).body:
            if isinstance(statement, ast.ImportFrom) and statement.level == 1:
                imported = [statement.module] if statement.module else [alias.name for alias in statement.names]
                for module in imported:
                    other = f"connect_handler/{module}.py"
                    if other not in order:
                        visit(other)
        order.append(name)

    visit("connect_handler/handler.py")
    return order


def archive(contents: dict[str, bytes]) -> bytes:
    """Return a zip file of the members given, the same bytes for the same members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as bundle:
        for name in sorted(contents):
            member = zipfile.ZipInfo(name, DATE)
            member.create_system = 3  # Unix: Lambda takes the mode from the file's attributes
            member.external_attr = 0o100644 << 16
            bundle.writestr(member, contents[name])
    return buffer.getvalue()


def differences(bundle: Path, sources: dict[str, bytes], python: str | None) -> list[str]:
    """Say how a bundle differs from one that would be built of the sources given; empty: it does not.

    Bytecode is compared by ``python``; where that is None, by what it says of the source that it was made from.
    """
    if not bundle.is_file():
        return [f"{bundle} does not exist"]
    try:
        with zipfile.ZipFile(bundle) as existing:
            has = {name: existing.read(name) for name in existing.namelist()}
    except zipfile.BadZipFile as problem:
        return [f"{bundle} is not a zip file: {problem}"]
    files = bytecode_files(sources)
    expected = sources.keys() | files.keys()
    lines = [f"missing: {name}" for name in sorted(expected - has.keys())]
    lines += [f"not in the sources: {name}" for name in sorted(has.keys() - expected)]
    lines += [f"changed: {name}" for name in sorted(sources.keys() & has.keys()) if sources[name] != has[name]]
    if not lines:
        if python is None:
            stale = [file for file, names in files.items() if not _is_of(has[file], names, sources)]
        else:
            stale = _ask(python, sources, {file: has[file] for file in files})["differing"]
        lines = [f"not the bytecode of its sources: {file}" for file in sorted(stale)]
    if not lines and bundle.read_bytes() != archive(has):
        lines = ["the members are the same; their order, dates or modes are not"]
    return lines


def _is_of(data: bytes, names: str | list[str], sources: dict[str, bytes]) -> bool:
    """Tell whether bytecode says that it was made from sources, https://peps.python.org/pep-0552/."""
    magic = int.from_bytes(data[:4], "little")
    together = sources[names] if isinstance(names, str) else b"\0".join(sources[name] for name in names)
    return data[4:8] == b"\1\0\0\0" and data[8:16] == _imp.source_hash(magic, together)


def main(arguments: Sequence[str] | None = None) -> int:
    """Build or check the bundle; 0: done, or up to date."""
    parser = argparse.ArgumentParser(prog="python -m tools.bundle", description="Builds the function's bundle.")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    parser.add_argument("--source", type=Path, default=SOURCE, help="the package connect_handler")
    parser.add_argument("--tzdata", type=Path, help="folder that tzdata is installed in (default: this Python's)")
    parser.add_argument("--python", help=f"a Python {MINOR}, which makes the bytecode (default: one that is found)")
    parser.add_argument("--output", type=Path, default=BUNDLE, help="the zip file")
    options = parser.parse_args(arguments)
    try:
        sources = members(options.source, options.tzdata or installed_tzdata(), pinned_tzdata())
        python = compiler(options.python)
        if options.check:
            lines = differences(options.output, sources, python)
        elif python is None:
            raise BundleError(f"There is no Python {MINOR} here to make the bytecode: name one with --python.")
        else:
            contents = sources | bytecode(sources, python)
    except BundleError as problem:
        print(problem, file=sys.stderr)
        return 1
    if not options.check:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_bytes(archive(contents))
        print(f"{options.output}: {len(contents)} files, {options.output.stat().st_size} bytes")
        return 0
    if python is None:
        print(f"There is no Python {MINOR} here: of the bytecode, only the source that it names was compared.")
    if lines:
        print(
            f"{options.output} is not what its sources give: run `make bundle`.",
            *lines,
            sep="\n  ",
            file=sys.stderr,
        )
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
