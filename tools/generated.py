"""Parts of Markdown files that are generated: what stands between ``<!-- BEGIN name -->`` and ``<!-- END name -->``."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


class MarkersBroken(Exception):
    """A file's markers are not in pairs; the message says which, and what to write."""


def filled(text: str, parts: Mapping[str, str], file: Path, *, all_needed: bool = False) -> str:
    """Return the text of a file with the parts between its markers written anew.

    Raises
    ------
    MarkersBroken
        A marker is without its other one, or there twice; or a part has none, if ``all_needed``.
    """
    for name, part in parts.items():
        begin, end = f"<!-- BEGIN {name} -->", f"<!-- END {name} -->"
        if (text.count(begin), text.count(end)) == (0, 0) and not all_needed:
            continue
        before, found_begin, after = text.partition(begin)
        old, found_end, rest = after.partition(end)
        if not found_begin or not found_end or begin in rest or end in rest or begin in old:
            raise MarkersBroken(f"{file} needs one {begin} and, after it, one {end}.")
        text = f"{before}{begin}\n{part}\n{end}{rest}"
    return text


def write_or_check(
    arguments: Sequence[str] | None, program: str, description: str, pages: Mapping[Path, Mapping[str, str]], what: str
) -> int:
    """Write the parts of pages, or with ``--check`` among the arguments tell which pages are stale.

    Parameters
    ----------
    pages
        The parts that each page needs.
    what
        What the pages show, for the message that one does not: ``what happens``.

    Returns
    -------
    status
        0: done, or up to date; 1: stale, or a page has no place for a part.
    """
    try:
        files = {
            page: filled(page.read_text(encoding="utf-8"), parts, page, all_needed=True)
            for page, parts in pages.items()
        }
    except MarkersBroken as problem:
        print(problem, file=sys.stderr)
        return 1
    return write_or_check_files(arguments, program, description, files, what)


def write_or_check_files(
    arguments: Sequence[str] | None, program: str, description: str, files: Mapping[Path, str], what: str
) -> int:
    """Do the same for whole files, each with its text."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=description)
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    check = parser.parse_args(arguments).check
    status = 0
    for file, new in files.items():
        old = file.read_text(encoding="utf-8") if file.is_file() else ""
        if new != old and check:
            difference = difflib.unified_diff(old.splitlines(), new.splitlines(), str(file), what, lineterm="", n=1)
            print("\n".join(difference), file=sys.stderr)
            print(f"{file.name} is not {what}. Run `make docs`.", file=sys.stderr)
            status = 1
        elif new != old:
            file.write_text(new, encoding="utf-8")
            print(f"Written: {file.name}")
    return status
