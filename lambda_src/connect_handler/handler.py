"""The function's entry point: ``connect_handler.handler.handler``.

Every event gets a response that is valid in its schema version, and one line in the decision log. This holds for any
event and any environment.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Mapping
from typing import Any

from connect_handler.contract.request import Request
from connect_handler.decision.evaluate import evaluate
from connect_handler.decision.result import POLICY_ERROR, Result, decided_result, denial, error_result
from connect_handler.decision_log.entry import DecisionLog, write
from connect_handler.policy.model import Policy
from connect_handler.policy_source import PolicySource
from connect_handler.settings import Settings

POLICY_TESTS = "policy-tests"
"""The one key of the deploy gate's event."""


class ConnectHandler:
    """The function in one execution environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.settings = Settings(environment)
        self.source = PolicySource(self.settings.policy)
        self._log = DecisionLog(self.settings)
        self._authorizer = None
        if self.settings.inventory is not None or self.settings.sessions is not None:
            from connect_handler.evidence.authorizer import Authorizer  # late: few functions ask AWS

            self._authorizer = Authorizer(self.settings)
            self._authorizer.prepare(self.policy)

    @property
    def policy(self) -> Policy | None:
        """The policy to decide by; None with any problem."""
        return None if self.settings.problems else self.source.policy

    @property
    def problems(self) -> list[str]:
        """Problems of the policy and of the environment. With any, every connection is denied."""
        return [*self.source.problems, *self.settings.problems]

    def handle(self, event: Any, context: Any) -> dict[str, Any]:
        """Return the response to an event, and log the decision."""
        started = time.perf_counter_ns()
        now = time.time()
        alias = None
        try:
            alias = _alias(context)
            result = self._authorize(event, alias, now, context)
        except Exception as error:
            result = error_result(event, alias, error)
        policy = self.policy
        line = self._log.line(
            result,
            event=event,
            alias=alias,
            now=now,
            duration_us=(time.perf_counter_ns() - started) // 1000,
            shadow_mode=policy is not None and policy.shadow_mode,
            policy_digest=self.source.digest,
        )
        write(line)
        return result.response

    def _authorize(self, event: Any, alias: str | None, now: float, context: Any) -> Result:
        request = Request(event, alias)
        if self.source.is_due:
            self.source.load()
        policy = self.policy
        if policy is None:
            return denial(event, alias, POLICY_ERROR, self.problems)
        if self._authorizer is None:
            return decided_result(policy, request, evaluate(policy, request, now))
        seconds_left = context.get_remaining_time_in_millis() / 1000
        authorization = self._authorizer.authorize(policy, request, event, now, seconds_left)
        result = decided_result(policy, request, authorization.decision)
        result.evidence = authorization.evidence
        result.ends = authorization.ends
        return result


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Answer one connection request, as Lambda calls it.

    Parameters
    ----------
    event
        The request, https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-authorization.html; any JSON
        value gets a response. An object with the one key ``policy-tests`` is the deploy gate's.
    context
        Lambda's context object; the qualifier in its ``invoked_function_arn`` is the alias.
    """
    if isinstance(event, dict) and event.keys() == {POLICY_TESTS}:
        from connect_handler import deploy_gate  # late: it runs once per version

        return deploy_gate.run(_connect_handler.settings, _connect_handler.source, event[POLICY_TESTS], context)
    return _connect_handler.handle(event, context)


def _alias(context: Any) -> str | None:
    """Return the alias that was invoked; None for ``$LATEST`` and for versions, which are numbers."""
    # arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME:QUALIFIER
    parts = str(getattr(context, "invoked_function_arn", None)).split(":")
    if len(parts) != 8 or parts[7] == "$LATEST" or parts[7].isdigit():
        return None
    return parts[7]


_connect_handler = ConnectHandler(os.environ)
gc.freeze()  # these objects live as long as the process: the garbage collector can skip them
