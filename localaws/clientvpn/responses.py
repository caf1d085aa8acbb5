"""The HTTP face of the Client VPN service, for what AWS has no API for: a client that connects and goes.

- ``POST /localaws-api/client-vpn/connections`` with ``{"EndpointId": ..., "SchemaVersion": "v3", "Attributes": {...},
  "Authenticated": true, "Port": 50096}`` answers with the attempt; all but the endpoint can be left out.
- ``POST /localaws-api/client-vpn/connections/{connection id}/traffic`` with ``{"IngressBytes": 0, "EgressBytes": 0,
  "IngressPackets": 0, "EgressPackets": 0}`` says what has gone through a connection so far.
- ``POST /localaws-api/client-vpn/connections/{connection id}/end`` with the same says that the client has gone.
- ``POST /localaws-api/client-vpn/connections/batch`` with ``{"EndpointId": ..., "Clients": [{...}]}`` puts many
  connections there, each with attributes as above, and answers ``{"ConnectionIds": [...]}``.

An error is ``{"Error": {"Code": ..., "Message": ...}}`` with status 400.
"""

from __future__ import annotations

import json
import re
from typing import Any

from moto.core.exceptions import ServiceException
from werkzeug.wrappers import Request, Response

from localaws.ec2.resources.connection import Traffic

from .exceptions import InvalidConnectionAttempt
from .models import Attributes, ClientVpnService

PREFIX = "/localaws-api"
CONNECTIONS_PATH = f"{PREFIX}/client-vpn/connections"
BATCH_PATH = f"{CONNECTIONS_PATH}/batch"
_CONNECTION_PATH = re.compile(rf"{CONNECTIONS_PATH}/(?P<id>[^/]+)/(?P<action>traffic|end)")
_ATTEMPT = {"EndpointId": str, "SchemaVersion": str, "Attributes": dict, "Authenticated": bool, "Port": int}
_BATCH: dict[str, type] = {"EndpointId": str, "Clients": list}
_TRAFFIC = {
    "IngressBytes": "ingress_bytes",
    "EgressBytes": "egress_bytes",
    "IngressPackets": "ingress_packets",
    "EgressPackets": "egress_packets",
}


class ClientVpnServiceResponse:
    """A WSGI application around a ClientVpnService."""

    def __init__(self, service: ClientVpnService):
        self._service = service

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self._dispatch(Request(environ))(environ, start_response)

    def _dispatch(self, request: Request) -> Response:
        connection = _CONNECTION_PATH.fullmatch(request.path)
        try:
            if request.method == "POST" and request.path == CONNECTIONS_PATH:
                return self._connect(_arguments(request, _ATTEMPT))
            if request.method == "POST" and request.path == BATCH_PATH:
                return self._add(_arguments(request, _BATCH))
            if request.method == "POST" and connection:
                return self._update(connection["id"], connection["action"], request)
        except (InvalidConnectionAttempt, ServiceException) as error:
            return _error(400, error.code, error.message)
        return _error(404, "InvalidAction", f"There is no {request.method} {request.path}")

    def _connect(self, arguments: dict[str, Any]) -> Response:
        if "EndpointId" not in arguments:
            raise InvalidConnectionAttempt("EndpointId is missing", "MissingParameter")
        port = arguments.get("Port")
        if port is not None and not 0 < port < 65536:
            raise InvalidConnectionAttempt(f"Port is {port}, which is not between 1 and 65535")
        attempt = self._service.connect(
            arguments["EndpointId"],
            Attributes.parse(arguments.get("Attributes", {})),
            arguments.get("SchemaVersion", "v3"),
            authenticated=arguments.get("Authenticated", True),
            port=port,
        )
        return _answer(attempt.describe())

    def _add(self, arguments: dict[str, Any]) -> Response:
        if "EndpointId" not in arguments:
            raise InvalidConnectionAttempt("EndpointId is missing", "MissingParameter")
        clients = [Attributes.parse(client) for client in arguments.get("Clients", [])]
        return _answer({"ConnectionIds": self._service.add(arguments["EndpointId"], clients)})

    def _update(self, connection_id: str, action: str, request: Request) -> Response:
        counters = _arguments(request, dict.fromkeys(_TRAFFIC, int))
        for name, value in counters.items():
            if value < 0:
                raise InvalidConnectionAttempt(f"{name} is {value}, which is less than nothing")
        traffic = Traffic(**{_TRAFFIC[name]: value for name, value in counters.items()})
        if action == "end":
            self._service.disconnect(connection_id, traffic)
        else:
            self._service.update(connection_id, traffic)
        return _answer({})


def _arguments(request: Request, kinds: dict[str, type]) -> dict[str, Any]:
    """The request's JSON object, with no other keys than these and values of these types."""
    try:
        arguments = json.loads(request.get_data() or b"{}")
    except ValueError:
        raise InvalidConnectionAttempt("The request is not JSON") from None
    if not isinstance(arguments, dict):
        raise InvalidConnectionAttempt("The request has to be a JSON object")
    for name, value in arguments.items():
        if name not in kinds:
            raise InvalidConnectionAttempt(f"Unknown key {name}: a request has {', '.join(kinds)}")
        # To Python, true is a number too.
        if not isinstance(value, kinds[name]) or (isinstance(value, bool) and kinds[name] is not bool):
            raise InvalidConnectionAttempt(f"{name} is {value!r}, which is not a {kinds[name].__name__}")
    return arguments


def _answer(body: dict[str, Any]) -> Response:
    return Response(json.dumps(body), mimetype="application/json")


def _error(status: int, code: str, message: str) -> Response:
    body = json.dumps({"Error": {"Code": code, "Message": message}})
    return Response(body, status, mimetype="application/json")
