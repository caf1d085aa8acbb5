"""The function's entry point: ``connect_handler.handler.handler``.

Every event gets an answer that is valid in its schema version, whatever it is and whatever the environment holds:
Client VPN would take anything else for a broken function, and show the user nothing of use. What is not a decision of
a valid policy on a valid request is a denial.
"""

from __future__ import annotations

import gc
import os
import time
from functools import lru_cache

from . import answering, decision_log
from .settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

POLICY_TESTS = "policy-tests"
"""The one key of the deploy gate's event."""

_settings = Settings(os.environ)
gc.freeze()  # see connect_handler/__init__.py
gc.enable()


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Answer one connection request, as Lambda calls it.

    Parameters
    ----------
    event
        The request, https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-authorization.html; any JSON
        value gets an answer. An object with the one key ``policy-tests`` is the deploy gate's.
    context
        Lambda's context object; the qualifier in its ``invoked_function_arn`` is the alias.
    """
    if isinstance(event, dict) and len(event) == 1 and POLICY_TESTS in event:
        from . import gate  # once per version: no connection waits for its import

        gate.load_policy(_settings, context)
        return gate.run(_settings, event[POLICY_TESTS], time.time())
    return answer(_settings, event, context)


def answer(settings: Settings, event: Any, context: Any) -> dict[str, Any]:
    """Answer one connection request under the given settings, and write it to the decision log."""
    started = time.perf_counter_ns()
    now = time.time()
    alias: str | None = None
    try:
        if settings.policy_is_due:
            settings.load_policy()
        alias = _alias(getattr(context, "invoked_function_arn", None))
        if settings.outside is None:
            answered = answering.answer(settings.policy, settings.policy_problems, event, alias, now)
        else:
            seconds_left = context.get_remaining_time_in_millis() / 1000
            answered = settings.outside.answer(settings, event, alias, now, seconds_left)
    except Exception as error:  # a bug of ours: deny, and tell
        from .denial import without_decision

        answered = without_decision(answering.Answer(), event, error)
    try:
        line = decision_log.line(
            settings,
            now=now,
            event=event,
            answered=answered,
            alias=alias,
            duration_us=(time.perf_counter_ns() - started) // 1000,
        )
    except Exception as error:  # the log must not cost the answer
        # What the error says may be a value that the log is to hide.
        what = repr(error) if settings.redaction is None else type(error).__name__
        line = f"The decision could not be written to the log: {what}"
    decision_log.write(line)
    return answered.response


@lru_cache(maxsize=64)
def _alias(arn: str | None) -> str | None:
    """Return the alias that was invoked; None for ``$LATEST`` and for versions, which are numbers."""
    parts = str(arn).split(":")
    # arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME:QUALIFIER
    if len(parts) != 8 or parts[7] == "$LATEST" or parts[7].isdigit():
        return None
    return parts[7]
