"""Why a decision came out as it did: every rule and condition, the value it saw, and what would change the outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connect_handler.contract.request import Request
from connect_handler.decision.evaluate import assign_posture, evaluate
from connect_handler.decision.index import index_of
from connect_handler.facts.evidence import Evidence
from connect_handler.facts.facts import Facts
from connect_handler.policy.model import ALLOW, DENY, Policy, Rule

from .flips import Flip, flips_of_posture_rules, flips_of_rules
from .observation import observe
from .rule_results import BLOCKS, ConditionResult, RuleResult


@dataclass(frozen=True)
class Explanation:
    """All there is to say of a decision."""

    posture_rules: tuple[RuleResult, ...]
    rules: tuple[RuleResult, ...]
    flips: tuple[Flip, ...]


def explain(
    document: dict[str, Any], policy: Policy, request: Request, now: float, evidence: Evidence | None = None
) -> Explanation:
    """Explain what a policy says of a request.

    Parameters
    ----------
    document, policy
        The document and the policy made of it.
    request
        What is asked.
    now
        Seconds since 1970-01-01 UTC.
    evidence
        What is known beside the request.
    """
    facts = Facts(request, now, evidence)
    assign_posture(policy, index_of(policy).posture_rules, facts, [])
    posture_rules = []
    for posture_rule, element in zip(policy.posture_rules, document.get("posture_rules") or [], strict=True):
        value = posture_rule.applies(facts)
        seen = _conditions(posture_rule, element, facts)
        posture_rules.append(
            RuleResult(posture_rule.label, None, posture_rule.status, False, value, value is True, seen)
        )
    rules = []
    for rule, element in zip(policy.rules, document["rules"], strict=True):
        value = rule.applies(facts)
        applies = value is not False if rule.denies else value is True
        effect = DENY if rule.denies else ALLOW
        seen = _conditions(rule, element, facts)
        rules.append(RuleResult(rule.label, effect, None, rule.shadow, value, applies, seen))
    allow = evaluate(policy, request, now, evidence).allow
    flips = [
        *flips_of_posture_rules(document, posture_rules, request, now, evidence, allow),
        *flips_of_rules(policy, rules, allow),
    ]
    return Explanation(tuple(posture_rules), tuple(rules), tuple(flips))


def _conditions(rule: Rule, element: dict[str, Any], facts: Facts) -> tuple[ConditionResult, ...]:
    seen = []
    for block, conditions in zip(BLOCKS, (rule.when, rule.unless), strict=True):
        for condition in conditions:
            wanted = element[block][condition.key]
            value = condition.test(facts)
            saw, why = observe(condition.key, wanted, facts)
            seen.append(ConditionResult(block, condition.key, wanted, value, saw, why if value is None else ""))
    return tuple(seen)
