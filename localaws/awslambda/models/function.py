"""Functions and their versions."""

from __future__ import annotations

import copy
import re
import threading
import uuid
from collections import Counter
from collections.abc import Iterable
from typing import Any, cast

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaAlias
from moto.awslambda.models import LambdaBackend as MotoLambdaBackend
from moto.awslambda.models import LambdaFunction as MotoLambdaFunction
from moto.awslambda.models import LambdaStorage as MotoLambdaStorage
from moto.awslambda.utils import get_backend
from moto.core.utils import iso_8601_datetime_with_nanoseconds

from localaws.awslambda.environments import Blueprint, ExecutionEnvironments
from localaws.awslambda.exceptions import InvalidRuntime, ResourceConflict
from localaws.awslambda.interpreters import interpreter_for

from .environment_variables import check_environment_variables

LATEST = "$LATEST"
_STORED_ARGUMENTS = ("DeadLetterConfig", "FileSystemConfigs", "LoggingConfig", "SnapStart")
"""Arguments that a function stores as they come. moto stores, and changes, most others."""


class LambdaFunction(MotoLambdaFunction):
    """Version of a function, $LATEST included."""

    def __init__(self, account_id: str, spec: dict[str, Any], region: str, version: str | int = LATEST):
        check_environment_variables(spec)
        super().__init__(account_id, spec, region, version)
        self.arguments = {name: spec[name] for name in _STORED_ARGUMENTS if name in spec}
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
        check_environment_variables(config_updates)
        before = self.version_content()
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
        stored = {name: config_updates[name] for name in _STORED_ARGUMENTS if name in config_updates}
        self.arguments = {**self.arguments, **stored}
        self._note_change(before)
        return self.get_configuration()

    def update_function_code(self, updated_spec: dict[str, Any]) -> dict[str, Any]:
        before = self.version_content()
        # A new dictionary, so that published versions keep theirs.
        self.code = dict(self.code)
        super().update_function_code(updated_spec)
        if "Architectures" in updated_spec:
            self.architectures = updated_spec["Architectures"]
        self._note_change(before)
        return self.get_configuration()

    def invoke(self, body: str, request_headers: Any, response_headers: Any) -> bytes:
        """Run the function for another service of moto, such as a log group's subscription filter."""
        backend = get_backend(self.account_id, self.region)
        return backend.invoke(self.function_arn, None, body, request_headers, response_headers)  # type: ignore[return-value]

    def version_content(self) -> dict[str, Any]:
        """Return the content by which one version differs from another."""
        volatile = ("FunctionArn", "LastModified", "LastUpdateStatus", "RevisionId", "State", "Version")
        part = {name: value for name, value in self.get_configuration().items() if name not in volatile}
        # Whether it is optimized follows from whether it is published.
        return {**part, "SnapStart": part["SnapStart"]["ApplyOn"]}

    def _note_change(self, before: dict[str, Any]) -> None:
        if self.version_content() != before:
            self.last_modified = iso_8601_datetime_with_nanoseconds()
            self.revision_id = str(uuid.uuid4())

    def blueprint(self, variables: dict[str, str], layers: tuple[bytes, ...]) -> Blueprint:
        """Return the blueprint of its execution environments."""
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
    """moto's storage. A version number is never used again."""

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
        return {**published.version_content(), **without} == {**latest.version_content(), **without}

    def del_function(self, name_or_arn: str, qualifier: str | None = None) -> None:
        function = self.get_function_by_name_or_arn_with_qualifier(name_or_arn, qualifier)
        name = function.function_name
        if function.version == LATEST:
            self._last_version.pop(name, None)
        else:
            users = [
                one.name
                for one in self.list_aliases(name)
                if str(function.version) in {one.function_version, *version_weights(one)}
            ]
            if users:
                raise ResourceConflict(
                    "Version cannot be deleted because it is referenced by an alias: " + ", ".join(users)
                )
        super().del_function(name_or_arn, qualifier)


class FunctionBackend(MotoLambdaBackend):
    """Actions on functions and their versions."""

    _lambdas: LambdaStorage

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self._lambdas = LambdaStorage(region_name=region_name, account_id=account_id)
        self.environments = ExecutionEnvironments()
        self._lock = threading.RLock()

    def reset(self) -> None:
        self.environments.close()
        super().reset()

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
        self.environments.retire(
            lambda environment: (
                environment.blueprint.function_name == name and version in (LATEST, environment.blueprint.version)
            )
        )

    def list_functions(self, func_version: str | None = None) -> Iterable[Any]:
        return list(super().list_functions(func_version))

    def put_function_code_signing_config(self, function_name: str, arn: str | None) -> dict[str, Any]:
        function = self.get_function(function_name)
        function.code_signing_config_arn = arn
        return {"CodeSigningConfigArn": arn, "FunctionName": function.function_name}

    def _retire_old_revisions(self, function: LambdaFunction) -> None:
        name, revision = function.function_name, function.revision_id
        self.environments.retire(
            lambda environment: (
                environment.blueprint.function_name == name
                and environment.blueprint.version == LATEST
                and environment.blueprint.revision != revision
            )
        )


def version_weights(alias: LambdaAlias | None) -> dict[str, float]:
    """Return the share of invocations of each additional version of an alias; empty for no alias."""
    # moto calls the configuration a string; it is the JSON object of the API.
    routing = cast("dict[str, Any] | None", alias.routing_config) if alias else None
    return (routing or {}).get("AdditionalVersionWeights") or {}
