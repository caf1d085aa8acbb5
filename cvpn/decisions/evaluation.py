"""Asks a policy, and says what it answered: in JSON with the decision log's keys, and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connect_handler.contract.request import request_fields
from connect_handler.decision.evaluate import ALLOW_RULE, EXPLICIT_DENY
from connect_handler.decision.result import Result, decide
from connect_handler.decision_log.entry import decision_fields
from connect_handler.facts.times import timestamp
from connect_handler.policy.model import Policy
from connect_handler.policy.problems import describe
from cvpn.requests.log_record import LogRecord


@dataclass(frozen=True)
class Evaluation:
    """A request, its time, and the function's answer.

    Attributes
    ----------
    record
        The request, and what else is known of it.
    at
        Seconds since 1970-01-01 UTC.
    answer
        What the function would have answered.
    """

    record: LogRecord
    at: float
    answer: Result

    @property
    def allowed(self) -> bool:
        """Whether the policy allows the connection; shadow mode does not count."""
        return self.answer.decision is not None and self.answer.decision.allow

    @property
    def outcome(self) -> str:
        """``ALLOW`` or ``DENY``."""
        return "ALLOW" if self.allowed else "DENY"


def evaluate_request(policy: Policy, record: LogRecord, now: float) -> Evaluation:
    """Ask a policy what the function would answer; ``now`` is for requests that have no time of their own."""
    at = now if record.at is None else record.at
    return Evaluation(record, at, answer(policy, record, record.event, at))


def answer(policy: Policy, record: LogRecord, event: Any, at: float) -> Result:
    """Return what the function would answer to an event, with the evidence of a record, at a time."""
    return decide(policy, event, record.alias, at, record.evidence)


def as_json(policy: Policy, evaluation: Evaluation) -> dict[str, Any]:
    """Return an answer with the keys of the decision log."""
    answer = evaluation.answer
    return {
        "time": timestamp(evaluation.at),
        **decision_fields(answer.reason, answer.decision),
        "shadow_mode": policy.shadow_mode,
        "problems": list(answer.problems),
        "request": request_fields(evaluation.record.event),
        "answer": answer.response,
        "policy_digest": policy.digest,
        "alias": evaluation.record.alias,
        **_evidence(answer),
    }


def _evidence(answer: Result) -> dict[str, Any]:
    if answer.evidence is None:
        return {}
    return {"evidence": answer.evidence.document(), "ends": list(answer.ends)}


def sentence(evaluation: Evaluation) -> str:
    """Say in IAM's words why."""
    answer = evaluation.answer
    if answer.decision is None:
        return f"Denied because the request is not valid: {'; '.join(answer.problems)}."
    return outcome_sentence(answer.decision.reason, answer.decision.rule)


def outcome_sentence(reason: str, rule: str | None) -> str:
    """Say a reason and a rule in IAM's words.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    if reason == ALLOW_RULE:
        return f"Allowed by rule {describe(rule)}."
    if reason == EXPLICIT_DENY:
        return f"Denied with an explicit deny in rule {describe(rule)}."
    return "Denied because no rule allows the connection (implicit deny)."
