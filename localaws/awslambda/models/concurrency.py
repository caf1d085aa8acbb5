"""Concurrency: what is reserved, what is provisioned, and what runs now.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.core.exceptions import JsonRESTError

from localaws.awslambda.environments import ExecutionEnvironment
from localaws.awslambda.exceptions import ProvisionedConcurrencyConfigNotFound, ResourceConflict, TooManyRequests
from localaws.awslambda.metrics import InvocationTarget, LambdaMetrics
from localaws.settings import settings_of

from .execution_environment import ExecutionEnvironmentBackend, log_stream_name
from .function import LATEST

MIN_UNRESERVED_CONCURRENCY = 100


@dataclass
class ProvisionedConcurrency:
    """Provisioned concurrency configuration of a version or an alias."""

    function_name: str
    qualifier: str
    requested: int
    last_modified: str
    available: int = 0
    status: str = "IN_PROGRESS"
    status_reason: str | None = None

    def describe(self) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "RequestedProvisionedConcurrentExecutions": self.requested,
            "AvailableProvisionedConcurrentExecutions": self.available,
            "AllocatedProvisionedConcurrentExecutions": self.available,
            "Status": self.status,
            "LastModified": self.last_modified,
        }
        if self.status_reason:
            answer["StatusReason"] = self.status_reason
        return answer


class ConcurrencyBackend(ExecutionEnvironmentBackend):
    """Actions on concurrency, and the count of executions."""

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self._provisioned_configs: dict[tuple[str, str], ProvisionedConcurrency] = {}
        self._in_flight: Counter[str] = Counter()
        # Environments of provisioned concurrency that run now, by function name and qualifier.
        self._provisioned_in_use: Counter[tuple[str, str]] = Counter()
        self._metrics = LambdaMetrics(account_id, region_name)

    def delete_function(self, function_name: str, qualifier: str | None = None) -> None:
        with self._lock:
            function = self.get_function(function_name, qualifier)
            super().delete_function(function_name, qualifier)
            name, version = function.function_name, str(function.version)
            for key in [one for one in self._provisioned_configs if one[0] == name and version in (LATEST, one[1])]:
                del self._provisioned_configs[key]

    def put_function_concurrency(self, function_name: str, reserved_concurrency: Any) -> Any:
        with self._lock:
            function = self.get_function(function_name)
            others = sum(
                one.reserved_concurrency or 0
                for one in self.list_functions()
                if one.function_name != function.function_name
            )
            unreserved = settings_of(self.account_id).concurrent_executions - others - int(reserved_concurrency)
            if unreserved < MIN_UNRESERVED_CONCURRENCY:
                raise InvalidParameterValueException(
                    "Specified ReservedConcurrentExecutions for function decreases account's "
                    f"UnreservedConcurrentExecution below its minimum value of [{MIN_UNRESERVED_CONCURRENCY}]."
                )
            if self._provisioned_sum(function.function_name) > int(reserved_concurrency):
                raise InvalidParameterValueException(
                    "ReservedConcurrentExecutions cannot be lower than the function's provisioned concurrency"
                )
            function.reserved_concurrency = int(reserved_concurrency)
            return function.reserved_concurrency

    def put_provisioned_concurrency_config(
        self, function_name: str, qualifier: str, requested: int
    ) -> ProvisionedConcurrency:
        with self._lock:
            function = self.get_function(function_name, qualifier)
            if function.version == LATEST:
                raise InvalidParameterValueException(
                    "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
                )
            name = function.function_name
            reserved = self.get_function(name).reserved_concurrency
            total = requested + self._provisioned_sum(name, besides=qualifier)
            if reserved is not None and total > reserved:
                raise InvalidParameterValueException(
                    "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution "
                    "for function"
                )
            limit = settings_of(self.account_id).concurrent_executions - MIN_UNRESERVED_CONCURRENCY
            if reserved is None and total > limit:
                raise InvalidParameterValueException(
                    "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency "
                    f"[{limit}]."
                )
            self._check_version_provisioned_once(name, qualifier, str(function.version))
            config = ProvisionedConcurrency(name, qualifier, requested, _timestamp())
            self._provisioned_configs[name, qualifier] = config
        self._provision(config)
        return config

    def get_provisioned_concurrency_config(self, function_name: str, qualifier: str) -> ProvisionedConcurrency:
        function = self.get_function(function_name, qualifier)
        try:
            return self._provisioned_configs[function.function_name, qualifier]
        except KeyError:
            raise ProvisionedConcurrencyConfigNotFound(f"{function.unqualified_arn}:{qualifier}") from None

    def list_provisioned_concurrency_configs(self, function_name: str) -> list[dict[str, Any]]:
        function = self.get_function(function_name)
        return [
            {"FunctionArn": f"{function.unqualified_arn}:{config.qualifier}", **config.describe()}
            for config in self._provisioned_configs.values()
            if config.function_name == function.function_name
        ]

    def delete_provisioned_concurrency_config(self, function_name: str, qualifier: str) -> None:
        config = self.get_provisioned_concurrency_config(function_name, qualifier)
        del self._provisioned_configs[config.function_name, qualifier]
        self._retire_provisioned(config.function_name, qualifier)

    def get_account_settings(self) -> dict[str, Any]:
        functions = list(self.list_functions())
        limit = settings_of(self.account_id).concurrent_executions
        reserved = sum(function.reserved_concurrency or 0 for function in functions)
        return {
            "AccountLimit": {
                "ConcurrentExecutions": limit,
                "UnreservedConcurrentExecutions": limit - reserved,
                "CodeSizeUnzipped": 262144000,
                "CodeSizeZipped": 52428800,
                "TotalCodeSize": 80530636800,
            },
            "AccountUsage": {
                "FunctionCount": len(functions),
                "TotalCodeSize": sum(function.code_size for function in functions),
            },
        }

    def _provisioned_sum(self, name: str, besides: str | None = None) -> int:
        return sum(
            config.requested
            for (function_name, qualifier), config in self._provisioned_configs.items()
            if function_name == name and qualifier != besides
        )

    def _check_version_provisioned_once(self, name: str, qualifier: str, version: str) -> None:
        for function_name, other in self._provisioned_configs:
            if function_name != name or other == qualifier:
                continue
            if other == version:
                raise ResourceConflict(
                    "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
                )
            if str(self.get_function(name, other).version) == version:
                if qualifier == version:
                    raise ResourceConflict("Version is pointed by a Provisioned Concurrency alias")
                raise ResourceConflict("Version is pointed by another Provisioned Concurrency alias")

    def _retire_provisioned(self, name: str, qualifier: str) -> None:
        self.environments.retire(
            lambda environment: environment.blueprint.function_name == name and environment.provisioned_for == qualifier
        )

    def _provision(self, config: ProvisionedConcurrency) -> None:
        """Start the environments of a configuration in the background. It is READY once all of them are."""
        self._retire_provisioned(config.function_name, config.qualifier)
        with self._lock:
            config.status, config.status_reason, config.available = "IN_PROGRESS", None, 0
            function = self.get_function(config.function_name, config.qualifier)
        ready_at = time.monotonic() + settings_of(self.account_id).transition_seconds

        def start() -> None:
            status, reason = "READY", None
            try:
                blueprint = self._blueprint(function)
                environments = [
                    self.environments.start(blueprint, log_stream_name(function), config.qualifier)
                    for _ in range(config.requested)
                ]
                for environment in environments:
                    failure = environment.initialize()
                    if failure is not None:
                        self._write_log(function, environment, [*environment.take_log(), failure.note or ""])
                        status, reason = "FAILED", "FUNCTION_ERROR_INIT_FAILURE"
                    self.environments.release(environment)
            except (JsonRESTError, OSError) as error:
                status, reason = "FAILED", str(error)
            # As in AWS, a caller can see the configuration in progress.
            time.sleep(max(0.0, ready_at - time.monotonic()))
            with self._lock:
                config.status, config.status_reason = status, reason
                config.available = config.requested if status == "READY" else 0

        self.environments.in_background(start)

    def _count_provisioned(
        self, target: InvocationTarget, environment: ExecutionEnvironment, qualifiers: tuple[str, ...]
    ) -> None:
        name, owner = target.function_name, environment.provisioned_for
        with self._lock:
            configs = [
                self._provisioned_configs[name, one] for one in qualifiers if (name, one) in self._provisioned_configs
            ]
            if owner is not None:
                self._provisioned_in_use[name, owner] += 1
            ready = [config for config in configs if config.status == "READY"]
            in_use = sum(self._provisioned_in_use[name, config.qualifier] for config in ready)
        if ready:
            allocated = sum(config.available for config in ready)
            self._metrics.provisioned(target, spilled_over=owner is None, in_use=in_use, allocated=allocated)

    def _uncount_provisioned(self, environment: ExecutionEnvironment) -> None:
        if environment.provisioned_for is not None:
            with self._lock:
                self._provisioned_in_use[environment.blueprint.function_name, environment.provisioned_for] -= 1

    def _enter(self, name: str) -> int:
        """Count an execution that begins, and return how many of the function run now.

        Raises TooManyRequests if no more may run.
        """
        with self._lock:
            reserved = self.get_function(name).reserved_concurrency
            if reserved is not None:
                if self._in_flight[name] >= reserved:
                    raise TooManyRequests("ReservedFunctionConcurrentInvocationLimitExceeded")
            else:
                functions = {one.function_name: one.reserved_concurrency for one in self.list_functions()}
                limit = settings_of(self.account_id).concurrent_executions
                unreserved = limit - sum(number or 0 for number in functions.values())
                busy = sum(self._in_flight[one] for one, number in functions.items() if number is None)
                if busy >= unreserved:
                    raise TooManyRequests("ConcurrentInvocationLimitExceeded")
            self._in_flight[name] += 1
            return self._in_flight[name]

    def _leave(self, name: str) -> None:
        with self._lock:
            self._in_flight[name] -= 1


def _timestamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
