"""The function's entry point: ``connect_handler.handler.handler``.

Every event gets an answer that is valid in its schema version, whatever it is and whatever the environment holds:
Client VPN would take anything else for a broken function, and show the user nothing of use. What is not a decision of
a valid policy on a valid request is a denial.
"""

from __future__ import annotations

import os
import time

from . import decision_log
from .evaluation import evaluate
from .messages import Message
from .policy import DEFAULT_DENY_MESSAGE
from .request import DEFAULT_SCHEMA_VERSION, InvalidRequest, Request, schema_version
from .response import response
from .settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .evaluation import Decision

INVALID_REQUEST = "invalid-request"
POLICY_ERROR = "policy-error"
INTERNAL_ERROR = "internal-error"

_settings = Settings(os.environ)


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Answer one connection request, as Lambda calls it.

    Parameters
    ----------
    event
        The request, https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-authorization.html; any JSON
        value gets an answer.
    context
        Lambda's context object; the qualifier in its ``invoked_function_arn`` is the alias.
    """
    return answer(_settings, event, context)


def answer(settings: Settings, event: Any, context: Any) -> dict[str, Any]:
    """Answer one connection request under the given settings, and write it to the decision log."""
    started = time.perf_counter_ns()
    now = time.time()
    alias: str | None = None
    request: Request | None = None
    decision: Decision | None = None
    problems: tuple[str, ...] = ()
    try:
        alias = _alias(context)
        request = Request(event, alias)
        if settings.policy is None:
            reason, problems = POLICY_ERROR, settings.policy_problems
        else:
            decision = evaluate(settings.policy, request, now)
            reason = decision.reason
    except InvalidRequest as error:
        reason, problems = INVALID_REQUEST, (str(error),)
    except Exception as error:  # a bug of ours: deny, and tell
        reason, problems = INTERNAL_ERROR, (_traceback(error),)

    allow = decision is not None and settings.policy is not None and (decision.allow or settings.policy.shadow_mode)
    message = decision.message if decision is not None else _message_without_decision(request, reason)
    posture = decision.posture if decision is not None else ()
    answered = response(_answer_version(event, request), allow, message, posture)
    try:
        line = decision_log.line(
            settings,
            now=now,
            event=event,
            answer=answered,
            reason=reason,
            decision=decision,
            problems=problems,
            alias=alias,
            duration_us=(time.perf_counter_ns() - started) // 1000,
        )
    except Exception as error:  # the log must not cost the answer
        line = f"The decision could not be written to the log: {error!r}"
    decision_log.write(line)
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


def _alias(context: Any) -> str | None:
    """Return the alias that was invoked; None for ``$LATEST`` and for versions, which are numbers."""
    parts = str(getattr(context, "invoked_function_arn", "")).split(":")
    # arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME:QUALIFIER
    if len(parts) != 8 or parts[7] == "$LATEST" or parts[7].isdigit():
        return None
    return parts[7]


def _traceback(error: Exception) -> str:
    import traceback

    return "".join(traceback.format_exception(error))
