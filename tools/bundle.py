"""Builds the bundle: the zip that modules/handler uploads as the function's code.

``python -m tools.bundle`` writes ``modules/handler/connect_handler.zip`` from ``lambda_src/connect_handler`` and
the installed ``tzdata``; ``--check`` tells whether the file is what would be written, member by member.

The same sources give the same bytes on every machine and under every Python: members are stored, sorted and
carry fixed dates and modes. Beside each source lies its bytecode, for each runtime of which this machine has a Python:
the folder of a function's code cannot be written to, so every cold start would compile the sources anew. A Python of
that version makes the bytecode (tools/bytecode.py), and compares it. Where a machine has none, the bundle keeps
bytecode of these sources, and only the sources that it names are compared. This file needs nothing but the standard
library, so that any interpreter can run it as it is::

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
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "lambda_src" / "connect_handler"
BUNDLE = ROOT / "modules" / "handler" / "connect_handler.zip"
MINORS = ("3.11", "3.12", "3.13", "3.14")
"""Python of each runtime that the module offers."""
DEFAULT_MINOR = "3.13"
"""Python of the module's default runtime. The bundle always has its bytecode."""
ENTRY_POINT = "connect_handler/handler.py"
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


def compilers(named: Sequence[str] = ()) -> dict[str, str]:
    """Return the Pythons that make bytecode, by version: those that are named, or all that this machine has.

    Raises
    ------
    BundleError
        One that is named does not run, or is of no runtime.
    """
    pythons = {_minor(python): python for python in named}
    for minor, python in pythons.items():
        if minor not in MINORS:
            raise BundleError(f"{python} is no Python {', '.join(MINORS)}: name one with --python.")
    return pythons or {minor: found for minor in MINORS if (found := compiler(minor))}


def compiler(minor: str = DEFAULT_MINOR) -> str | None:
    """Return a Python of a version; None if this machine has none."""
    if f"{sys.version_info.major}.{sys.version_info.minor}" == minor:
        return sys.executable
    found = shutil.which(f"python{minor}")
    if found and _minor(found) == minor:
        return found
    try:
        from localaws.awslambda.interpreters import find_interpreter
    except ImportError:  # where this file alone is run
        return None
    interpreter = find_interpreter(minor)
    return None if interpreter is None else interpreter.executable


def _minor(python: str) -> str:
    statement = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        run = subprocess.run([python, "-I", "-S", "-c", statement], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return run.stdout.strip()


def bytecode(sources: dict[str, bytes], pythons: Mapping[str, str]) -> dict[str, bytes]:
    """Return the members that hold the bytecode of the sources, made by Pythons by their version."""
    made: dict[str, bytes] = {}
    files = bytecode_files(sources)
    for minor, python in pythons.items():
        answer = _ask(python, sources, files[minor], {})
        made |= {name: base64.b64decode(data) for name, data in answer["files"].items()}
    return made


def kept_bytecode(bundle: Path, sources: dict[str, bytes], pythons: Mapping[str, str]) -> dict[str, bytes]:
    """Return an existing bundle's bytecode of these sources for versions that this machine does not have."""
    try:
        with zipfile.ZipFile(bundle) as existing:
            has = {name: existing.read(name) for name in existing.namelist()}
    except (OSError, zipfile.BadZipFile):
        return {}
    kept: dict[str, bytes] = {}
    for minor, files in bytecode_files(sources).items():
        if minor not in pythons and all(_is_of(has.get(file, b""), names, sources) for file, names in files.items()):
            kept |= {file: has[file] for file in files}
    return kept


def _ask(
    python: str, sources: dict[str, bytes], files: dict[str, list[str]], existing: dict[str, bytes]
) -> dict[str, Any]:
    question = {
        "sources": {name: source.decode() for name, source in sources.items() if _is_compiled(name)},
        "files": files,
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


def bytecode_files(sources: dict[str, bytes]) -> dict[str, dict[str, list[str]]]:
    """Return the members that hold bytecode, each with the sources that it is of, by version of Python.

    The package's own file holds every module that a cold start imports too.
    """
    start = start_modules(sources)
    files = {"connect_handler/__init__.py": ["connect_handler/__init__.py", *start]}
    files |= {
        name: [name] for name in sorted(sources) if _is_compiled(name) and name not in start and name not in files
    }
    return {minor: {_bytecode_file(name, minor): names for name, names in files.items()} for minor in MINORS}


def _bytecode_file(name: str, minor: str) -> str:
    folder, _, file = name.rpartition("/")
    # https://docs.python.org/3/library/sys.html#sys.implementation
    return f"{folder}/__pycache__/{file.removesuffix('.py')}.cpython-{minor.replace('.', '')}.pyc"


def start_modules(sources: dict[str, bytes]) -> list[str]:
    """Return the sources that importing the entry point imports, each behind those that it imports itself.

    Imports inside functions are of what a cold start can do without.
    """
    order: list[str] = []

    def visit(name: str) -> None:
        if name in order or name not in sources or name == "connect_handler/__init__.py":
            return
        folder = name.rpartition("/")[0]
        package = folder.rpartition("/")[0] if name.endswith("/__init__.py") else folder
        visit(f"{package}/__init__.py")
        for statement in ast.parse(sources[name]).body:
            if isinstance(statement, ast.ImportFrom) and statement.module:
                path = statement.module.replace(".", "/")
                visit(f"{folder}/{path}.py" if statement.level else f"{path}.py")
        order.append(name)

    visit(ENTRY_POINT)
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


def differences(bundle: Path, sources: dict[str, bytes], pythons: Mapping[str, str]) -> list[str]:
    """Say how a bundle differs from one that would be built of the sources given; empty: it does not.

    Bytecode is compared by the Python of its version. Without one, the source that it says it is of is compared.
    """
    if not bundle.is_file():
        return [f"{bundle} does not exist"]
    try:
        with zipfile.ZipFile(bundle) as existing:
            has = {name: existing.read(name) for name in existing.namelist()}
    except zipfile.BadZipFile as problem:
        return [f"{bundle} is not a zip file: {problem}"]
    by_minor = {
        minor: files
        for minor, files in bytecode_files(sources).items()
        if minor == DEFAULT_MINOR or not files.keys().isdisjoint(has)
    }
    expected = sources.keys() | {file for files in by_minor.values() for file in files}
    lines = [f"missing: {name}" for name in sorted(expected - has.keys())]
    lines += [f"not in the sources: {name}" for name in sorted(has.keys() - expected)]
    lines += [f"changed: {name}" for name in sorted(sources.keys() & has.keys()) if sources[name] != has[name]]
    if not lines:
        stale: list[str] = []
        for minor, files in by_minor.items():
            if minor in pythons:
                existing_files = {file: has[file] for file in files}
                stale += _ask(pythons[minor], sources, files, existing_files)["differing"]
            else:
                stale += [file for file, names in files.items() if not _is_of(has[file], names, sources)]
        lines = [f"not the bytecode of its sources: {file}" for file in sorted(stale)]
    if not lines and bundle.read_bytes() != archive(has):
        lines = ["the members are the same; their order, dates or modes are not"]
    return lines


def _is_of(data: bytes, names: list[str], sources: dict[str, bytes]) -> bool:
    """Tell whether bytecode says that it was made from sources, https://peps.python.org/pep-0552/."""
    magic = int.from_bytes(data[:4], "little")
    together = b"\0".join(sources[name] for name in names)
    return data[4:8] == b"\1\0\0\0" and data[8:16] == _imp.source_hash(magic, together)


def main(arguments: Sequence[str] | None = None) -> int:
    """Build or check the bundle; 0: done, or up to date."""
    parser = argparse.ArgumentParser(prog="python -m tools.bundle", description="Builds the function's bundle.")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    parser.add_argument("--source", type=Path, default=SOURCE, help="the package connect_handler")
    parser.add_argument("--tzdata", type=Path, help="folder that tzdata is installed in (default: this Python's)")
    parser.add_argument(
        "--python", action="append", default=[], help="a Python that makes bytecode, once for each (default: all found)"
    )
    parser.add_argument("--output", type=Path, default=BUNDLE, help="the zip file")
    options = parser.parse_args(arguments)
    try:
        sources = members(options.source, options.tzdata or installed_tzdata(), pinned_tzdata())
        pythons = compilers(options.python)
        if options.check:
            lines = differences(options.output, sources, pythons)
            if lines:
                print(
                    f"{options.output} is not what its sources give: run `make bundle`.",
                    *lines,
                    sep="\n  ",
                    file=sys.stderr,
                )
            return 1 if lines else 0
        made = kept_bytecode(options.output, sources, pythons) | bytecode(sources, pythons)
        missing = [minor for minor, files in bytecode_files(sources).items() if not made.keys() >= files.keys()]
        if DEFAULT_MINOR in missing:
            raise BundleError(f"There is no Python {DEFAULT_MINOR} here to make the bytecode: name one with --python.")
    except BundleError as problem:
        print(problem, file=sys.stderr)
        return 1
    contents = sources | made
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_bytes(archive(contents))
    print(f"{options.output}: {len(contents)} files, {options.output.stat().st_size} bytes")
    if missing:
        print(f"No bytecode for Python {', '.join(missing)}, which this machine lacks: cold starts take 50 ms longer.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
