"""Values that know where in a file they were written."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cvpn.failures import Failure, Finding

Path = tuple[str | int, ...]
"""Keys and positions that lead to a value: ``("rules", 0, "when", "groups", 2)``."""

Position = tuple[int, int]
"""Line and column, both from 1."""


@dataclass
class SourceMap:
    """A value that was read from a file, and where each of its parts is written.

    Attributes
    ----------
    value
        Of dicts, lists and scalars.
    file
        Its name, as it was given.
    positions
        By path: of a member of an object, where its key begins; of a member of a list, where it begins.
    repeated
        Paths of keys that stand more than once in one object, of which the last is in ``value``.
    """

    value: Any
    file: str
    positions: dict[Path, Position] = field(default_factory=dict)
    repeated: list[tuple[Path, Position]] = field(default_factory=list)

    def position(self, path: Sequence[str | int]) -> Position | None:
        """Return where a value begins, or what it should be a part of; None where nothing of it is known."""
        path = tuple(path)
        while path not in self.positions and path:
            path = path[:-1]
        return self.positions.get(path)

    def finding(self, path: Sequence[str | int], text: str, *, warning: bool = False) -> Finding:
        """Return a finding about what is at ``path``."""
        return finding_at(self.file, self.position(path), text, warning=warning)


def finding_at(file: str, position: Position | None, text: str, *, warning: bool = False) -> Finding:
    """Return a finding about a place in a file."""
    if position is None:
        return Finding(file, text, warning, file)
    line, column = position
    return Finding(f"{file}:{line}:{column}", text, warning, file, line, column)


class Lines:
    """Where the lines of a text begin, to make positions of offsets."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def position(self, offset: int) -> Position:
        """Return line and column of an offset, in characters."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


def unreadable(file: str, position: Position, what: str) -> Failure:
    """Return the failure of a file that has no meaning because of what stands at a position."""
    return Failure(f"{file}:{position[0]}:{position[1]}: {what}")
