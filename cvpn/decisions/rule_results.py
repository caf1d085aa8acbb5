"""What became of the rules of a policy and of their conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

BLOCKS = ("when", "unless")


@dataclass(frozen=True)
class ConditionResult:
    """A condition and what it saw.

    Attributes
    ----------
    block, key
        ``when`` or ``unless``, and the condition key.
    wanted
        Its value in the policy.
    value
        Whether it holds; None for unknown.
    saw
        The value in the request, as it is in JSON; None for a field that the request lacks.
    why
        Why it is unknown; empty where it is not.
    """

    block: str
    key: str
    wanted: Any
    value: bool | None
    saw: Any
    why: str


@dataclass(frozen=True)
class RuleResult:
    """A rule and whether it applies.

    Attributes
    ----------
    rule
        Its name; ``posture_rules[2]`` for a posture rule.
    effect
        ``allow`` or ``deny``; None for a posture rule.
    status
        That a posture rule assigns; None for a rule.
    shadow
        Whether it takes no part.
    value
        Whether its conditions hold; None for unknown.
    applies
        Whether it counts: a deny rule does unless it is false.
    """

    rule: str
    effect: str | None
    status: str | None
    shadow: bool
    value: bool | None
    applies: bool
    conditions: tuple[ConditionResult, ...]
