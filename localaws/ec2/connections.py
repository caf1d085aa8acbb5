"""Connections of clients to Client VPN endpoints, and the traffic in them.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ClientVpnConnection.html
"""

from __future__ import annotations

import bisect
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
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
        #: Its place in the order in which connections began.
        self.number = 0
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


class Connections:
    """An endpoint's connections: active ones, and those that have ended of late.

    AWS lets 126,000 be active, so none is looked for among all.
    """

    def __init__(self) -> None:
        self._by_id: dict[str, Connection] = {}
        self._by_username: dict[str, dict[str, Connection]] = {}
        #: As they began, and among them some that have been forgotten.
        self._begun: list[Connection] = []
        #: As they ended.
        self._ended: deque[Connection] = deque()
        self._last_number = 0

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._by_id.values()))

    def __contains__(self, connection_id: str) -> bool:
        return connection_id in self._by_id

    def __getitem__(self, connection_id: str) -> Connection:
        return self._by_id[connection_id]

    def add(self, connection: Connection) -> None:
        """Takes up a connection that begins."""
        self._last_number += 1
        connection.number = self._last_number
        self._by_id[connection.id] = connection
        self._by_username.setdefault(connection.peer.username, {})[connection.id] = connection
        self._begun.append(connection)

    def ended(self, connection: Connection) -> None:
        """Takes note that a connection has ended."""
        self._ended.append(connection)

    def of_user(self, username: str) -> list[Connection]:
        """The connections of a user, in the order in which they began."""
        return list(self._by_username.get(username, {}).values())

    def forget_ended_before(self, moment: float) -> None:
        """Drops the connections that ended before a moment, in seconds since 1970-01-01 UTC."""
        while self._ended and (self._ended[0].ended_at or 0) < moment:
            connection = self._ended.popleft()
            del self._by_id[connection.id]
            of_user = self._by_username[connection.peer.username]
            del of_user[connection.id]
            if not of_user:
                del self._by_username[connection.peer.username]
        if len(self._begun) > 2 * len(self._by_id):
            self._begun = list(self._by_id.values())

    def page(self, filters: Mapping[str, list[str]], after: int, limit: int) -> tuple[list[Connection], bool]:
        """As many connections as ``limit`` that began after the one of a number, and whether there are more.

        A page begins where the one before ended, also if connections of that have been forgotten in between.
        """
        chosen = list(islice(self._chosen(filters, after), limit + 1))
        return chosen[:limit], len(chosen) > limit

    def _chosen(self, filters: Mapping[str, list[str]], after: int) -> Iterator[Connection]:
        ids, usernames = filters.get("connection-id"), filters.get("username")
        if ids is not None:
            candidates = [self._by_id[one] for one in dict.fromkeys(ids) if one in self._by_id]
        elif usernames is not None:
            candidates = [connection for name in dict.fromkeys(usernames) for connection in self.of_user(name)]
        else:
            first = bisect.bisect_right(self._begun, after, key=lambda connection: connection.number)
            begun = self._begun
            numbers = range(first, len(begun))
            yield from (begun[number] for number in numbers if begun[number].id in self._by_id)
            return
        for connection in sorted(candidates, key=lambda one: one.number):
            if connection.number > after and (usernames is None or connection.peer.username in usernames):
                yield connection
