"""The evidence that a decision depends on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from connect_handler.contract.request import Request
from connect_handler.facts.evidence import DEVICE, SESSIONS
from connect_handler.facts.facts import Facts
from connect_handler.policy.conditions.base import Condition
from connect_handler.policy.conditions.registry import POSTURE
from connect_handler.policy.conditions.sessions import SessionsCondition
from connect_handler.policy.model import AccessRule, Policy, Rule

from .evaluate import assign_posture
from .index import index_of


def required_evidence(policy: Policy, request: Request, now: float) -> frozenset[str]:
    """Return the evidence that the outcome depends on: ``device``, ``username``, ``common_name``.

    The last two stand for the sessions of that name. The outcome is the effect, the deciding rule, the posture
    compliance statuses and the connections to end, with and without the shadow rules. Rules that cannot matter for the
    request require no evidence.
    """
    if policy.condition_keys.isdisjoint((DEVICE, SESSIONS)):
        return frozenset()
    index = index_of(policy)
    facts = Facts(request, now)
    assign_posture(policy, index.posture_rules, facts, [])
    of_posture: set[str] = set()
    assigned: set[str] = set()
    for rule, value in index.posture_rules.values(facts):
        if value:
            assigned.add(rule.status)
        elif rule.status not in assigned:
            # The rule may be unknown for another reason too. Evidence can still make it false.
            of_posture |= _missing_evidence(rule, facts, of_posture)
    values: list[tuple[AccessRule, bool | None]] = index.rules.values(facts)
    required = of_posture | _deciding_evidence([one for one in values if not one[0].shadow], facts, of_posture)
    if policy.has_shadow_rules:
        required |= _deciding_evidence(values, facts, of_posture)
    return frozenset(required)


@lru_cache(maxsize=4)
def policy_evidence(policy: Policy) -> frozenset[str]:
    """Return the evidence that any rule of a policy needs: ``device``, ``username``, ``common_name``."""
    keys = set()
    for rule in (*policy.rules, *policy.posture_rules):
        for condition in rule.conditions:
            keys |= _evidence_keys(condition)
    return frozenset(keys)


@lru_cache(maxsize=4)
def session_limits(policy: Policy) -> dict[str, int]:
    """Return the least number of other connections that matters to any rule, by ``username`` and ``common_name``."""
    limits: dict[str, int] = {}
    for rule in policy.rules:
        for condition in rule.conditions:
            if isinstance(condition, SessionsCondition):
                limits[condition.by] = min(condition.at_least, limits.get(condition.by, condition.at_least))
    return limits


def _deciding_evidence(rules: Sequence[tuple[AccessRule, bool | None]], facts: Facts, of_posture: set[str]) -> set[str]:
    """Return the evidence that the choice of the deciding rule depends on."""
    required: set[str] = set()
    for rule, value in rules:
        if rule.denies:
            missing = _missing_evidence(rule, facts, of_posture) if value is None else set()
            if not missing:
                return required  # the rule denies with any evidence
            required |= missing
    for rule, value in rules:
        if not rule.denies:
            if value:
                return required
            if _can_be_true(rule, facts):
                required |= _missing_evidence(rule, facts, of_posture)
    return required


def _missing_evidence(rule: Rule, facts: Facts, of_posture: set[str]) -> set[str]:
    """Return the evidence that a rule lacks. A status that is only possible lacks the evidence of posture rules."""
    missing: set[str] = set()
    for condition in rule.conditions:
        if condition.test(facts) is None:
            missing |= of_posture if condition.key == POSTURE else _evidence_keys(condition)
    return missing


def _evidence_keys(condition: Condition) -> set[str]:
    if isinstance(condition, SessionsCondition):
        return {condition.by}
    return {DEVICE} if condition.key == DEVICE else set()


def _can_be_true(rule: Rule, facts: Facts) -> bool:
    """Tell whether evidence could make a rule true: no other condition of its ``when`` is unknown."""
    return all(
        condition.key in (DEVICE, SESSIONS, POSTURE) or condition.test(facts) is not None for condition in rule.when
    )
