"""One decision of the log, and what another policy would have decided."""

from __future__ import annotations

from typing import Any, NamedTuple

from connect_handler.contract.request import FIELDS, Request
from connect_handler.decision.evaluate import Decision, find_decider
from connect_handler.decision.evaluate import Outcome as Evaluated
from connect_handler.decision.required_evidence import policy_evidence, required_evidence
from connect_handler.facts.device import UNKNOWN
from connect_handler.facts.evidence import DEVICE, SESSIONS
from connect_handler.policy.model import ALLOW, DENY, AccessRule, Policy
from cvpn.decisions.evaluation import answer as answer_to
from cvpn.requests.log_record import LogRecord, UnreadableRecord

ALLOW_TO_DENY = "allow->deny"
DENY_TO_ALLOW = "deny->allow"
RULE = "rule"
POSTURE = "posture"
CHANGES = (ALLOW_TO_DENY, DENY_TO_ALLOW, RULE, POSTURE)
"""Ways in which two decisions can differ, the gravest first: in outcome, in the rule alone, in posture alone."""

IDENTIFYING = ("connection-id", "endpoint-id", "schema-version")
"""Fields without which there is no request."""

REDACTED = "redacted"
"""Key of a log line: the fields whose values in ``request`` stand for others."""


class NotReplayable(Exception):
    """What the decision rested on is not in the log; the text says what."""


class Outcome(NamedTuple):
    """What a policy decided.

    Attributes
    ----------
    effect, reason, rule, posture
        As in the decision log.
    """

    effect: str
    reason: str
    rule: str | None
    posture: tuple[str, ...]


def compare(policy: Policy, record: LogRecord) -> tuple[str | None, Outcome, Outcome]:
    """Compare a decision of the log with that of a policy, at the decision's own time.

    Returns
    -------
    change, before, after
        How they differ, None for not at all.

    Raises
    ------
    NotReplayable
        The policy asks for something that the log does not have.
    Unreadable
        The line is no decision.
    """
    line = record.decision or {}
    before = _logged(line)
    if line.get("truncated"):
        raise NotReplayable("the log line was cut")
    if line.get("sampled_out"):
        raise NotReplayable("the log has no more than a count of it (log_sample_allowed)")
    after = _decide(policy, record, _hidden(line))
    return _change(before, after), before, after


def _logged(line: dict[str, Any]) -> Outcome:
    effect, reason, rule, posture = line.get("effect"), line.get("reason"), line.get("rule"), line.get("posture")
    if effect not in (ALLOW, DENY):
        raise UnreadableRecord("is a decision without an effect")
    if not isinstance(reason, str) or not isinstance(rule, (str, type(None))) or not isinstance(posture, list):
        raise UnreadableRecord("is a decision without a reason, a rule or a posture")
    return Outcome(effect, reason, rule, tuple(map(str, posture)))


def _hidden(line: dict[str, Any]) -> tuple[str, ...]:
    """Return the fields that the log does not show."""
    redacted = line.get(REDACTED) or []
    if not isinstance(redacted, list) or not all(field in FIELDS for field in redacted):
        raise UnreadableRecord(f"is a decision in which {REDACTED} is no list of fields")
    for field in redacted:
        if field in IDENTIFYING:
            raise NotReplayable(f"{field} is redacted")
    return tuple(redacted)


def _decide(policy: Policy, record: LogRecord, hidden: tuple[str, ...]) -> Outcome:
    event = record.event
    if hidden and isinstance(event, dict):
        event = {field: value for field, value in event.items() if field not in hidden}
    at = record.at or 0.0
    answer = answer_to(policy, record, event, at)
    decision = answer.decision
    if decision is None or answer.request is None:
        return Outcome(DENY, answer.reason, None, ())
    if policy_evidence(policy):
        _check_evidence(policy, record, answer.request, at)
    if hidden and decision.unknown:
        return _whatever_is_hidden(policy, decision, hidden)
    return Outcome(ALLOW if decision.allow else DENY, decision.reason, decision.rule, tuple(decision.posture))


def _check_evidence(policy: Policy, record: LogRecord, request: Request, at: float) -> None:
    """See that what the outcome depends on is in the log: it has what the policy of then asked for, or failed to get.

    Raises
    ------
    NotReplayable
        It is not.
    """
    keys = required_evidence(policy, request, at)
    evidence = record.evidence
    lacking = set()
    for key in keys:
        if key == DEVICE:
            known = evidence is not None and (evidence.device is not UNKNOWN or DEVICE in evidence.failures)
        else:
            known = evidence is not None and (key in evidence.sessions or SESSIONS in evidence.failures)
        if not known:
            lacking.add("the device" if key == DEVICE else f"other connections of the same {key}")
    if lacking:
        raise NotReplayable(f"the policy of then did not ask about {', '.join(sorted(lacking))}")


def _whatever_is_hidden(policy: Policy, decision: Decision, hidden: tuple[str, ...]) -> Outcome:
    """Return the decision if it is the same whatever the hidden fields held.

    Hidden fields are unknown to the policy here, though they were not to the function. A rule that is true or false
    all the same is so whatever they held (Kleene's logic). The others may have applied or not; the decision stands
    if it is the same without them and with each one of them: the first rule that denies, or else the first that allows,
    decides, so that several of them together change nothing that one alone does not.
    """
    keys = {key: field for field in hidden for key in _condition_keys(field)}
    doubtful: dict[str, set[str]] = {}
    for label, conditions in decision.unknown:
        fields = {keys[key] for key in (condition.partition(".")[2] for condition in conditions) if key in keys}
        if fields:
            doubtful[label] = fields
    every_rule = policy.rules
    rules = [rule for rule in every_rule if not rule.shadow]
    certain = [rule for rule in rules if rule.label in decision.applied and rule.label not in doubtful]
    found = _conclude(certain)
    labels = {rule.label for rule in every_rule}
    for label, fields in doubtful.items():
        if label not in labels or _with(rules, certain, label) != found:
            raise NotReplayable(f"{', '.join(sorted(fields))} is redacted")
    allow, reason, rule = found
    return Outcome(ALLOW if allow else DENY, reason, rule, tuple(decision.posture))


def _with(rules: list[AccessRule], certain: list[AccessRule], label: str) -> tuple[bool, str, str | None]:
    return _conclude([rule for rule in rules if rule in certain or rule.label == label])


def _conclude(applying: list[AccessRule]) -> tuple[bool, str, str | None]:
    outcome = Evaluated(find_decider(applying), applying)
    return outcome.allow, outcome.reason, outcome.rule


def _condition_keys(field: str) -> tuple[str, ...]:
    return ("groups", "all_groups") if field == "groups" else (field.replace("-", "_"),)


def _change(before: Outcome, after: Outcome) -> str | None:
    if before.effect != after.effect:
        return ALLOW_TO_DENY if before.effect == ALLOW else DENY_TO_ALLOW
    if (before.reason, before.rule) != (after.reason, after.rule):
        return RULE
    return POSTURE if before.posture != after.posture else None
