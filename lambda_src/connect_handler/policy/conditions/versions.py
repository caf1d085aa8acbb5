"""Conditions on versions: ``platform_version``, ``client_openvpn_version``, ``aws_client_version``."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from connect_handler.facts.facts import Facts
from connect_handler.policy.problems import Path, Problems, describe

from .base import Condition

Version = tuple[int, ...]
Check = tuple[Callable[[Version, Version], bool], Version]
"""A comparison, and the version on its right side."""

_PESSIMISTIC = "~>"
_OPERATORS: dict[str, Callable[[Version, Version], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}

_DIGITS = "0123456789"
_MAX_DIGITS = 9


def read_version(key: str, value: Any, path: Path, problems: Problems) -> Condition | None:
    """Read a version constraint: the client's version satisfies it."""
    checks = parse_constraint(value) if isinstance(value, str) else None
    if checks is None:
        advice = 'write a version constraint such as ">= 10.0.19045, < 11" or "~> 2.6"'
        problems.add(path, f"is {describe(value)}", advice)
        return None

    def test(facts: Facts) -> bool | None:
        version = parse_version(getattr(facts.request, key) or "")
        if version is None:
            return None
        return all(compare(version, wanted) for compare, wanted in checks)

    return Condition(key, test)


def parse_version(text: str) -> Version | None:
    """Return the leading dotted numbers of a version without zeros at its end; None without a number.

    >>> parse_version("10.0.19045"), parse_version("3.git:released"), parse_version("10.0"), parse_version("unknown")
    ((10, 0, 19045), (3,), (10,), None)
    """
    numbers: list[int] = []
    for part in text.split("."):
        digits = part[: len(part) - len(part.lstrip(_DIGITS))]
        if len(digits) > _MAX_DIGITS:
            return None  # no version has a number of this length
        if digits:
            numbers.append(int(digits))
        if not digits or len(digits) < len(part):
            break
    return _shortest(numbers) if numbers else None


def parse_constraint(text: str) -> list[Check] | None:
    """Return the checks of a constraint, which must all hold; None for a text that is no constraint.

    https://developer.hashicorp.com/terraform/language/expressions/version-constraints
    """
    checks: list[Check] = []
    for part in text.split(","):
        part = part.strip(" ")
        stated = next((one for one in (_PESSIMISTIC, *_OPERATORS) if part.startswith(one)), "")
        written = part[len(stated) :].lstrip(" ").split(".")
        if not all(0 < len(number) <= _MAX_DIGITS and not number.strip(_DIGITS) for number in written):
            return None
        numbers = list(map(int, written))
        if stated != _PESSIMISTIC:
            checks.append((_OPERATORS[stated or "="], _shortest(numbers)))
        elif len(numbers) > 1:
            below = (*numbers[:-2], numbers[-2] + 1)
            checks += ((operator.ge, _shortest(numbers)), (operator.lt, below))
        else:
            return None  # "~> 2" is ambiguous: "< 3" for some, no upper bound for others
    return checks


def _shortest(numbers: list[int]) -> Version:
    """Return a version without zeros at its end, so that 10.0 is 10."""
    while len(numbers) > 1 and not numbers[-1]:
        numbers = numbers[:-1]
    return tuple(numbers)
