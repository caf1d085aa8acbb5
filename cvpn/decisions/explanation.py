"""Why a decision came out as it did: every rule and condition, the value it saw, and what would change the outcome."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from connect_handler.conditions import Condition, Facts
from connect_handler.devices import Device
from connect_handler.evaluation import Decision, evaluate
from connect_handler.evidence import Evidence
from connect_handler.evidence_conditions import DEVICE, SESSIONS, UNKNOWN, device_of
from connect_handler.policy import ALLOW, DENY, Policy, Rule
from connect_handler.request import Request

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
    if policy.posture is not None:
        policy.posture.assign(facts, [])
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
    return Explanation(tuple(posture_rules), tuple(rules), tuple(_flips(policy, request, now, facts)))


def _conditions(rule: Rule, element: dict[str, Any], facts: Facts) -> tuple[ConditionResult, ...]:
    seen = []
    for block, conditions in zip(BLOCKS, (rule.when, rule.unless), strict=True):
        for condition in conditions:
            wanted = element[block][condition.key]
            value = condition.test(facts)
            saw, why = _seen(condition.key, wanted, facts)
            seen.append(ConditionResult(block, condition.key, wanted, value, saw, why if value is None else ""))
    return tuple(seen)


def _seen(key: str, wanted: Any, facts: Facts) -> tuple[Any, str]:
    """Return what a condition looked at, and why it would be unknown."""
    request = facts.request
    if key == "time":
        zone = wanted.get("timezone", "UTC")
        local = datetime.fromtimestamp(facts.now, UTC if zone == "UTC" else ZoneInfo(zone))
        return f"{local.strftime('%a').lower()} {local.isoformat(timespec='seconds')}", ""
    if key == "endpoint":
        return [name for name in (request.alias, request.endpoint_id) if name], ""
    if key == "posture":
        possible = sorted(facts.possible_posture)
        why = f"the posture rules for {', '.join(possible)} are unknown" if possible else ""
        return sorted(facts.posture), why
    if key == DEVICE:
        return _device_seen(wanted, facts)
    if key == SESSIONS:
        return _sessions_seen(wanted["by"], facts)
    field = "groups" if key == "all_groups" else key
    value = getattr(request, field)
    if value is None:
        return None, f"the request (schema {request.schema_version}) has no {field.replace('_', '-')}"
    if key.endswith("_version"):
        return value, "it does not begin with a number" if value else "it is empty"
    if key == "public_ip":
        return value, "it is no IP address" if value else "it is empty"
    return list(value) if isinstance(value, tuple) else value, ""


def _device_seen(wanted: dict[str, Any], facts: Facts) -> tuple[Any, str]:
    if facts.request.common_name is None:
        return None, f"the request (schema {facts.request.schema_version}) has no common-name"
    device = device_of(facts)
    if device is UNKNOWN:
        return None, _not_known(facts, DEVICE)
    if device is None:
        return "not registered", ""
    return device.document(), _why_unknown(wanted, device, facts)


def _why_unknown(wanted: dict[str, Any], device: Device, facts: Facts) -> str:
    """Return what of a record keeps a condition from being true or false."""
    if "max_age_hours" in wanted:
        if device.updated_at is None:
            return "the record does not say when it was updated"
        age = (facts.now - device.updated_at) / 3600
        if age > wanted["max_age_hours"]:
            return f"the record is {age:,.0f} hours old"
    lacking = [name for name in ("status", "owner") if getattr(device, name) is None]
    asked = {"status": "status", "owner_is_user": "owner"}
    missing = [asked[key] for key in asked if key in wanted and asked[key] in lacking]
    missing += [f"attributes.{name}" for name in wanted.get("attributes", {}) if name not in device.attributes]
    if missing:
        return f"the record has no {' and no '.join(missing)}"
    return f"the request (schema {facts.request.schema_version}) has no username"


def _sessions_seen(by: str, facts: Facts) -> tuple[Any, str]:
    if getattr(facts.request, by) is None:
        return None, f"the request (schema {facts.request.schema_version}) has no {by.replace('_', '-')}"
    others = None if facts.evidence is None else facts.evidence.sessions.get(by)
    return (None, _not_known(facts, SESSIONS)) if others is None else (len(others), "")


def _not_known(facts: Facts, kind: str) -> str:
    failures = {} if facts.evidence is None else facts.evidence.failures
    return failures.get(kind, "no evidence was given")


# --- what one condition decides --------------------------------------------------------------------------------------


class _All:
    """Stands in for an index, and leaves no rule out: a changed condition is not where the index has it."""

    def __init__(self, rules: list[Rule]) -> None:
        self._candidates = [(position, rule, rule.applies) for position, rule in enumerate(rules)]

    def candidates(self, _: Facts) -> list[Any]:
        return self._candidates


def _flips(policy: Policy, request: Request, now: float, facts: Facts) -> list[Flip]:
    decision = evaluate(policy, request, now, facts.evidence)
    flips = []
    for is_of_posture, rules in ((True, policy.posture_rules), (False, policy.rules)):
        for position, rule in enumerate(rules):
            if getattr(rule, "shadow", False):
                continue
            for block in BLOCKS:
                for number, condition in enumerate(getattr(rule, block)):
                    for value in (True, False):
                        changed = _with_condition(rule, block, number, value)
                        if changed.applies(facts) == rule.applies(facts):
                            continue
                        others = [*rules[:position], changed, *rules[position + 1 :]]
                        other = _with_rules(policy, is_of_posture, others, facts)
                        if other.allow != decision.allow:
                            where = f"{block}.{condition.key}"
                            flips.append(Flip(rule.label, where, value, other.reason, other.rule))
    return flips


def _with_condition(rule: Rule, block: str, number: int, value: bool) -> Rule:
    """Return the rule with one condition that is as given, whatever the request."""
    changed = copy.copy(rule)
    conditions = list(getattr(rule, block))
    conditions[number] = Condition(conditions[number].key, lambda _: value)
    setattr(changed, block, tuple(conditions))
    return changed


def _with_rules(policy: Policy, are_of_posture: bool, rules: list[Rule], facts: Facts) -> Decision:
    """Decide by the policy with other rules."""
    changed = copy.copy(policy)
    if are_of_posture and policy.posture is not None:
        changed.posture = copy.copy(policy.posture)
        changed.posture.index = _All(rules)  # type: ignore[assignment]
    else:
        changed.index = _All(rules)  # type: ignore[assignment]
    return evaluate(changed, facts.request, facts.now, facts.evidence)
