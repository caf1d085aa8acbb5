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
    """Return a time as Client VPN writes it: ``YYYY-MM-DD HH:MM:SS`` in UTC."""
    return datetime.fromtimestamp(moment, UTC).strftime(f"%Y-%m-%d{separator}%H:%M:%S")


@dataclass(frozen=True)
class Peer:
    """Client, as the connection log describes it.

    Attributes
    ----------
    device_type
        Its platform, such as ``mac``.
    """

    common_name: str
    username: str
    device_type: str
    device_ip: str
    port: int


@dataclass(frozen=True)
class Traffic:
    """Traffic of a connection since its begin. Ingress came from the client."""

    ingress_bytes: int = 0
    egress_bytes: int = 0
    ingress_packets: int = 0
    egress_packets: int = 0

    def since(self, earlier: Traffic) -> Traffic:
        """Return the traffic since an earlier reading: zero where a counter began anew."""
        return Traffic(
            max(0, self.ingress_bytes - earlier.ingress_bytes),
            max(0, self.egress_bytes - earlier.egress_bytes),
            max(0, self.ingress_packets - earlier.ingress_packets),
            max(0, self.egress_packets - earlier.egress_packets),
        )


class Connection:
    """Connection of a client, until some time after its end.

    Attributes
    ----------
    number
        Position in the order in which the connections of the endpoint began.
    """

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
        self.number = 0
        self._terminated_at = 0.0

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.ended_at is None

    @property
    def status_code(self) -> str:
        """Code of its status, as the API has it."""
        if self.active:
            return ACTIVE
        return TERMINATED if time.monotonic() >= self._terminated_at else TERMINATING

    def end(self, terminating_seconds: float = 0.0) -> None:
        """End an active connection. It is ``terminating`` for as many seconds, then ``terminated``."""
        self.ended_at = time.time()
        self._terminated_at = time.monotonic() + terminating_seconds

    def status(self) -> dict[str, Any]:
        """Return its status, as the API has it."""
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
    """Connections of an endpoint: active ones, and those that ended of late.

    AWS allows 126,000 active ones, so no method searches through all.
    """

    def __init__(self) -> None:
        self._by_id: dict[str, Connection] = {}
        self._by_username: dict[str, dict[str, Connection]] = {}
        # Some of these may be dropped already.
        self._by_begin: list[Connection] = []
        self._by_end: deque[Connection] = deque()
        self._last_number = 0

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._by_id.values()))

    def __contains__(self, connection_id: str) -> bool:
        return connection_id in self._by_id

    def __getitem__(self, connection_id: str) -> Connection:
        return self._by_id[connection_id]

    def add(self, connection: Connection) -> None:
        """Add a connection that begins."""
        self._last_number += 1
        connection.number = self._last_number
        self._by_id[connection.id] = connection
        self._by_username.setdefault(connection.peer.username, {})[connection.id] = connection
        self._by_begin.append(connection)

    def note_end(self, connection: Connection) -> None:
        """Note that a connection has ended."""
        self._by_end.append(connection)

    def of_user(self, username: str) -> list[Connection]:
        """Return the connections of a user, in the order in which they began."""
        return list(self._by_username.get(username, {}).values())

    def drop_ended_before(self, moment: float) -> None:
        """Drop the connections that ended before a moment, in seconds since 1970-01-01 UTC."""
        while self._by_end and (self._by_end[0].ended_at or 0) < moment:
            connection = self._by_end.popleft()
            del self._by_id[connection.id]
            of_user = self._by_username[connection.peer.username]
            del of_user[connection.id]
            if not of_user:
                del self._by_username[connection.peer.username]
        if len(self._by_begin) > 2 * len(self._by_id):
            self._by_begin = list(self._by_id.values())

    def page(self, filters: Mapping[str, list[str]], after: int, limit: int) -> tuple[list[Connection], bool]:
        """Return at most ``limit`` connections that began after that number, and whether there are more.

        A page begins where the page before ended, also if connections of that page are dropped by now.
        """
        matches = list(islice(self._select(filters, after), limit + 1))
        return matches[:limit], len(matches) > limit

    def _select(self, filters: Mapping[str, list[str]], after: int) -> Iterator[Connection]:
        ids, usernames = filters.get("connection-id"), filters.get("username")
        if ids is not None:
            candidates = [self._by_id[one] for one in dict.fromkeys(ids) if one in self._by_id]
        elif usernames is not None:
            candidates = [connection for name in dict.fromkeys(usernames) for connection in self.of_user(name)]
        else:
            first = bisect.bisect_right(self._by_begin, after, key=lambda connection: connection.number)
            in_order = self._by_begin
            numbers = range(first, len(in_order))
            yield from (in_order[number] for number in numbers if in_order[number].id in self._by_id)
            return
        for connection in sorted(candidates, key=lambda one: one.number):
            if connection.number > after and (usernames is None or connection.peer.username in usernames):
                yield connection
