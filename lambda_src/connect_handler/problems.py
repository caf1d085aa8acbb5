"""What is wrong with a policy, or with its tests, in words: where, what was found, what to write instead.

The plan says the same in the same words (modules/policy).
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Path = tuple[str | int, ...]
    """Where something stands in a document: ``("rules", 0, "when", "groups", 2)``."""


class Problem(str):
    """A problem in words: ``rules[0] "staff": when.groups is empty; leave it out, ...``.

    Attributes
    ----------
    path
        Where in the document it is: keys and positions. What is missing has the path that it would have.
    """

    __slots__ = ("path",)

    path: Path


class Problems(list[Problem]):
    """All problems of a document, in the order in which they were found."""

    __slots__ = ("_document",)

    def __init__(self, document: Any) -> None:
        """Take the document, whose rules and tests the problems call by name."""
        super().__init__()
        self._document = document

    def add(self, path: Path, what: str, instead: str) -> None:
        """Add a problem with the value at ``path``."""
        self._add(path, f"{self.where(path)} {what}; {instead}")

    def add_unknown_key(self, path: Path, key: str, candidates: Iterable[str]) -> None:
        """Add that the object at ``path`` has a key that it cannot have."""
        self._add((*path, key), f"{self.where(path)} has the unknown key {found(key)}; {one_of(key, candidates)}")

    def _add(self, path: Path, text: str) -> None:
        problem = Problem(text)
        problem.path = path
        self.append(problem)

    def where(self, path: Path) -> str:
        """Return a path in words: ``rules[0] "staff": when.groups[2]``."""
        if not path:
            return "the policy"
        if len(path) == 1:
            return str(path[0])
        words = f"{path[0]}[{path[1]}]"
        if path[0] != "posture_rules" and path[2:] != ("name",):
            element = self._document[path[0]][path[1]]
            name = element.get("name") if isinstance(element, dict) else None
            if isinstance(name, str) and name:
                words += f" {found(name)}"
        if len(path) > 2:
            words += f": {path[2]}"
        for part in path[3:]:
            words += f"[{part}]" if isinstance(part, int) else f".{part}"
        return words


def found(value: Any) -> str:
    """Describe a value that was found: scalars as they are, of lists and objects only that they are it."""
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    return json.dumps(value, ensure_ascii=False)


def one_of(key: str, candidates: Iterable[str]) -> str:
    """Say which of the candidates was meant, where one is close, or else name them all."""
    names = sorted(candidates)
    written = key.lower().replace("-", "_")
    for name in names:
        if _close(written, name):
            return f"did you mean {found(name)}?"
    return "write one of " + ", ".join(names)


def _close(written: str, name: str) -> bool:
    """Tell whether leaving out at most one letter on each side makes both equal, or one begins with the other.

    The former covers a letter too many, too few, another one, and two that changed places; it is what Terraform's
    functions can say too.
    """
    if len(written) >= 3 and (name.startswith(written) or written.startswith(name)):
        return True
    return not _neighbours(written).isdisjoint(_neighbours(name))


def _neighbours(word: str) -> set[str]:
    return {word} | {word[:position] + word[position + 1 :] for position in range(len(word))}
