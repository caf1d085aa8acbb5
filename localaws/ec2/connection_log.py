"""The connection log: an event for each connection attempt, and one for the end of each connection.

https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-logging.html
"""

from __future__ import annotations

import json
import time
from typing import Any

from moto.core.utils import unix_time_millis
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import logs_backends

from .resources.connection import Connection, Peer, Traffic, utc_text
from .resources.endpoint import ClientVpnEndpoint

NOT_AVAILABLE = "NA"

# Values of connection-attempt-failure-reason.
AUTHENTICATION_FAILED = "authentication-failed"
DENIED = "client-connect-failed"
TIMED_OUT = "client-connect-handler-timed-out"
OTHER_EXECUTION_ERROR = "client-connect-handler-other-execution-error"
THROTTLED = "client-connect-handler-throttled"
INVALID_RESPONSE = "client-connect-handler-invalid-response"
SERVICE_ERROR = "client-connect-handler-service-error"
NO_CLIENT_IP = "no-client-ip-available"
"""Reason of localaws: AWS documents none for a client CIDR block without a free address."""


def attempt_event(
    endpoint: ClientVpnEndpoint,
    connection_id: str,
    peer: Peer,
    started_at: float,
    *,
    connection: Connection | None,
    failure_reason: str | None,
    posture_compliance_statuses: list[str] | None,
) -> dict[str, Any]:
    """Return the event of a connection attempt. ``connection``: None if it failed."""
    return _event(
        endpoint,
        connection_id,
        peer,
        started_at,
        {
            "connection-log-type": "connection-attempt",
            "connection-attempt-status": "successful" if connection else "failed",
            "connection-attempt-failure-reason": failure_reason or NOT_AVAILABLE,
            "client-ip": connection.client_ip if connection else NOT_AVAILABLE,
        },
        posture_compliance_statuses,
    )


def reset_event(endpoint: ClientVpnEndpoint, connection: Connection) -> dict[str, Any]:
    """Return the event of a connection's end, whoever ended it."""
    ended_at = connection.ended_at or time.time()
    return _event(
        endpoint,
        connection.id,
        connection.peer,
        connection.started_at,
        {
            "connection-log-type": "connection-reset",
            "client-ip": connection.client_ip,
            "connection-end-time": utc_text(ended_at),
            # Difference of the two times as they are written, so that a reader who subtracts them agrees.
            "connection-duration-seconds": str(int(ended_at) - int(connection.started_at)),
        },
        connection.posture_compliance_statuses,
        connection.traffic,
    )


def write(endpoint: ClientVpnEndpoint, event: dict[str, Any]) -> None:
    """Append an event to the endpoint's log stream, if it has a connection log."""
    options = endpoint.settings["ConnectionLogOptions"]
    if not options["Enabled"]:
        return
    backend = endpoint.ec2_backend
    entry = {"timestamp": int(unix_time_millis()), "message": json.dumps(event)}
    with backend.client_vpn_lock:
        try:
            logs_backends[backend.account_id][backend.region_name].put_log_events(
                options["CloudwatchLogGroup"], options["CloudwatchLogStream"], [entry]
            )
        except ResourceNotFoundException:
            # The group was deleted under the endpoint: AWS loses the events too, and connections go on.
            return


def _event(
    endpoint: ClientVpnEndpoint,
    connection_id: str,
    peer: Peer,
    started_at: float,
    particular: dict[str, str],
    posture_compliance_statuses: list[str] | None,
    traffic: Traffic | None = None,
) -> dict[str, Any]:
    """Return all fields in AWS's order: plain values as strings, and NA where there is none."""
    traffic = traffic or Traffic()

    def value(name: str) -> str:
        return particular.get(name, NOT_AVAILABLE)

    event: dict[str, Any] = {
        "connection-log-type": value("connection-log-type"),
        "connection-attempt-status": value("connection-attempt-status"),
        "connection-reset-status": NOT_AVAILABLE,
        "connection-attempt-failure-reason": value("connection-attempt-failure-reason"),
        "connection-id": connection_id,
        "client-vpn-endpoint-id": endpoint.id,
        "transport-protocol": endpoint.settings["TransportProtocol"],
        "connection-start-time": utc_text(started_at),
        "connection-last-update-time": utc_text(time.time()),
        "client-ip": value("client-ip"),
        "common-name": peer.common_name or NOT_AVAILABLE,
        "device-type": peer.device_type or NOT_AVAILABLE,
        "device-ip": peer.device_ip,
        "port": str(peer.port),
        "ingress-bytes": str(traffic.ingress_bytes),
        "egress-bytes": str(traffic.egress_bytes),
        "ingress-packets": str(traffic.ingress_packets),
        "egress-packets": str(traffic.egress_packets),
        "connection-end-time": value("connection-end-time"),
        "posture-compliance-statuses": NOT_AVAILABLE
        if posture_compliance_statuses is None
        else posture_compliance_statuses,
    }
    if endpoint.has_users:
        event["username"] = peer.username or NOT_AVAILABLE
    event["connection-duration-seconds"] = value("connection-duration-seconds")
    return event
