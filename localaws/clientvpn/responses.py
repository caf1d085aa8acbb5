"""The HTTP face of the Client VPN service, for what AWS has no API for: a client that connects.

``POST /localaws-api/client-vpn/connections`` with ``{"EndpointId": ..., "SchemaVersion": "v3", "Attributes": {...}}``
answers with the attempt, or with ``{"Error": {"Code": ..., "Message": ...}}`` and status 400.
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.exceptions import ServiceException
from werkzeug.wrappers import Request, Response

from .exceptions import InvalidConnectionAttempt
from .models import Attributes, ClientVpnService

PREFIX = "/localaws-api"
CONNECTIONS_PATH = f"{PREFIX}/client-vpn/connections"


class ClientVpnServiceResponse:
    """A WSGI application around a ClientVpnService."""

    def __init__(self, service: ClientVpnService):
        self._service = service

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        if (request.method, request.path) != ("POST", CONNECTIONS_PATH):
            response = _error(404, "InvalidAction", f"There is no {request.method} {request.path}")
        else:
            response = self._connect(request)
        return response(environ, start_response)

    def _connect(self, request: Request) -> Response:
        try:
            arguments = json.loads(request.get_data())
            if not isinstance(arguments, dict) or not isinstance(arguments.get("EndpointId"), str):
                raise InvalidConnectionAttempt("The request has to be a JSON object with an EndpointId")
            attempt = self._service.connect(
                arguments["EndpointId"],
                Attributes.parse(arguments.get("Attributes") or {}),
                arguments.get("SchemaVersion") or "v3",
            )
        except ValueError:
            return _error(400, "InvalidParameterValue", "The request is not JSON")
        except (InvalidConnectionAttempt, ServiceException) as error:
            return _error(400, error.code, error.message)
        return Response(json.dumps(attempt.describe()), mimetype="application/json")


def _error(status: int, code: str, message: str) -> Response:
    body = json.dumps({"Error": {"Code": code, "Message": message}})
    return Response(body, status, mimetype="application/json")
