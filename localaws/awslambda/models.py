"""Lambda functions that run: versions that stay as they were published, provisioned concurrency, throttling."""

from __future__ import annotations

import copy
import json
import random
import re
import threading
import time
import uuid
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaAlias
from moto.awslambda.models import LambdaBackend as MotoLambdaBackend
from moto.awslambda.models import LambdaFunction as MotoLambdaFunction
from moto.awslambda.models import LambdaStorage as MotoLambdaStorage
from moto.awslambda.utils import get_backend
from moto.core.exceptions import JsonRESTError
from moto.core.utils import iso_8601_datetime_with_nanoseconds, unix_time_millis
from moto.logs.models import logs_backends

from localaws.cloudwatch.embedded_metrics import publish_embedded
from localaws.settings import settings_of

from .environments import MAX_PAYLOAD, Blueprint, ExecutionEnvironment, ExecutionEnvironments, Outcome
from .exceptions import (
    InvalidRequestContent,
    InvalidRuntime,
    ProvisionedConcurrencyConfigNotFound,
    RequestTooLarge,
    ResourceConflict,
    TooManyRequests,
)
from .function_log import lines_of_invocation
from .interpreters import interpreter_for
from .metrics import Invoked, LambdaMetrics

LATEST = "$LATEST"
MAX_ENVIRONMENT_BYTES = 4096
MIN_UNRESERVED_CONCURRENCY = 100
#: Invocations of which details are kept, for whoever asks by request ID.
KEPT_INVOCATIONS = 4096
#: Bytes of the log that an invocation with LogType=Tail answers with.
LOG_TAIL = 4096
#: Seconds between two tries of an asynchronous invocation that is throttled. Lambda's: 1 to 300.
_SHORTEST_RETRY, _LONGEST_RETRY = 0.05, 1.0
RESERVED_VARIABLES = {
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
}
# What moto keeps in attributes is changed by moto; of the rest, these are the arguments that a function remembers.
_KEPT_ARGUMENTS = ("DeadLetterConfig", "FileSystemConfigs", "LoggingConfig", "SnapStart")


class LambdaFunction(MotoLambdaFunction):
    """A version of a function, $LATEST included."""

    def __init__(self, account_id: str, spec: dict[str, Any], region: str, version: str | int = LATEST):
        _check_environment(spec)
        super().__init__(account_id, spec, region, version)
        self.arguments = {name: spec[name] for name in _KEPT_ARGUMENTS if name in spec}
        self.revision_id = str(uuid.uuid4())

    def __deepcopy__(self, memo: dict[int, Any]) -> LambdaFunction:
        # moto copies functions to change an attribute of the answer; below that lies the whole of CloudWatch Logs.
        return copy.copy(self)

    @property
    def unqualified_arn(self) -> str:
        return ":".join(self.function_arn.split(":")[:7])

    @property
    def log_group(self) -> str:
        return str(self.arguments.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{self.function_name}")

    @property
    def log_format(self) -> str:
        return str(self.arguments.get("LoggingConfig", {}).get("LogFormat") or "Text")

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:
        configuration = super().get_configuration(on_create)
        logging = {"LogFormat": self.log_format, "LogGroup": self.log_group}
        if self.log_format == "JSON":
            logging |= {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
        apply_on = self.arguments.get("SnapStart", {}).get("ApplyOn", "None")
        optimized = apply_on != "None" and self.version != LATEST
        configuration |= {
            **self.arguments,
            "LoggingConfig": {**logging, **self.arguments.get("LoggingConfig", {})},
            "SnapStart": {"ApplyOn": apply_on, "OptimizationStatus": "On" if optimized else "Off"},
            "RevisionId": self.revision_id,
        }
        return configuration

    def get_code(self) -> dict[str, Any]:
        answer = super().get_code()
        # moto takes 0 for "none"; 0 is how a function is switched off.
        if self.reserved_concurrency is not None:
            answer["Concurrency"] = {"ReservedConcurrentExecutions": self.reserved_concurrency}
        return answer

    def update_configuration(self, config_updates: dict[str, Any]) -> dict[str, Any]:
        _check_environment(config_updates)
        before = self.published_part()
        if "Environment" in config_updates:
            variables = config_updates["Environment"].get("Variables", {})
            config_updates = {**config_updates, "Environment": {"Variables": variables}}
        super().update_configuration(config_updates)
        if "KMSKeyArn" in config_updates:
            self.kms_key_arn = config_updates["KMSKeyArn"] or None
        if "TracingConfig" in config_updates:
            self.tracing_config = config_updates["TracingConfig"]
        if "EphemeralStorage" in config_updates:
            self.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
        kept = {name: config_updates[name] for name in _KEPT_ARGUMENTS if name in config_updates}
        self.arguments = {**self.arguments, **kept}
        self._updated(before)
        return self.get_configuration()

    def update_function_code(self, updated_spec: dict[str, Any]) -> dict[str, Any]:
        before = self.published_part()
        # A new dictionary, so that published versions keep theirs.
        self.code = dict(self.code)
        super().update_function_code(updated_spec)
        if "Architectures" in updated_spec:
            self.architectures = updated_spec["Architectures"]
        self._updated(before)
        return self.get_configuration()

    def invoke(self, body: str, request_headers: Any, response_headers: Any) -> bytes:
        """How moto's other services call a function, such as a log group's subscription filter."""
        backend = get_backend(self.account_id, self.region)
        return backend.invoke(self.function_arn, None, body, request_headers, response_headers)  # type: ignore[return-value]

    def published_part(self) -> dict[str, Any]:
        """What makes one version differ from another."""
        volatile = ("FunctionArn", "LastModified", "LastUpdateStatus", "RevisionId", "State", "Version")
        part = {name: value for name, value in self.get_configuration().items() if name not in volatile}
        # Whether it is optimized follows from whether it is published.
        return {**part, "SnapStart": part["SnapStart"]["ApplyOn"]}

    def _updated(self, before: dict[str, Any]) -> None:
        if self.published_part() != before:
            self.last_modified = iso_8601_datetime_with_nanoseconds()
            self.revision_id = str(uuid.uuid4())

    def blueprint(self, variables: dict[str, str], layers: tuple[bytes, ...]) -> Blueprint:
        """What its execution environments are made of."""
        if self.package_type != "Zip" or not re.fullmatch(r"python3\.\d+", self.run_time or ""):
            raise InvalidRuntime(
                f"{self.function_name} has runtime {self.run_time or self.package_type}: only Python can be run here"
            )
        return Blueprint(
            function_name=self.function_name,
            version=str(self.version),
            revision=self.revision_id,
            handler=self.handler or "",
            interpreter=interpreter_for(str(self.run_time)),
            code_sha256=self.code_sha_256,
            code=self.code_bytes,
            layers=layers,
            memory_mb=int(self.memory_size),
            timeout=float(self.timeout),
            variables=variables,
        )


class LambdaStorage(MotoLambdaStorage):
    """moto's storage, with version numbers that are never used again."""

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self._last_version: Counter[str] = Counter()

    def publish_version(self, name_or_arn: str, description: str = "") -> LambdaFunction:
        latest = cast(LambdaFunction, self.get_function_by_name_or_arn_forbid_qualifier(name_or_arn))
        name = latest.function_name
        versions = self._functions[name]["versions"]
        if versions and self._same(versions[-1], latest, description):
            return versions[-1]  # type: ignore[no-any-return]
        self._last_version[name] += 1
        version = copy.copy(latest)
        version.set_version(self._last_version[name])
        version.revision_id = str(uuid.uuid4())
        if description:
            version.description = description
        versions.append(version)
        self._arns[version.function_arn] = version
        return version

    @staticmethod
    def _same(published: LambdaFunction, latest: LambdaFunction, description: str) -> bool:
        # A description given to PublishVersion belongs to the version: it is no change of the function.
        without = {"Description": None}
        return {**published.published_part(), **without} == {**latest.published_part(), **without}

    def del_function(self, name_or_arn: str, qualifier: str | None = None) -> None:
        function = self.get_function_by_name_or_arn_with_qualifier(name_or_arn, qualifier)
        name = function.function_name
        if function.version == LATEST:
            self._last_version.pop(name, None)
        else:
            users = [
                one.name
                for one in self.list_aliases(name)
                if str(function.version) in {one.function_version, *_weights(one)}
            ]
            if users:
                raise ResourceConflict(
                    "Version cannot be deleted because it is referenced by an alias: " + ", ".join(users)
                )
        super().del_function(name_or_arn, qualifier)


@dataclass
class ProvisionedConcurrency:
    """A provisioned concurrency configuration of a version or an alias."""

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


@dataclass
class Invocation:
    """What there is to know about an invocation that has ended."""

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
        """The X-Amz-Function-Error header. Python functions have only the one kind."""
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


class LambdaBackend(MotoLambdaBackend):
    """Lambda in one account and Region."""

    _lambdas: LambdaStorage

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self._lambdas = LambdaStorage(region_name=region_name, account_id=account_id)
        self.environments = ExecutionEnvironments()
        self.invocations: OrderedDict[str, Invocation] = OrderedDict()
        self._provisioned: dict[tuple[str, str], ProvisionedConcurrency] = {}
        self._in_flight: Counter[str] = Counter()
        #: Environments of provisioned concurrency that are in use, by function name and qualifier.
        self._provisioned_in_use: Counter[tuple[str, str]] = Counter()
        self._metrics = LambdaMetrics(account_id, region_name)
        self._lock = threading.RLock()

    def reset(self) -> None:
        self.environments.close()
        super().reset()

    # Functions and versions

    def create_function(self, spec: dict[str, Any]) -> LambdaFunction:
        name = spec.get("FunctionName") or ""
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name.rsplit(":", 1)[-1]):
            raise InvalidParameterValueException(
                f"FunctionName {name} has to have 1 to 64 letters, digits, hyphens and underscores"
            )
        function = LambdaFunction(self.account_id, spec, self.region_name)  # type: ignore[abstract]
        self._lambdas.put_function(function)
        if spec.get("Publish"):
            answer = copy.copy(function)
            answer.version = self.publish_version(name).version
            return answer
        return function

    def get_function(self, function_name_or_arn: str, qualifier: str | None = None) -> LambdaFunction:
        return cast(LambdaFunction, super().get_function(function_name_or_arn, qualifier))

    def publish_version(self, function_name: str, description: str = "") -> LambdaFunction:
        with self._lock:
            return self._lambdas.publish_version(function_name, description)

    def update_function_code(self, function_name: str, qualifier: str | None, body: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            function = self.get_function(function_name, qualifier)
            configuration = function.update_function_code(body)
            self._retire_old_revisions(function)
            if body.get("Publish"):
                return self.publish_version(function.function_name).get_configuration()
            return configuration

    def update_function_configuration(
        self, function_name: str, qualifier: str | None, body: dict[str, Any]
    ) -> dict[str, Any]:
        with self._lock:
            function = self.get_function(function_name, qualifier)
            configuration = function.update_configuration(body)
            self._retire_old_revisions(function)
            return configuration

    def delete_function(self, function_name: str, qualifier: str | None = None) -> None:
        with self._lock:
            function = self.get_function(function_name, qualifier)
            super().delete_function(function_name, qualifier)
            name, version = function.function_name, str(function.version)
            whole = version == LATEST
            for key in [one for one in self._provisioned if one[0] == name and (whole or one[1] == version)]:
                del self._provisioned[key]
        self.environments.retire(
            lambda environment: (
                environment.blueprint.function_name == name and (whole or environment.blueprint.version == version)
            )
        )

    def list_functions(self, func_version: str | None = None) -> Iterable[Any]:
        return list(super().list_functions(func_version))

    def _retire_old_revisions(self, function: LambdaFunction) -> None:
        name, revision = function.function_name, function.revision_id
        self.environments.retire(
            lambda environment: (
                environment.blueprint.function_name == name
                and environment.blueprint.version == LATEST
                and environment.blueprint.revision != revision
            )
        )

    # Aliases

    def update_alias(
        self,
        name: str,
        function_name: str,
        function_version: str,
        description: str,
        routing_config: str,
    ) -> LambdaAlias:
        with self._lock:
            if function_version is None:
                function_version = self.get_alias(name, function_name).function_version
            alias = super().update_alias(name, function_name, function_version, description, routing_config)
            alias.revision_id = str(uuid.uuid4())
            provisioned = self._provisioned.get((_name(function_name), name))
        if provisioned:
            self._provision(provisioned)
        return alias

    def delete_alias(self, name: str, function_name: str) -> None:
        super().delete_alias(name, function_name)
        if self._provisioned.pop((_name(function_name), name), None):
            self._retire_provisioned(_name(function_name), name)

    # Concurrency

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
            wanted = requested + self._provisioned_sum(name, besides=qualifier)
            if reserved is not None and wanted > reserved:
                raise InvalidParameterValueException(
                    "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution "
                    "for function"
                )
            limit = settings_of(self.account_id).concurrent_executions - MIN_UNRESERVED_CONCURRENCY
            if reserved is None and wanted > limit:
                raise InvalidParameterValueException(
                    "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency "
                    f"[{limit}]."
                )
            self._check_version_provisioned_once(name, qualifier, str(function.version))
            config = ProvisionedConcurrency(name, qualifier, requested, _timestamp())
            self._provisioned[name, qualifier] = config
        self._provision(config)
        return config

    def get_provisioned_concurrency_config(self, function_name: str, qualifier: str) -> ProvisionedConcurrency:
        function = self.get_function(function_name, qualifier)
        try:
            return self._provisioned[function.function_name, qualifier]
        except KeyError:
            raise ProvisionedConcurrencyConfigNotFound(f"{function.unqualified_arn}:{qualifier}") from None

    def list_provisioned_concurrency_configs(self, function_name: str) -> list[dict[str, Any]]:
        function = self.get_function(function_name)
        return [
            {"FunctionArn": f"{function.unqualified_arn}:{config.qualifier}", **config.describe()}
            for config in self._provisioned.values()
            if config.function_name == function.function_name
        ]

    def delete_provisioned_concurrency_config(self, function_name: str, qualifier: str) -> None:
        config = self.get_provisioned_concurrency_config(function_name, qualifier)
        del self._provisioned[config.function_name, qualifier]
        self._retire_provisioned(config.function_name, qualifier)

    def put_function_code_signing_config(self, function_name: str, arn: str | None) -> dict[str, Any]:
        function = self.get_function(function_name)
        function.code_signing_config_arn = arn
        return {"CodeSigningConfigArn": arn, "FunctionName": function.function_name}

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
            for (function_name, qualifier), config in self._provisioned.items()
            if function_name == name and qualifier != besides
        )

    def _check_version_provisioned_once(self, name: str, qualifier: str, version: str) -> None:
        for function_name, other in self._provisioned:
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
        """Starts what a configuration asks for, in the background; the configuration is READY once all of it is."""
        self._retire_provisioned(config.function_name, config.qualifier)
        with self._lock:
            config.status, config.status_reason, config.available = "IN_PROGRESS", None, 0
            function = self.get_function(config.function_name, config.qualifier)
        ready_at = time.monotonic() + settings_of(self.account_id).transition_seconds

        def start() -> None:
            status, reason = "READY", None
            try:
                blueprint = self._blueprint(function)
                started = [
                    self.environments.start(blueprint, _log_stream(function), config.qualifier)
                    for _ in range(config.requested)
                ]
                for environment in started:
                    failed = environment.initialize()
                    if failed is not None:
                        self._write_log(function, environment, [*environment.take_log(), failed.note or ""])
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

    # Invocation

    def invoke(
        self,
        function_name: str,
        qualifier: str | None,
        body: bytes,
        headers: Any = None,
        response_headers: dict[str, Any] | None = None,
    ) -> bytes:
        """As moto's other services call it: the payload, with the function error among the response headers."""
        event = body.encode() if isinstance(body, str) else body
        invocation = self.run(function_name, qualifier, event)
        if response_headers is not None and invocation.function_error:
            response_headers["x-amz-function-error"] = invocation.function_error
        return invocation.outcome.payload

    def check_invocable(self, function_name: str, qualifier: str | None) -> LambdaFunction:
        """The version that an invocation would reach."""
        return self._resolved(function_name, qualifier)[0]

    def run(self, function_name: str, qualifier: str | None, event: bytes, request_id: str | None = None) -> Invocation:
        """Runs a function once and returns how that went; raises what Invoke answers if it does not come to that."""
        if len(event) > MAX_PAYLOAD:
            raise RequestTooLarge(len(event), MAX_PAYLOAD)
        try:
            json.loads(event or b"{}")
        except ValueError as error:
            raise InvalidRequestContent(f"Could not parse request body into json: {error}") from None
        function, arn = self._resolved(function_name, qualifier)
        blueprint = self._blueprint(function)
        request_id = request_id or str(uuid.uuid4())
        invoked = self._invoked(function, arn)
        try:
            concurrency = self._enter(function.function_name)
        except TooManyRequests:
            self._metrics.throttle(invoked)
            raise
        try:
            qualifiers = (arn.rsplit(":", 1)[-1], str(function.version))
            environment = self.environments.acquire(blueprint, _log_stream(function), qualifiers)
            try:
                self._count_provisioned(invoked, environment, qualifiers)
                cold = environment.invocations == 0
                outcome = environment.invoke(request_id, arn, event or b"{}", _trace_id())
            finally:
                self._uncount_provisioned(environment)
                self.environments.release(environment)
        finally:
            self._leave(function.function_name)
        self._metrics.invocation(
            invoked,
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
        with self._lock:
            self.invocations[request_id] = invocation
            while len(self.invocations) > KEPT_INVOCATIONS:
                self.invocations.popitem(last=False)
        return invocation

    def run_later(self, function_name: str, qualifier: str | None, event: bytes) -> None:
        """An asynchronous invocation. What is throttled is tried again; unlike Lambda's, what fails is not."""
        self.check_invocable(function_name, qualifier)

        def run() -> None:
            try:
                self.run_patiently(function_name, qualifier, event)
            except JsonRESTError:
                return

        self.environments.in_background(run)

    def run_patiently(self, function_name: str, qualifier: str | None, event: bytes) -> Invocation:
        """An invocation that waits while the function is throttled, as Lambda's queue does for up to six hours."""
        # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
        wait = _SHORTEST_RETRY
        while True:
            try:
                return self.run(function_name, qualifier, event)
            except TooManyRequests:
                if self.environments.ends_within(wait):
                    raise
            wait = min(wait * 2, _LONGEST_RETRY)

    def _resolved(self, function_name: str, qualifier: str | None) -> tuple[LambdaFunction, str]:
        """The version that is meant, and the ARN as it was called: with the alias, not with what that points to."""
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
        for version, weight in _weights(alias).items():
            if chance < weight:
                function = self.get_function(name, version)
                break
            chance -= weight
        return function, f"{arn}:{qualifier}"

    def _invoked(self, function: LambdaFunction, arn: str) -> Invoked:
        name, _, qualifier = arn.rsplit(":function:", 1)[-1].partition(":")
        alias = next((one for one in self.list_aliases(name) if one.name == qualifier), None)
        resource = f"{name}:{qualifier}" if qualifier else name
        return Invoked(name, resource, str(function.version), weighted=bool(_weights(alias)))

    def _count_provisioned(
        self, invoked: Invoked, environment: ExecutionEnvironment, qualifiers: tuple[str, ...]
    ) -> None:
        name, owner = invoked.function_name, environment.provisioned_for
        with self._lock:
            configs = [self._provisioned[name, one] for one in qualifiers if (name, one) in self._provisioned]
            if owner is not None:
                self._provisioned_in_use[name, owner] += 1
            ready = [config for config in configs if config.status == "READY"]
            in_use = sum(self._provisioned_in_use[name, config.qualifier] for config in ready)
        if ready:
            allocated = sum(config.available for config in ready)
            self._metrics.provisioned(invoked, spilled_over=owner is None, in_use=in_use, allocated=allocated)

    def _uncount_provisioned(self, environment: ExecutionEnvironment) -> None:
        if environment.provisioned_for is not None:
            with self._lock:
                self._provisioned_in_use[environment.blueprint.function_name, environment.provisioned_for] -= 1

    def _enter(self, name: str) -> int:
        """Takes one of the executions that may run at once; how many of the function's do so now."""
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

    def _blueprint(self, function: LambdaFunction) -> Blueprint:
        settings = settings_of(self.account_id)
        variables = {
            **function.environment_vars,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_REGION": self.region_name,
            "AWS_DEFAULT_REGION": self.region_name,
            "AWS_ACCESS_KEY_ID": "ASIALOCALAWSFUNCTION",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": "local",
        }
        if function.log_format == "JSON":
            level = function.arguments["LoggingConfig"].get("ApplicationLogLevel", "INFO")
            variables |= {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": level}
        if settings.endpoint_url:
            variables["AWS_ENDPOINT_URL"] = settings.endpoint_url
        layers = tuple(
            layer.code_bytes
            for layer in (self.layers_versions_by_arn(one["Arn"]) for one in function.layers)
            if layer is not None
        )
        return function.blueprint(variables, layers)

    # Logs

    def _write_log(self, function: LambdaFunction, environment: ExecutionEnvironment, lines: list[str]) -> None:
        logs = logs_backends[self.account_id][self.region_name]
        now = int(unix_time_millis())
        with self._lock:
            logs.ensure_log_group(function.log_group)
            logs.ensure_log_stream(function.log_group, environment.log_stream)
            logs.put_log_events(
                function.log_group,
                environment.log_stream,
                [{"timestamp": now, "message": line} for line in lines if line],
            )
        publish_embedded(self.account_id, self.region_name, lines)


def _check_environment(arguments: dict[str, Any]) -> None:
    variables = (arguments.get("Environment") or {}).get("Variables") or {}
    problem = (
        "Lambda was unable to configure your environment variables because the environment variables you have provided"
    )
    reserved = sorted(RESERVED_VARIABLES.intersection(variables))
    if reserved:
        raise InvalidParameterValueException(
            f"{problem} contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    measured = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > MAX_ENVIRONMENT_BYTES:
        raise InvalidParameterValueException(f"{problem} exceeded the 4KB limit. String measured: {measured}")


def _weights(alias: LambdaAlias | None) -> dict[str, float]:
    # moto calls the configuration a string; it is the JSON object of the API.
    routing = cast("dict[str, Any] | None", alias.routing_config) if alias else None
    return (routing or {}).get("AdditionalVersionWeights") or {}


def _name(function_name: str) -> str:
    return function_name.rsplit(":function:", 1)[-1].split(":")[0]


def _log_stream(function: LambdaFunction) -> str:
    day = datetime.now(UTC).strftime("%Y/%m/%d")
    return f"{day}/[{function.version}]{uuid.uuid4().hex}"


def _timestamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def _trace_id() -> str:
    # https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
    return f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Parent={uuid.uuid4().hex[:16]};Sampled=0"
