"""An answer to any event: by the policy, or a denial where the policy cannot be asked.

Every event gets an answer that is valid in its schema version, whatever it is: Client VPN would take anything else for
a broken function, and show the user nothing of use.
"""

from __future__ import annotations

from .evaluation import evaluate
from .request import Request
from .response import response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .evaluation import Decision
    from .evidence import Evidence
    from .policy import Policy


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

    message: str
    reason: str
    response: dict[str, Any]

    def __init__(self) -> None:
        self.request: Request | None = None
        self.decision: Decision | None = None
        self.evidence: Evidence | None = None
        self.problems: tuple[str, ...] = ()


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
    try:
        answered.request = Request(event, alias)
        if policy is None:
            from .denial import without_policy  # late, as below: there is no need of it as long as all is well

            return without_policy(answered, policy_problems)
        if look_up is not None:
            answered.evidence = look_up(policy, answered.request)
        answered.decision = decision = evaluate(policy, answered.request, now, answered.evidence)
    except Exception as error:
        from .denial import without_decision

        return without_decision(answered, event, error)
    answered.reason = decision.reason
    answered.message = decision.message
    version = answered.request.schema_version
    allow = decision.allow or policy.shadow_mode
    answered.response = response(version, allow, decision.message, decision.posture)
    return answered
