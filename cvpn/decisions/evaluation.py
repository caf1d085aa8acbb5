"""Asks a policy, and says what it answered: in JSON with the decision log's keys, and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connect_handler import answering
from connect_handler.decision_log import decided, requested, timestamp
from connect_handler.evaluation import ALLOW_RULE, EXPLICIT_DENY
from connect_handler.policy import Policy
from connect_handler.problems import found
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
    answer: answering.Answer

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


def answer(policy: Policy, record: LogRecord, event: Any, at: float) -> answering.Answer:
    """Return what the function would answer to an event, with the evidence of a record, at a time."""
    evidence = record.evidence
    look_up = None if evidence is None else lambda *_: evidence
    return answering.answer(policy, (), event, record.alias, at, look_up)


def as_json(policy: Policy, evaluation: Evaluation) -> dict[str, Any]:
    """Return an answer with the keys of the decision log."""
    answer = evaluation.answer
    return {
        "time": timestamp(evaluation.at),
        **decided(answer.reason, answer.decision),
        "shadow_mode": policy.shadow_mode,
        "problems": list(answer.problems),
        "request": requested(evaluation.record.event),
        "answer": answer.response,
        "policy_digest": policy.digest,
        "alias": evaluation.record.alias,
        **_evidence(answer),
    }


def _evidence(answer: answering.Answer) -> dict[str, Any]:
    if answer.evidence is None:
        return {}
    return {"evidence": answer.evidence.document(), "ends": [] if answer.decision is None else answer.decision.ends}


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
        return f"Allowed by rule {found(rule)}."
    if reason == EXPLICIT_DENY:
        return f"Denied with an explicit deny in rule {found(rule)}."
    return "Denied because no rule allows the connection (implicit deny)."
