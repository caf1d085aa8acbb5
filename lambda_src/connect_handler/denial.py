"""Denials that are no decision of the policy: it could not be asked."""

from __future__ import annotations

from .answering import Answer
from .errors import InvalidRequest
from .messages import Message
from .policy import DEFAULT_DENY_MESSAGE
from .request import DEFAULT_SCHEMA_VERSION, schema_version
from .response import response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

INVALID_REQUEST = "invalid-request"
POLICY_ERROR = "policy-error"
INTERNAL_ERROR = "internal-error"


def without_policy(answered: Answer, problems: tuple[str, ...]) -> Answer:
    """Complete an answer to a request where there is no valid policy."""
    return _denied(answered, None, POLICY_ERROR, problems)


def without_decision(answered: Answer, event: Any, error: Exception) -> Answer:
    """Complete an answer to an event that an error has kept from being decided on."""
    if isinstance(error, InvalidRequest):
        return _denied(answered, event, INVALID_REQUEST, (str(error),))
    import traceback

    # a bug of ours: deny, and tell
    return _denied(answered, event, INTERNAL_ERROR, ("".join(traceback.format_exception(error)),))


def _denied(answered: Answer, event: Any, reason: str, problems: tuple[str, ...]) -> Answer:
    request = answered.request
    answered.reason = reason
    answered.problems = problems
    if request is None:
        answered.message = f"Access denied ({reason}). Contact your administrator."
        version = _version(event)
    else:
        answered.message = Message(DEFAULT_DENY_MESSAGE).fill(request, reason)
        version = request.schema_version
    answered.response = response(version, False, answered.message, ())
    return answered


def _version(event: Any) -> str:
    try:
        return schema_version(event)
    except InvalidRequest:
        return DEFAULT_SCHEMA_VERSION
