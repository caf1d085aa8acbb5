"""Parts of Markdown files that are generated: what stands between ``<!-- BEGIN name -->`` and ``<!-- END name -->``."""

from __future__ import annotations

from collections.abc import Mapping
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
