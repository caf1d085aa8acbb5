"""What one condition decides: each one is tried the other way round."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from connect_handler.contract.request import Request
from connect_handler.decision.evaluate import Outcome, evaluate, find_decider
from connect_handler.facts.evidence import Evidence
from connect_handler.policy.document import read_policy
from connect_handler.policy.model import Policy

from .rule_results import BLOCKS, RuleResult

NEVER = {"time": {"not_before": "2000-01-02T00:00:00Z", "not_after": "2000-01-01T00:00:00Z"}}
"""Conditions that are false at any time."""


@dataclass(frozen=True)
class Flip:
    """A condition that decides by itself: with it the other way round, the outcome is the other one.

    Attributes
    ----------
    rule, condition
        Where it is: ``staff``, ``when.groups``.
    value
        What it would have to be.
    reason, decided_by
        Reason of the other outcome, and the rule that it is by; None for none.
    """

    rule: str
    condition: str
    value: bool
    reason: str
    decided_by: str | None


def flips_of_rules(policy: Policy, rules: Sequence[RuleResult], allow: bool) -> Iterator[Flip]:
    """Try each condition of the rules; ``allow`` is the outcome as it is."""
    values = [rule.value for rule in rules]
    for position, rule in enumerate(rules):
        if rule.shadow:
            continue
        for number, condition in enumerate(rule.conditions):
            for value in (True, False):
                changed = _value_with(rule, number, value)
                if changed == rule.value:
                    continue
                values[position] = changed
                other, reason, decider = _conclude(policy, values)
                values[position] = rule.value
                if other != allow:
                    yield Flip(rule.rule, f"{condition.block}.{condition.key}", value, reason, decider)


def _value_with(rule: RuleResult, number: int, value: bool) -> bool | None:
    """Return whether a rule holds if one of its conditions has another value."""
    by_block: dict[str, list[bool | None]] = {block: [] for block in BLOCKS}
    for position, condition in enumerate(rule.conditions):
        by_block[condition.block].append(value if position == number else condition.value)
    when, unless = (_all(by_block[block]) for block in BLOCKS)
    if not by_block["unless"]:
        return when
    return _all([when, None if unless is None else not unless])


def _all(values: Sequence[bool | None]) -> bool | None:
    """Join values with AND, in Kleene's logic."""
    if False in values:
        return False
    return None if None in values else True


def _conclude(policy: Policy, values: Sequence[bool | None]) -> tuple[bool, str, str | None]:
    """Decide by what the rules of a policy, in document order, are: true, false or unknown."""
    deciding = [
        rule
        for rule, value in zip(policy.rules, values, strict=True)
        # A rule with end_oldest that is true ends connections, and does not decide.
        if not rule.shadow and (rule.denies if value is None else value and not rule.end_oldest)
    ]
    outcome = Outcome(find_decider(deciding), deciding)
    return outcome.allow, outcome.reason, outcome.rule


def flips_of_posture_rules(
    document: dict[str, Any],
    posture_rules: Sequence[RuleResult],
    request: Request,
    now: float,
    evidence: Evidence | None,
    allow: bool,
) -> Iterator[Flip]:
    """Try each condition of the posture rules, in a document that has it the other way round.

    What follows from another posture, the evaluator alone knows: any rule may ask for it.
    """
    for position, rule in enumerate(posture_rules):
        for number, condition in enumerate(rule.conditions):
            for value in (True, False):
                if _value_with(rule, number, value) == rule.value:
                    continue
                elements = list(document["posture_rules"])
                elements[position] = _with_condition(elements[position], condition.block, condition.key, value)
                policy = read_policy(json.dumps({**document, "posture_rules": elements}))
                other = evaluate(policy, request, now, evidence)
                if other.allow != allow:
                    yield Flip(rule.rule, f"{condition.block}.{condition.key}", value, other.reason, other.rule)


def _with_condition(element: dict[str, Any], block: str, key: str, value: bool) -> dict[str, Any]:
    """Return a rule that is as if one of its conditions had the value, whatever the request."""
    conditions = {other: wanted for other, wanted in element[block].items() if other != key}
    others = {name: part for name, part in element.items() if name != block}
    if value and conditions:
        return {**others, block: conditions}
    # The block is true as a whole, or false as a whole: either the rule is as if without it, or it is false.
    return others if value == (block == "when") else {**others, "when": NEVER}
