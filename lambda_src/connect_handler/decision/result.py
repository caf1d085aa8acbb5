"""The result of one event: the response, and the reasons for it.

Client VPN would take an invalid response for a broken function, and show the user nothing of use. So every event gets a
response that is valid in its schema version. Every result is a denial, except that of a valid policy on a valid
request.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Any

from connect_handler.contract.request import DEFAULT_SCHEMA_VERSION, InvalidRequest, Request, read_schema_version
from connect_handler.contract.response import build_response
from connect_handler.facts.evidence import Evidence
from connect_handler.policy.messages import DEFAULT_DENY_MESSAGE, Message
from connect_handler.policy.model import Policy

from .evaluate import Decision, evaluate

INVALID_REQUEST = "invalid-request"
POLICY_ERROR = "policy-error"
INTERNAL_ERROR = "internal-error"


class Result:
    """The result of one event.

    Attributes
    ----------
    reason
        Of the decision; without one ``invalid-request``, ``policy-error`` or ``internal-error``.
    message
        Message for a denied user; empty if allowed.
    request
        None for an invalid one.
    decision
        The policy's decision; None without one. In shadow mode the response allows the connection anyway.
    problems
        Reasons for a result without a decision.
    evidence
        None if the function has no source of evidence.
    ends
        Ids of the connections that the handler ended; in shadow mode, would have ended.
    """

    def __init__(
        self,
        response: dict[str, Any],
        reason: str,
        message: str,
        request: Request | None,
        decision: Decision | None = None,
        problems: Sequence[str] = (),
    ) -> None:
        self.response = response
        self.reason = reason
        self.message = message
        self.request = request
        self.decision = decision
        self.problems = tuple(problems)
        self.evidence: Evidence | None = None
        self.ends: Sequence[str] = () if decision is None else decision.ends


def decide(policy: Policy, event: Any, alias: str | None, now: float, evidence: Evidence | None = None) -> Result:
    """Return the result of any event under a policy, with the given evidence; nothing asks AWS for more.

    ``alias`` is the alias of the function that the endpoint invoked. ``now`` is in seconds since 1970-01-01 UTC.
    """
    try:
        request = Request(event, alias)
        result = decided_result(policy, request, evaluate(policy, request, now, evidence))
    except Exception as error:
        result = error_result(event, alias, error)
    result.evidence = evidence
    return result


def decided_result(policy: Policy, request: Request, decision: Decision) -> Result:
    """Return the result of a decision; in shadow mode its response allows the connection."""
    allow = decision.allow or policy.shadow_mode
    response = build_response(request.schema_version, allow, decision.message, decision.posture)
    return Result(response, decision.reason, decision.message, request, decision)


def error_result(event: Any, alias: str | None, error: Exception) -> Result:
    """Return the denial of an event that is invalid, or that a bug of ours stopped."""
    if isinstance(error, InvalidRequest):
        return denial(event, alias, INVALID_REQUEST, (str(error),))
    return denial(event, alias, INTERNAL_ERROR, ("".join(traceback.format_exception(error)),))


def denial(event: Any, alias: str | None, reason: str, problems: Sequence[str]) -> Result:
    """Return a denial without a decision."""
    request = None
    try:
        request = Request(event, alias)
        message = Message(DEFAULT_DENY_MESSAGE).fill(request, reason)
    except Exception:  # the response needs no request
        message = f"Access denied ({reason}). Contact your administrator."
    version = _schema_version(event) if request is None else request.schema_version
    return Result(build_response(version, False, message, ()), reason, message, request, problems=problems)


def _schema_version(event: Any) -> str:
    try:
        return read_schema_version(event)
    except InvalidRequest:
        return DEFAULT_SCHEMA_VERSION
