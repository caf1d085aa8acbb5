"""Errors of Lambda's API that moto lacks.

https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html
"""

from __future__ import annotations

import json

from moto.awslambda.exceptions import LambdaClientError


class ResourceConflict(LambdaClientError):
    code = 409

    def __init__(self, message: str):
        super().__init__("ResourceConflictException", message)


class ProvisionedConcurrencyConfigNotFound(LambdaClientError):
    code = 404

    def __init__(self, function: str) -> None:
        super().__init__(
            "ProvisionedConcurrencyConfigNotFoundException",
            f"No Provisioned Concurrency Config found for this function: {function}",
        )


class TooManyRequests(LambdaClientError):
    code = 429

    def __init__(self, reason: str):
        super().__init__("TooManyRequestsException", "Rate Exceeded.")
        self.description = json.dumps({"Reason": reason, "Type": "User", "message": "Rate Exceeded."})


class InvalidRequestContent(LambdaClientError):
    def __init__(self, message: str):
        super().__init__("InvalidRequestContentException", message)


class RequestTooLarge(LambdaClientError):
    code = 413

    def __init__(self, size: int, limit: int):
        super().__init__(
            "RequestTooLargeException",
            f"Request must be smaller than {limit} bytes for the InvokeFunction operation: {size}",
        )


class ShuttingDown(LambdaClientError):
    code = 503

    def __init__(self) -> None:
        super().__init__("ServiceUnavailableException", "No function can be started: localaws is shutting down")


class InvalidRuntime(LambdaClientError):
    code = 502

    def __init__(self, message: str):
        super().__init__("InvalidRuntimeException", message)


class InvalidZipFile(LambdaClientError):
    code = 502

    def __init__(self, message: str):
        super().__init__("InvalidZipFileException", message)
