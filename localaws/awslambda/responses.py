"""Lambda's API where it differs from moto's.

https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
"""

from __future__ import annotations

import base64
import json
from typing import Any, cast
from urllib.parse import unquote

from moto.awslambda.responses import LambdaResponse as MotoLambdaResponse
from moto.awslambda.utils import get_backend

from .models import LambdaBackend

REQUEST_ID = "x-amzn-RequestId"

Response = tuple[int, dict[str, Any], str | bytes]


class LambdaResponse(MotoLambdaResponse):
    """moto's actions, Invoke that runs the function, and provisioned concurrency."""

    # An event need not be text, and is not to be read as a query string.
    use_raw_body = True

    @property
    def json_body(self) -> dict[str, Any]:
        return json.loads(self.raw_body) if self.raw_body else {}

    @property
    def backend(self) -> LambdaBackend:
        return cast(LambdaBackend, get_backend(self.current_account, self.region))

    def invoke(self) -> Response:
        name, qualifier = self._function_name(), self._qualifier()
        kind = self.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "DryRun":
            self.backend.check_invocable(name, qualifier)
            return 204, {"status": 204}, b""
        if kind == "Event":
            self.backend.run_later(name, qualifier, self.raw_body)
            return 202, {"status": 202}, b""
        invocation = self.backend.run(name, qualifier, self.raw_body)
        headers: dict[str, Any] = {
            "content-type": "application/json",
            REQUEST_ID: invocation.request_id,
            "X-Amz-Executed-Version": invocation.executed_version,
        }
        if invocation.function_error:
            headers["X-Amz-Function-Error"] = invocation.function_error
        if self.headers.get("X-Amz-Log-Type") == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(invocation.log_tail).decode()
        return 200, headers, invocation.outcome.payload

    def put_provisioned_concurrency_config(self) -> Response:
        requested = int(self.json_body["ProvisionedConcurrentExecutions"])
        config = self.backend.put_provisioned_concurrency_config(
            self._function_name(), self._qualifier() or "$LATEST", requested
        )
        return 202, {"status": 202}, json.dumps(config.describe())

    def get_provisioned_concurrency_config(self) -> Response:
        config = self.backend.get_provisioned_concurrency_config(self._function_name(), self._qualifier() or "$LATEST")
        return 200, {}, json.dumps(config.describe())

    def list_provisioned_concurrency_configs(self) -> Response:
        configs = self.backend.list_provisioned_concurrency_configs(self._function_name())
        return 200, {}, json.dumps({"ProvisionedConcurrencyConfigs": configs})

    def delete_provisioned_concurrency_config(self) -> Response:
        self.backend.delete_provisioned_concurrency_config(self._function_name(), self._qualifier() or "$LATEST")
        return 204, {"status": 204}, ""

    def put_function_code_signing_config(self) -> Response:
        answer = self.backend.put_function_code_signing_config(
            self._function_name(), self.json_body["CodeSigningConfigArn"]
        )
        return 200, {}, json.dumps(answer)

    def delete_function_code_signing_config(self) -> Response:
        self.backend.put_function_code_signing_config(self._function_name(), None)
        return 204, {"status": 204}, ""

    def get_account_settings(self) -> Response:
        return 200, {}, json.dumps(self.backend.get_account_settings())

    @staticmethod
    def _enrich_response(headers: dict[str, Any], body: Any) -> tuple[dict[str, Any], Any]:
        # moto numbers every answer; that of an invocation already has the number that the function was given.
        own = headers.pop(REQUEST_ID, None)
        headers, body = MotoLambdaResponse._enrich_response(headers, body)
        return {**headers, "x-amzn-requestid": own} if own else headers, body

    @staticmethod
    def _set_configuration_qualifier(
        configuration: dict[str, Any], function_name: str, qualifier: str | None
    ) -> dict[str, Any]:
        configuration = MotoLambdaResponse._set_configuration_qualifier(configuration, function_name, qualifier)  # type: ignore[arg-type]
        *_, in_name = [None, *function_name.rsplit(":function:", 1)[-1].split(":")[1:]]
        qualifier = in_name or qualifier
        if qualifier and qualifier != "$LATEST":
            # Asked for by alias, a version answers under the alias's ARN.
            unqualified = ":".join(configuration["FunctionArn"].split(":")[:7])
            configuration["FunctionArn"] = f"{unqualified}:{qualifier}"
        return configuration

    def _function_name(self) -> str:
        return unquote(self.path.rstrip("/").rsplit("/", 2)[-2])

    def _qualifier(self) -> str | None:
        qualifier: str | None = self.normalized_request.args.get("Qualifier")
        return qualifier
