"""Checks that lines of Terraform files have at most 120 characters, as those of Python files do.

``python -m tools.line_lengths`` names the lines that are longer. terraform fmt does not break lines.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tools import ROOT

MAX_LENGTH = 120
FOLDERS = ("modules", "examples", "tests")
SUFFIXES = {".tf", ".hcl"}


def long_lines(root: Path) -> list[str]:
    """Return the lines that are too long, each as its path, its number and its length."""
    return [
        f"{path.relative_to(root)}:{number}: {len(line)} characters"
        for path in _files(root)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > MAX_LENGTH
    ]


def _files(root: Path) -> Iterator[Path]:
    yield from sorted(root.glob("*.tf"))
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SUFFIXES and ".terraform" not in path.parts:
                yield path


def main(root: Path = ROOT) -> int:
    """Print the lines that are too long; 0: there are none."""
    found = long_lines(root)
    if found:
        print(*found, f"Break these lines after at most {MAX_LENGTH} characters.", sep="\n", file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
