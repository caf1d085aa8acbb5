"""Clients of Client VPN endpoints, over HTTP: AWS has no API for a client that connects and goes."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from .errors import LocalAwsError


@dataclass(frozen=True)
class ConnectionAttempt:
    """Result of a client's attempt to connect to a Client VPN endpoint.

    Attributes
    ----------
    message
        Message for the client; empty if the attempt was allowed.
    failure_reason
        The connection log's connection-attempt-failure-reason; None if the attempt was allowed.
    client_ip
        Address of the client; None if the attempt was denied.
    authorized_networks
        CIDR blocks that the endpoint's authorization rules let the client reach.
    log_event
        Connection log event. Every plain value is a string, "NA" where there is none.
    request
        Event for the client connect handler; None if no handler was called.
    response
        Answer of the handler, valid or not; None if there was none.
    error
        Why there was no valid answer. A client never sees it.
    function_log
        Lines that the function wrote during the invocation, without Lambda's own.
    interpreter
        Python that ran the function, such as "Python 3.13.0 (/usr/bin/python3.13)"; empty if it did not run.
    cold_start
        Whether the invocation waited for a new execution environment.
    duration_ms
        Milliseconds from the attempt to its outcome.
    """

    endpoint_id: str
    connection_id: str
    allowed: bool
    message: str
    failure_reason: str | None
    posture_compliance_statuses: list[str]
    client_ip: str | None
    authorized_networks: list[str]
    log_event: dict[str, Any]
    request: dict[str, Any] | None
    response: Any
    error: str | None
    function_log: list[str]
    interpreter: str
    cold_start: bool
    duration_ms: float

    @classmethod
    def parse(cls, answer: dict[str, Any]) -> ConnectionAttempt:
        """Read the server's description of an attempt."""
        invocation = answer["Invocation"] or {}
        return cls(
            endpoint_id=answer["EndpointId"],
            connection_id=answer["ConnectionId"],
            allowed=answer["Allowed"],
            message=answer["Message"],
            failure_reason=answer["FailureReason"],
            posture_compliance_statuses=answer["PostureComplianceStatuses"],
            client_ip=answer["ClientIp"],
            authorized_networks=answer["AuthorizedNetworks"],
            log_event=answer["LogEvent"],
            request=answer["Request"],
            response=answer["Response"],
            error=answer["Error"],
            function_log=invocation.get("Log", []),
            interpreter=invocation.get("Interpreter", ""),
            cold_start=invocation.get("ColdStart", False),
            duration_ms=answer["DurationMs"],
        )


def connect(
    endpoint_url: str,
    endpoint_id: str,
    *,
    username: str = "",
    groups: list[str] | None = None,
    common_name: str = "",
    platform: str = "",
    platform_version: str = "",
    public_ip: str = "192.0.2.1",
    client_openvpn_version: str = "",
    aws_client_version: str = "",
    schema_version: str = "v3",
    authenticated: bool = True,
    port: int | None = None,
) -> ConnectionAttempt:
    """Connect a client to an endpoint, as the Client VPN service would.

    The attributes are those of the handler's request. The request lacks those that the endpoint's authentication does
    not provide: no user name with mutual authentication alone, no common name without it. ``authenticated``: whether
    certificate and password were right. ``port``: source port. Raises LocalAwsError for an unknown endpoint and
    impossible attributes.
    """
    body: dict[str, Any] = {
        "EndpointId": endpoint_id,
        "SchemaVersion": schema_version,
        "Attributes": {
            "username": username,
            "groups": groups or [],
            "common_name": common_name,
            "platform": platform,
            "platform_version": platform_version,
            "public_ip": public_ip,
            "client_openvpn_version": client_openvpn_version,
            "aws_client_version": aws_client_version,
        },
    }
    if not authenticated:
        body["Authenticated"] = False
    if port is not None:
        body["Port"] = port
    return ConnectionAttempt.parse(_post(endpoint_url, "", body))


def add_connections(endpoint_url: str, endpoint_id: str, clients: Iterable[Mapping[str, Any]]) -> list[str]:
    """Add connections to an endpoint at once, up to AWS's 126,000. Returns their IDs, in the same order.

    Each client has attributes as for ``connect``, such as ``username`` and ``common_name``. The handler is not invoked,
    and the connection log gets no event. Raises LocalAwsError for an unknown endpoint, impossible attributes, and more
    clients than the endpoint has addresses for.
    """
    body = {"EndpointId": endpoint_id, "Clients": [dict(client) for client in clients]}
    return list(_post(endpoint_url, "/batch", body)["ConnectionIds"])


def report_traffic(endpoint_url: str, connection_id: str, *, ingress_bytes: int = 0, egress_bytes: int = 0) -> None:
    """Report the traffic of a connection so far. Ingress came from the client.

    Raises LocalAwsError for an unknown connection.
    """
    _post(endpoint_url, f"/{connection_id}/traffic", {"IngressBytes": ingress_bytes, "EgressBytes": egress_bytes})


def disconnect(endpoint_url: str, connection_id: str, *, ingress_bytes: int = 0, egress_bytes: int = 0) -> None:
    """End a connection as its client does, and report its traffic.

    Raises LocalAwsError for an unknown connection. A connection that has ended stays as it is.
    """
    _post(endpoint_url, f"/{connection_id}/end", {"IngressBytes": ingress_bytes, "EgressBytes": egress_bytes})


@cache
def _opener() -> urllib.request.OpenerDirector:
    """Return the opener of URLs. Making one reads the system's certificates, which takes longer than a connection."""
    # The environment's proxy is not for a server on this machine.
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _post(endpoint_url: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    url = f"{endpoint_url.rstrip('/')}/localaws-api/client-vpn/connections{path}"
    request = urllib.request.Request(  # noqa: S310 - the address is the caller's own
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with _opener().open(request) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        try:
            problem = json.load(error)["Error"]
        except (ValueError, KeyError, TypeError):
            raise LocalAwsError("ServiceUnavailable", f"{url} answered {error.code}: is that localaws?") from None
        raise LocalAwsError(problem["Code"], problem["Message"]) from None
    except OSError as error:
        raise LocalAwsError("ServiceUnavailable", f"no localaws answers at {endpoint_url}: {error}") from None
