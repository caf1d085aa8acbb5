"""Execution environments of a function: what they are made of, and their log."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from moto.core.utils import unix_time_millis
from moto.logs.models import logs_backends

from localaws.awslambda.environments import Blueprint, ExecutionEnvironment
from localaws.cloudwatch.embedded_metrics import publish_embedded
from localaws.settings import settings_of

from .function import FunctionBackend, LambdaFunction


class ExecutionEnvironmentBackend(FunctionBackend):
    """Blueprints and logs of execution environments."""

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


def log_stream_name(function: LambdaFunction) -> str:
    """Return the log stream of a new execution environment."""
    day = datetime.now(UTC).strftime("%Y/%m/%d")
    return f"{day}/[{function.version}]{uuid.uuid4().hex}"
