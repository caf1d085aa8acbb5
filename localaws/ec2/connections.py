"""Connections of clients to Client VPN endpoints, and the traffic in them.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ClientVpnConnection.html
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

ACTIVE, TERMINATING, TERMINATED = "active", "terminating", "terminated"


def utc_text(moment: float, separator: str = " ") -> str:
    """A moment as Client VPN writes it: ``YYYY-MM-DD HH:MM:SS`` in UTC."""
    return datetime.fromtimestamp(moment, UTC).strftime(f"%Y-%m-%d{separator}%H:%M:%S")


@dataclass(frozen=True)
class Peer:
    """Who connects, and from where: what the connection log tells of a client."""

    common_name: str
    username: str
    #: The platform, such as ``mac``.
    device_type: str
    device_ip: str
    port: int


@dataclass(frozen=True)
class Traffic:
    """What has gone through a connection since it began; ingress is what came from the client."""

    ingress_bytes: int = 0
    egress_bytes: int = 0
    ingress_packets: int = 0
    egress_packets: int = 0

    def since(self, earlier: Traffic) -> Traffic:
        """What has been added to an earlier reading; nothing, where the counters have begun anew."""
        return Traffic(
            max(0, self.ingress_bytes - earlier.ingress_bytes),
            max(0, self.egress_bytes - earlier.egress_bytes),
            max(0, self.ingress_packets - earlier.ingress_packets),
            max(0, self.egress_packets - earlier.egress_packets),
        )


class Connection:
    """A client's connection that was authorized, until some time after it ended."""

    FILTERS = ("connection-id", "username")

    def __init__(
        self, connection_id: str, peer: Peer, client_ip: str, posture_compliance_statuses: list[str], started_at: float
    ):
        self.id = connection_id
        self.peer = peer
        self.client_ip = client_ip
        self.posture_compliance_statuses = posture_compliance_statuses
        self.started_at = started_at
        self.established_at = time.time()
        self.ended_at: float | None = None
        self.traffic = Traffic()
        self._terminated_at = 0.0

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.ended_at is None

    @property
    def status_code(self) -> str:
        """The code of its status, as the API has it."""
        if self.active:
            return ACTIVE
        return TERMINATED if time.monotonic() >= self._terminated_at else TERMINATING

    def end(self, terminating_seconds: float = 0.0) -> None:
        """Ends an active connection; it is ``terminating`` for as many seconds, and ``terminated`` from then on."""
        self.ended_at = time.time()
        self._terminated_at = time.monotonic() + terminating_seconds

    def status(self) -> dict[str, Any]:
        """Its status, as the API has it."""
        return {"Code": self.status_code}

    def filter_values(self) -> dict[str, str | None]:
        """What each documented filter of DescribeClientVpnConnections compares with."""
        return {"connection-id": self.id, "username": self.peer.username}

    def describe(self, endpoint_id: str) -> dict[str, Any]:
        """Return the answer's item."""
        return {
            "ClientVpnEndpointId": endpoint_id,
            "Timestamp": utc_text(time.time()),
            "ConnectionId": self.id,
            "Username": self.peer.username or "N/A",
            "ConnectionEstablishedTime": utc_text(self.established_at),
            "IngressBytes": str(self.traffic.ingress_bytes),
            "EgressBytes": str(self.traffic.egress_bytes),
            "IngressPackets": str(self.traffic.ingress_packets),
            "EgressPackets": str(self.traffic.egress_packets),
            "ClientIp": self.client_ip,
            "CommonName": self.peer.common_name or self.peer.username,
            "Status": self.status(),
            "ConnectionEndTime": "-" if self.ended_at is None else utc_text(self.ended_at),
            "PostureComplianceStatuses": self.posture_compliance_statuses,
        }
