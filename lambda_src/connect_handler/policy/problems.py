"""Problems of a policy or of its tests, in words: place, finding, correction.

Terraform's plan says the same in the same words (modules/policy).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

Path = tuple[str | int, ...]
"""Place of a value in a document: ``("rules", 0, "when", "groups", 2)``."""


class Problem(str):
    """A problem in words: ``rules[0] "staff": when.groups is empty; leave it out, ...``.

    ``path`` is its place in the document. A missing value has the path that it would have.
    """

    path: Path


class Problems(list[Problem]):
    """All problems of a document, in the reader's order."""

    def __init__(self, document: Any) -> None:
        """Take the document: problems call its rules and tests by name."""
        super().__init__()
        self._document = document

    def add(self, path: Path, what: str, instead: str) -> None:
        """Add a problem with the value at ``path``."""
        self._add(path, f"{self._where(path)} {what}; {instead}")

    def add_unknown_key(self, path: Path, key: str, candidates: Iterable[str]) -> None:
        """Add the problem that the object at ``path`` cannot have this key."""
        self._add((*path, key), f"{self._where(path)} has the unknown key {describe(key)}; {one_of(key, candidates)}")

    def _add(self, path: Path, text: str) -> None:
        problem = Problem(text)
        problem.path = path
        self.append(problem)

    def _where(self, path: Path) -> str:
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
                words += f" {describe(name)}"
        if len(path) > 2:
            words += f": {path[2]}"
        for part in path[3:]:
            words += f"[{part}]" if isinstance(part, int) else f".{part}"
        return words


class PolicyError(Exception):
    """The document is no policy.

    ``digest`` is SHA-256 of the document, None if the document could not be read.
    """

    def __init__(self, problems: Iterable[Problem], digest: str | None = None) -> None:
        self.problems = tuple(problems)
        self.digest = digest
        super().__init__("\n".join(self.problems))


class PolicyNotFetched(PolicyError):
    """S3 did not give the document this time."""


def describe(value: Any) -> str:
    """Describe a value for a problem: a scalar as JSON, a list or an object by its type."""
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    return json.dumps(value, ensure_ascii=False)


def wrong_value(element: dict[str, Any], key: str) -> str:
    """Describe the wrong value of a key, or its absence."""
    return f"is {describe(element[key])}" if key in element else "is missing"


def one_of(key: str, candidates: Iterable[str]) -> str:
    """Suggest the candidate that is close to a key, or else name them all."""
    names = sorted(candidates)
    written = key.lower().replace("-", "_")
    for name in names:
        if _close(written, name):
            return f"did you mean {describe(name)}?"
    return "write one of " + ", ".join(names)


def _close(written: str, name: str) -> bool:
    """Tell whether both are equal without at most one letter each, or one begins with the other.

    That covers one letter too many, too few or wrong, and two in the wrong order. Terraform's functions can express it
    too.
    """
    if len(written) >= 3 and (name.startswith(written) or written.startswith(name)):
        return True
    return not _neighbours(written).isdisjoint(_neighbours(name))


def _neighbours(word: str) -> set[str]:
    return {word} | {word[:position] + word[position + 1 :] for position in range(len(word))}
