"""The result of one event: the response, and what led to it.

Every event gets a response that is valid in its schema version: Client VPN would take anything else for a broken
function, and show the user nothing of use. Every result but that of a valid policy on a valid request is a denial.
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
    response
        The response to Client VPN.
    reason
        Of the decision; without one ``invalid-request``, ``policy-error`` or ``internal-error``.
    message
        Message for a denied user; empty if allowed.
    request
        The event as a request; None for an invalid one.
    decision
        The policy's decision; shadow mode may keep it from being the response. None if the policy was not asked.
    problems
        Why the policy was not asked.
    evidence
        What was known besides the request; None if the function has no source of evidence.
    ends
        Ids of the connections that were ended; in shadow mode, of those that would have been.
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
    """Return the result of an event under a policy, without asking AWS for evidence.

    Parameters
    ----------
    policy
        The policy.
    event
        Any JSON value.
    alias
        Alias of the function that was invoked; None for none.
    now
        Seconds since 1970-01-01 UTC.
    evidence
        What is known besides the request.
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
    """Return the denial of an event that is no request, or that a bug of ours kept from being decided on."""
    if isinstance(error, InvalidRequest):
        return denial(event, alias, INVALID_REQUEST, (str(error),))
    return denial(event, alias, INTERNAL_ERROR, ("".join(traceback.format_exception(error)),))


def denial(event: Any, alias: str | None, reason: str, problems: Sequence[str]) -> Result:
    """Return a denial that is no decision of the policy."""
    request = None
    try:
        request = Request(event, alias)
        message = Message(DEFAULT_DENY_MESSAGE).fill(request, reason)
    except Exception:  # no request: the response needs none
        message = f"Access denied ({reason}). Contact your administrator."
    version = _schema_version(event) if request is None else request.schema_version
    return Result(build_response(version, False, message, ()), reason, message, request, problems=problems)


def _schema_version(event: Any) -> str:
    try:
        return read_schema_version(event)
    except InvalidRequest:
        return DEFAULT_SCHEMA_VERSION
