"""An answer to any event: by the policy, or a denial where the policy cannot be asked.

Every event gets an answer that is valid in its schema version, whatever it is: Client VPN would take anything else for
a broken function, and show the user nothing of use.
"""

from __future__ import annotations

from .evaluation import evaluate
from .messages import Message
from .policy import DEFAULT_DENY_MESSAGE
from .request import DEFAULT_SCHEMA_VERSION, InvalidRequest, Request, schema_version
from .response import response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .evaluation import Decision
    from .evidence import Evidence
    from .policy import Policy

INVALID_REQUEST = "invalid-request"
POLICY_ERROR = "policy-error"
INTERNAL_ERROR = "internal-error"


class Answer:
    """What an event was answered, and why.

    Attributes
    ----------
    request
        The event as a request; None where it is none.
    decision
        What the policy said, which shadow mode may have kept from being the answer; None where it was not asked.
    reason
        Of the decision; ``invalid-request``, ``policy-error`` or ``internal-error`` where there is none.
    problems
        Why the policy was not asked.
    message
        For the user who is denied; empty if allowed.
    response
        What Client VPN is told.
    evidence
        What was known beside the request; None where nobody has looked.
    """

    __slots__ = ("decision", "evidence", "message", "problems", "reason", "request", "response")

    decision: Decision | None
    evidence: Evidence | None
    message: str
    problems: tuple[str, ...]
    reason: str
    request: Request | None
    response: dict[str, Any]


def answer(
    policy: Policy | None,
    policy_problems: tuple[str, ...],
    event: Any,
    alias: str | None,
    now: float,
    look_up: Callable[[Policy, Request], Evidence] | None = None,
) -> Answer:
    """Answer one connection request; this raises nothing.

    Parameters
    ----------
    policy
        To decide by; None where there is none that is valid, for which ``policy_problems`` say why.
    event
        The request: any JSON value.
    alias
        Under which the function was invoked; None for none.
    now
        Seconds since 1970-01-01 UTC.
    look_up
        Returns the evidence for a request that the policy is asked about; None for none.
    """
    answered = Answer()
    answered.request = answered.decision = answered.evidence = None
    answered.problems = ()
    try:
        answered.request = Request(event, alias)
        if policy is None:
            return _denied(answered, event, POLICY_ERROR, policy_problems)
        if look_up is not None:
            answered.evidence = look_up(policy, answered.request)
        answered.decision = decision = evaluate(policy, answered.request, now, answered.evidence)
    except InvalidRequest as error:
        return _denied(answered, event, INVALID_REQUEST, (str(error),))
    except Exception as error:  # a bug of ours: deny, and tell
        return _denied(answered, event, INTERNAL_ERROR, (_traceback(error),))
    answered.reason = decision.reason
    answered.message = decision.message
    version = answered.request.schema_version
    allow = decision.allow or policy.shadow_mode
    answered.response = response(version, allow, decision.message, decision.posture)
    return answered


def broken(event: Any, error: Exception) -> Answer:
    """Answer an event that an error of ours keeps from being looked at."""
    answered = Answer()
    answered.request = answered.decision = answered.evidence = None
    return _denied(answered, event, INTERNAL_ERROR, (_traceback(error),))


def _denied(answered: Answer, event: Any, reason: str, problems: tuple[str, ...]) -> Answer:
    """Complete an answer to an event that the policy was not asked about."""
    answered.reason = reason
    answered.problems = problems
    answered.message = _message_without_decision(answered.request, reason)
    answered.response = response(_answer_version(event, answered.request), False, answered.message, ())
    return answered


def _answer_version(event: Any, request: Request | None) -> str:
    if request is not None:
        return request.schema_version
    try:
        return schema_version(event)
    except InvalidRequest:
        return DEFAULT_SCHEMA_VERSION


def _message_without_decision(request: Request | None, reason: str) -> str:
    if request is None:
        return f"Access denied ({reason}). Contact your administrator."
    return Message(DEFAULT_DENY_MESSAGE).fill(request, reason)


def _traceback(error: Exception) -> str:
    import traceback

    return "".join(traceback.format_exception(error))
