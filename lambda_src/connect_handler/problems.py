"""What is wrong with a policy, in words: where, what was found, what to write instead.

The plan says the same in the same words (modules/policy).
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class Problems(list[str]):
    """All problems of a policy, in the order in which they were found."""

    __slots__ = ()

    def add(self, where: str, what: str, instead: str) -> None:
        """Add a problem: ``rules[0] "staff": when.groups is empty; leave it out, ...``."""
        self.append(f"{where} {what}; {instead}")


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
