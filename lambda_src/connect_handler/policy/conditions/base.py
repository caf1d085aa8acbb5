"""What all conditions have in common, and three-valued logic.

A condition is true, false or unknown (``None``), https://en.wikipedia.org/wiki/Three-valued_logic (Kleene). Unknown is
what cannot be determined: a field that the request lacks, a version or an address that is empty or unreadable.
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
    key
        The condition key.
    test
        Tells whether the condition holds.
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
"""Makes a condition of a key and its value. Adds the problems of the value at ``path``, and then returns None."""


# --- three-valued logic ----------------------------------------------------------------------------------------------


def rule_test(when: Sequence[Condition], unless: Sequence[Condition]) -> Test | None:
    """Return the test of a rule: all of ``when`` holds, and not all of ``unless``. None if the rule always applies."""
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


# --- values that several conditions take -----------------------------------------------------------------------------


def read_strings(
    value: Any, path: Path, problems: Problems, advise: Callable[[str], str | None] | None = None
) -> list[str] | None:
    """Return a list of strings, which has at least one.

    ``advise`` says what to write instead of a string, and None for a good one.
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
    """Return a list of names, none of which is empty; ``noun`` says of what: ``a group``."""
    return read_strings(value, path, problems, lambda name: None if name else f"write the name of {noun}")


def read_object(value: Any, path: Path, problems: Problems, keys: Collection[str], example: str) -> bool:
    """Tell whether a value is an object; adds a problem for each of its keys that is none of ``keys``."""
    if not isinstance(value, dict):
        problems.add(path, f"is {describe(value)}", f"write an object such as {example}")
        return False
    for name in value:
        if name not in keys:
            problems.add_unknown_key(path, name, keys)
    return True
