"""The base of all conditions, and three-valued logic.

A condition is true, false or unknown (None), https://en.wikipedia.org/wiki/Three-valued_logic (Kleene). It is unknown
if the request lacks the field, has a version or an address that is empty or unreadable, or if evidence is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeAlias

from connect_handler.facts.facts import Facts
from connect_handler.policy.problems import Path, Problems, describe

Test = Callable[[Facts], bool | None]
"""Tells whether something holds for the facts of a decision; None is unknown."""


class Condition:
    """One key of a ``when`` or an ``unless`` with its value.

    Attributes
    ----------
    values, beginnings
        For the index: the condition is false for facts that have none of these values and begin like none of the
        beginnings. ``values`` is None for a condition that cannot be filed.
    match_suffices
        Whether any one of these values or beginnings makes the condition true.
    """

    def __init__(
        self,
        key: str,
        test: Test,
        values: Collection[Any] | None = None,
        beginnings: tuple[str, ...] = (),
        match_suffices: bool = False,
    ) -> None:
        self.key = key
        self.test = test
        self.values = values
        self.beginnings = beginnings
        self.match_suffices = match_suffices


Reader: TypeAlias = "Callable[[str, Any, Path, Problems], Condition | None]"
"""Builds a condition from a key and its value. Returns None after adding the problems of the value at ``path``."""


def rule_test(when: Sequence[Condition], unless: Sequence[Condition]) -> Test | None:
    """Return the test of a rule: all of ``when`` hold, and not all of ``unless``. None if the rule always applies."""
    applies, excepted = _all_of(when), _all_of(unless)
    if excepted is None:
        return applies

    def test(facts: Facts) -> bool | None:
        value = True if applies is None else applies(facts)
        if value is False:
            return False
        exception = excepted(facts)
        if exception:
            return False
        return value if exception is False else None

    return test


def _all_of(conditions: Sequence[Condition]) -> Test | None:
    """Return a test that is false if one condition is, else unknown if one is; None for no conditions."""
    tests = [condition.test for condition in conditions]
    if len(tests) < 2:
        return tests[0] if tests else None

    def test(facts: Facts) -> bool | None:
        result: bool | None = True
        for one in tests:
            value = one(facts)
            if not value:
                if value is False:
                    return False
                result = None
        return result

    return test


def read_strings(
    value: Any, path: Path, problems: Problems, advise: Callable[[str], str | None] | None = None
) -> list[str] | None:
    """Return a list of at least one string.

    ``advise`` returns the correction of a string, and None for a good one.
    """
    if not isinstance(value, list):
        problems.add(path, f"is {describe(value)}", "write a list of strings")
        return None
    if not value:
        problems.add(path, "is empty", "leave it out, or name what it should match")
        return None
    before = len(problems)
    for position, element in enumerate(value):
        if not isinstance(element, str):
            problems.add((*path, position), f"is {describe(element)}", "write a string")
        elif advise is not None and (advice := advise(element)) is not None:
            problems.add((*path, position), f"is {describe(element)}", advice)
    return value if len(problems) == before else None


def read_names(value: Any, path: Path, problems: Problems, noun: str) -> list[str] | None:
    """Return a list of names that are not empty; ``noun`` is for the correction: ``a group``."""
    return read_strings(value, path, problems, lambda name: None if name else f"write the name of {noun}")


def read_object(value: Any, path: Path, problems: Problems, keys: Collection[str], example: str) -> bool:
    """Tell whether a value is an object. Add a problem for each key outside ``keys``."""
    if not isinstance(value, dict):
        problems.add(path, f"is {describe(value)}", f"write an object such as {example}")
        return False
    for name in value:
        if name not in keys:
            problems.add_unknown_key(path, name, keys)
    return True
