"""Builds the bundle: the zip that modules/handler uploads as the function's code.

``python -m tools.bundle`` writes ``modules/handler/connect_handler.zip`` from ``lambda_src/connect_handler`` and
the installed ``tzdata``; ``--check`` tells whether the file is what would be written, member by member.

The same sources give the same bytes on every machine and under every Python: members are stored, sorted and
carry fixed dates and modes. This file needs nothing but the standard library, so that any interpreter can run
it as it is::

    python3.13 -I tools/bundle.py --check --tzdata .venv/lib/python3.11/site-packages
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import tomllib
import zipfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "lambda_src" / "connect_handler"
BUNDLE = ROOT / "modules" / "handler" / "connect_handler.zip"
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


def differences(bundle: Path, contents: dict[str, bytes]) -> list[str]:
    """Say how a bundle differs from one that would be built of the members given; empty: it does not."""
    if not bundle.is_file():
        return [f"{bundle} does not exist"]
    try:
        with zipfile.ZipFile(bundle) as existing:
            has = {name: existing.read(name) for name in existing.namelist()}
    except zipfile.BadZipFile as problem:
        return [f"{bundle} is not a zip file: {problem}"]
    lines = [f"missing: {name}" for name in sorted(contents.keys() - has.keys())]
    lines += [f"not in the sources: {name}" for name in sorted(has.keys() - contents.keys())]
    lines += [f"changed: {name}" for name in sorted(contents.keys() & has.keys()) if contents[name] != has[name]]
    if not lines and bundle.read_bytes() != archive(contents):
        lines = ["the members are the same; their order, dates or modes are not"]
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Build or check the bundle; 0: done, or up to date."""
    parser = argparse.ArgumentParser(prog="python -m tools.bundle", description="Builds the function's bundle.")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    parser.add_argument("--source", type=Path, default=SOURCE, help="the package connect_handler")
    parser.add_argument("--tzdata", type=Path, help="folder that tzdata is installed in (default: this Python's)")
    parser.add_argument("--output", type=Path, default=BUNDLE, help="the zip file")
    options = parser.parse_args(arguments)
    try:
        contents = members(options.source, options.tzdata or installed_tzdata(), pinned_tzdata())
    except BundleError as problem:
        print(problem, file=sys.stderr)
        return 1
    if not options.check:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_bytes(archive(contents))
        print(f"{options.output}: {len(contents)} files, {options.output.stat().st_size} bytes")
        return 0
    lines = differences(options.output, contents)
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
