"""Invocations, synchronous and asynchronous.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-invocation.html
"""

from __future__ import annotations

import json
import random
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import JsonRESTError

from localaws.awslambda.environments import MAX_PAYLOAD, Outcome
from localaws.awslambda.exceptions import InvalidRequestContent, RequestTooLarge, TooManyRequests
from localaws.awslambda.function_log import lines_of_invocation
from localaws.awslambda.metrics import InvocationTarget

from .concurrency import ConcurrencyBackend
from .execution_environment import log_stream_name
from .function import LambdaFunction, version_weights

MAX_INVOCATIONS = 4096
"""Invocations whose results are kept for callers that ask by request ID."""

LOG_TAIL = 4096
"""Bytes of the log in the answer to an invocation with LogType=Tail."""

SHORTEST_RETRY, LONGEST_RETRY = 0.05, 1.0
"""Seconds between two tries of an asynchronous invocation that is throttled. Lambda's: 1 to 300."""


@dataclass
class Invocation:
    """Result of an invocation."""

    request_id: str
    function_arn: str
    executed_version: str
    interpreter: str
    cold_start: bool
    initialization_type: str
    outcome: Outcome
    log_tail: bytes

    @property
    def function_error(self) -> str | None:
        """Value of the header X-Amz-Function-Error. Python functions have only this one."""
        return None if self.outcome.error_type is None else "Unhandled"

    def describe(self) -> dict[str, Any]:
        return {
            "RequestId": self.request_id,
            "FunctionArn": self.function_arn,
            "ExecutedVersion": self.executed_version,
            "Interpreter": self.interpreter,
            "ColdStart": self.cold_start,
            "InitializationType": self.initialization_type,
            "DurationMs": self.outcome.duration_ms,
            "InitDurationMs": self.outcome.init_ms,
            "MaxMemoryUsedMb": self.outcome.max_memory_mb,
            "ErrorType": self.outcome.error_type,
            "Log": self.outcome.lines,
        }


class InvocationBackend(ConcurrencyBackend):
    """Invocations of functions."""

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self.invocations: OrderedDict[str, Invocation] = OrderedDict()

    def invoke(
        self,
        function_name: str,
        qualifier: str | None,
        body: bytes,
        headers: Any = None,
        response_headers: dict[str, Any] | None = None,
    ) -> bytes:
        """Run a function for another service of moto. The response headers get the function error."""
        event = body.encode() if isinstance(body, str) else body
        invocation = self.run(function_name, qualifier, event)
        if response_headers is not None and invocation.function_error:
            response_headers["x-amz-function-error"] = invocation.function_error
        return invocation.outcome.payload

    def check_invocable(self, function_name: str, qualifier: str | None) -> LambdaFunction:
        """Return the version that an invocation would reach."""
        return self._resolve(function_name, qualifier)[0]

    def run(self, function_name: str, qualifier: str | None, event: bytes, request_id: str | None = None) -> Invocation:
        """Run a function once, and return the result. Raises Invoke's error if the function does not run."""
        _check_event(event)
        function, arn = self._resolve(function_name, qualifier)
        blueprint = self._blueprint(function)
        request_id = request_id or str(uuid.uuid4())
        target = self._target(function, arn)
        try:
            concurrency = self._enter(function.function_name)
        except TooManyRequests:
            self._metrics.throttle(target)
            raise
        try:
            qualifiers = (arn.rsplit(":", 1)[-1], str(function.version))
            environment = self.environments.acquire(blueprint, log_stream_name(function), qualifiers)
            try:
                self._count_provisioned(target, environment, qualifiers)
                cold = environment.invocations == 0
                outcome = environment.invoke(request_id, arn, event or b"{}", _trace_id())
            finally:
                self._uncount_provisioned(environment)
                self.environments.release(environment)
        finally:
            self._leave(function.function_name)
        self._metrics.invocation(
            target,
            failed=outcome.error_type is not None,
            duration_ms=outcome.duration_ms,
            concurrency=concurrency,
        )
        lines = lines_of_invocation(environment, request_id, cold, outcome, log_format=function.log_format)
        self._write_log(function, environment, lines)
        invocation = Invocation(
            request_id=request_id,
            function_arn=arn,
            executed_version=str(function.version),
            interpreter=str(blueprint.interpreter),
            cold_start=cold and environment.initialization_type == "on-demand",
            initialization_type=environment.initialization_type,
            outcome=outcome,
            log_tail="\n".join([*lines, ""]).encode()[-LOG_TAIL:],
        )
        self._keep(invocation)
        return invocation

    def run_later(self, function_name: str, qualifier: str | None, event: bytes) -> None:
        """Run a function asynchronously. A throttled invocation is tried again; unlike in AWS, a failed one is not."""
        self.check_invocable(function_name, qualifier)

        def run() -> None:
            try:
                self.run_patiently(function_name, qualifier, event)
            except JsonRESTError:
                return

        self.environments.in_background(run)

    def run_patiently(self, function_name: str, qualifier: str | None, event: bytes) -> Invocation:
        """Run a function once it is not throttled. Lambda's queue waits for up to six hours."""
        # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
        wait = SHORTEST_RETRY
        while True:
            try:
                return self.run(function_name, qualifier, event)
            except TooManyRequests:
                if self.environments.ends_within(wait):
                    raise
            wait = min(wait * 2, LONGEST_RETRY)

    def _resolve(self, function_name: str, qualifier: str | None) -> tuple[LambdaFunction, str]:
        """Return the version to run, and the invoked ARN, which keeps the alias."""
        name = function_name
        if name.startswith("arn:"):
            _, name, in_name = self._lambdas.split_function_arn(name)
        else:
            name, _, in_name = name.rsplit(":function:", 1)[-1].partition(":")
        qualifier = in_name or qualifier
        function = self.get_function(name, qualifier)
        arn = function.unqualified_arn
        if qualifier is None:
            return function, arn
        alias = next((one for one in self.list_aliases(name) if one.name == qualifier), None)
        chance = random.random()  # noqa: S311 - nothing secret depends on it
        for version, weight in version_weights(alias).items():
            if chance < weight:
                function = self.get_function(name, version)
                break
            chance -= weight
        return function, f"{arn}:{qualifier}"

    def _target(self, function: LambdaFunction, arn: str) -> InvocationTarget:
        name, _, qualifier = arn.rsplit(":function:", 1)[-1].partition(":")
        alias = next((one for one in self.list_aliases(name) if one.name == qualifier), None)
        resource = f"{name}:{qualifier}" if qualifier else name
        return InvocationTarget(name, resource, str(function.version), weighted=bool(version_weights(alias)))

    def _keep(self, invocation: Invocation) -> None:
        with self._lock:
            self.invocations[invocation.request_id] = invocation
            while len(self.invocations) > MAX_INVOCATIONS:
                self.invocations.popitem(last=False)


def _check_event(event: bytes) -> None:
    if len(event) > MAX_PAYLOAD:
        raise RequestTooLarge(len(event), MAX_PAYLOAD)
    try:
        json.loads(event or b"{}")
    except ValueError as error:
        raise InvalidRequestContent(f"Could not parse request body into json: {error}") from None


def _trace_id() -> str:
    # https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
    return f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Parent={uuid.uuid4().hex[:16]};Sampled=0"
