"""AWS's bad days: operations that fail or take their time, because a test says so.

They come before everything else that serves a request, so that no service knows of them. An error is written as the
service's protocol has it, by moto's own serializers.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from io import BytesIO
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs

from botocore.model import OperationNotFoundError
from moto.core.errors import ErrorLookupFactory
from moto.core.exceptions import ServiceException
from moto.core.model import OperationModel, ServiceModel
from moto.core.request import determine_request_protocol
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.wrappers import Response

#: How codes begin that are no error of the client's, where the service's model does not say so.
_LATER = ("RequestLimitExceeded", "ServiceUnavailable", "SlowDown", "Unavailable")


class ToldError(ServiceException):
    """An error that a test asked for. One of moto's own modules would be taken for a service."""


@dataclass
class Disturbance:
    """An operation, or all of a service, that is disturbed until ``end``; ``LocalAws.disturb`` makes one.

    >>> with aws.disturb("dynamodb", "GetItem", error="ProvisionedThroughputExceededException") as disturbance:
    ...     ...
    >>> disturbance.requests
    3
    """

    service: ServiceModel
    operation: str | None
    error: str | None
    message: str
    status: int
    seconds: float
    times: int | None
    #: How many requests it has met.
    requests: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def end(self) -> None:
        """Ends it; requests that it has held up go on. Can be called again."""
        self._ended.set()

    def __enter__(self) -> Disturbance:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def ended(self) -> bool:
        """Whether it disturbs nothing any more."""
        return self._ended.is_set()

    def takes(self, service: str, operation: str | None) -> bool:
        """Whether it meets a request to an operation, which is counted then."""
        if self.ended or service != self.service.signing_name or self.operation not in (None, operation):
            return False
        with self._lock:
            if self.times is not None and self.requests >= self.times:
                return False
            self.requests += 1
            return True

    def wait(self) -> None:
        """Holds a request up."""
        if self.seconds:
            self._ended.wait(self.seconds)


class Disturbances:
    """All that is disturbed in an account."""

    def __init__(self) -> None:
        self._present: list[Disturbance] = []
        self._lock = threading.Lock()

    def add(
        self,
        service: str,
        operation: str | None,
        *,
        error: str | None,
        message: str | None,
        status: int | None,
        seconds: float,
        times: int | None,
    ) -> Disturbance:
        """Begins to disturb; raises ValueError for an operation that does not exist, and for no disturbance at all."""
        model = get_service_model(service)
        if operation is not None and operation not in model.operation_names:
            raise ValueError(f"{service} has no operation {operation}: write it as AWS does, such as GetItem")
        if error is None and not seconds:
            raise ValueError("Nothing would be disturbed: give an error, or seconds")
        disturbance = Disturbance(
            service=model,
            operation=operation,
            error=error,
            message=message or f"{error}, as localaws was told to answer",
            status=status or _status(model, error or ""),
            seconds=seconds,
            times=times,
        )
        with self._lock:
            self._present = [one for one in self._present if not one.ended] + [disturbance]
        return disturbance

    def end(self) -> None:
        """Ends all."""
        with self._lock:
            present, self._present = self._present, []
        for disturbance in present:
            disturbance.end()

    def meet(self, environ: dict[str, Any]) -> Response | None:
        """Holds a request up, or answers it in place of its service; None where it is to go on.

        Of several disturbances that fit, the newest counts.
        """
        present = self._present
        if not present:
            return None
        service = _service(environ)
        for disturbance in reversed(present):
            if disturbance.ended or disturbance.service.signing_name != service:
                continue
            if disturbance.takes(service, _operation(environ, disturbance.service)):
                disturbance.wait()
                return None if disturbance.error is None else _answer(environ, disturbance)
        return None


def _service(environ: dict[str, Any]) -> str:
    """The service that a request was signed for, such as dynamodb, or monitoring for CloudWatch."""
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
    credential = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
    return credential[1].lower() if credential else ""


def _operation(environ: dict[str, Any], service: ServiceModel) -> str | None:
    """The operation that a request is for, by what its protocol tells."""
    target: str = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return target.rpartition(".")[2]
    path: str = environ.get("PATH_INFO", "")
    # RPC v2 has it at the path's end: https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
    if "/operation/" in path:
        return path.rpartition("/operation/")[2]
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return parse_qs(_body(environ).decode("utf-8", "replace")).get("Action", [None])[0]
    return _rest_operation(environ["REQUEST_METHOD"], path, environ.get("QUERY_STRING", ""), service)


def _rest_operation(method: str, path: str, query: str, service: ServiceModel) -> str | None:
    """The operation whose HTTP method and path those are; the one that asks most of them, if there are several."""
    best, best_weight = None, -1
    asked = set(parse_qs(query, keep_blank_values=True))
    for name in service.operation_names:
        http = service.operation_model(name).http
        template, _, wanted = http["requestUri"].partition("?")
        names = {part.partition("=")[0] for part in wanted.split("&") if part}
        parts = re.split(r"(\{[^}]+\})", template.rstrip("/"))
        pattern = "".join(
            (".+" if part.endswith("+}") else "[^/]+") if part.startswith("{") else re.escape(part) for part in parts
        )
        if http["method"] == method and names <= asked and re.fullmatch(pattern, path.rstrip("/")):
            weight = len(names) * 1000 + sum(len(part) for part in parts if not part.startswith("{"))
            if weight > best_weight:
                best, best_weight = name, weight
    return best


def _body(environ: dict[str, Any]) -> bytes:
    """A request's body, which whoever comes next can read too."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = BytesIO(body)
    return body


def _answer(environ: dict[str, Any], disturbance: Disturbance) -> Response:
    # What is left unread would be taken for the connection's next request.
    _body(environ)
    service = disturbance.service
    protocol = determine_request_protocol(service, environ.get("CONTENT_TYPE", ""))
    try:
        operation = service.operation_model(_operation(environ, service) or "")
    except OperationNotFoundError:
        operation = OperationModel({}, service)
    error = ToldError(disturbance.error, disturbance.message)
    answer = get_serializer_class(service.service_name, protocol)(operation).serialize(error)
    return Response(answer["body"], disturbance.status, answer["headers"])


def _status(service: ServiceModel, error: str) -> int:
    """The HTTP status of an error, by the service's model or, if that does not know it, by its name."""
    shape = ErrorLookupFactory().for_service(service).from_code(error)
    status = shape.metadata.get("error", {}).get("httpStatusCode") if shape is not None else None
    if status is None and error.startswith(_LATER):
        status = 503
    return int(status or (500 if error.startswith("Internal") else 400))
