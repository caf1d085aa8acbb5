"""The clients of an OpenVPN server: each goes the way of a connection attempt at localaws."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass

from localaws.api import ConnectionAttempt, LocalAwsError, connect, disconnect, report_traffic
from localaws.background import BackgroundThreads
from localaws.clientvpn.handler_contract import NO_ANSWER_MESSAGE

from .configuration import HOST
from .directory import Directory, User
from .endpoint import Endpoint, ec2_client
from .management import ByteCount, ClientNotification, Management, Notification

POLL_SECONDS = 0.5
"""Seconds between two looks at the connections that EC2 has terminated."""


@dataclass(frozen=True)
class ClientEvent:
    """Event of a client.

    Attributes
    ----------
    kind
        ``connected``, ``denied`` or ``disconnected``.
    client
        User name, or common name where there are no users.
    detail
        Address of the client, or the message for a denied one.
    """

    kind: str
    client: str
    connection_id: str
    detail: str


@dataclass(eq=False)
class _Session:
    """Session of a client of the OpenVPN process.

    Attributes
    ----------
    connection_id
        None until the attempt is decided, and for a denied one.
    over
        Whether the client is gone, or has begun anew.
    killed
        Whether OpenVPN has the order to disconnect it.
    """

    client_id: int
    name: str
    connection_id: str | None = None
    client_ip: str = ""
    over: bool = False
    killed: bool = False


class Clients:
    """Clients of an OpenVPN server. ``management`` is set before OpenVPN reports any."""

    management: Management

    def __init__(self, endpoint: Endpoint, directory: Directory, on_event: Callable[[ClientEvent], None] | None):
        self._endpoint = endpoint
        self._directory = directory
        self._on_event = on_event
        self._sessions: dict[int, _Session] = {}
        self._background = BackgroundThreads("localaws-openvpn-client")
        self._lock = threading.Lock()

    def close(self) -> None:
        """End all connections. Can be called again."""
        with self._lock:
            sessions = list(self._sessions.values())
            self._sessions.clear()
        for session in sessions:
            self._end(session)
        self._background.join()

    def take(self, notification: Notification) -> None:
        """Take a notification of OpenVPN. Other threads do what takes time."""
        if isinstance(notification, ByteCount):
            self._background.run(lambda: self._report(notification))
        elif notification.kind == "CONNECT":
            session = _Session(notification.client_id, _name(notification.environment))
            with self._lock:
                earlier = self._sessions.get(notification.client_id)
                self._sessions[notification.client_id] = session
            if earlier:
                self._background.run(lambda: self._end(earlier))
            self._background.run(lambda: self._decide(session, notification))
        elif notification.kind == "REAUTH":
            self._background.run(lambda: self._renew(notification))
        elif notification.kind == "DISCONNECT":
            with self._lock:
                ending = self._sessions.pop(notification.client_id, None)
            if ending:
                self._background.run(lambda: self._end(ending, notification.environment))

    def _decide(self, session: _Session, notification: ClientNotification) -> None:
        """Take a client through the connection attempt, and tell OpenVPN the result."""
        key_id = notification.key_id or 0
        try:
            attempt = self._attempt(notification.environment)
        except LocalAwsError as error:
            self.management.deny(session.client_id, key_id, str(error), NO_ANSWER_MESSAGE)
            self._tell(session, "denied", "", NO_ANSWER_MESSAGE)
            return
        if not attempt.allowed:
            self.management.deny(session.client_id, key_id, attempt.failure_reason or "", attempt.message)
            self._tell(session, "denied", attempt.connection_id, attempt.message or attempt.failure_reason or "")
            return
        with self._lock:
            session.connection_id = attempt.connection_id
            session.client_ip = attempt.client_ip or ""
            over = session.over
        if not over:
            address = f"ifconfig-push {session.client_ip} {self._endpoint.client_network.netmask}"
            over = not self.management.authorize(session.client_id, key_id, [address])
        if over:
            # The client did not wait for its answer.
            self._disconnect(session, {})
        else:
            self._tell(session, "connected", attempt.connection_id, session.client_ip)

    def _attempt(self, environment: dict[str, str]) -> ConnectionAttempt:
        username = environment.get("username", "") if self._endpoint.has_users else ""
        user = self._user(environment)
        return connect(
            self._endpoint.url,
            self._endpoint.id,
            username=username,
            groups=list(user.groups) if user else [],
            common_name=environment.get("common_name", "") if self._endpoint.has_certificates else "",
            platform=environment.get("IV_PLAT", ""),
            platform_version=environment.get("IV_PLAT_VER", ""),
            public_ip=environment.get("untrusted_ip") or environment.get("untrusted_ip6") or HOST,
            client_openvpn_version=environment.get("IV_VER", ""),
            aws_client_version=environment.get("UV_AWS_CLIENT_APP_VER", ""),
            authenticated=user is not None or not self._endpoint.has_users,
            port=int(environment.get("untrusted_port") or 0) or None,
        )

    def _user(self, environment: dict[str, str]) -> User | None:
        return self._directory.authenticate(environment.get("username", ""), environment.get("password", ""))

    def _renew(self, notification: ClientNotification) -> None:
        # New keys of an established connection: AWS asks the client connect handler about new connections only.
        client_id, key_id = notification.client_id, notification.key_id or 0
        if self._endpoint.has_users and self._user(notification.environment) is None:
            self.management.deny(client_id, key_id, "authentication-failed", "")
        else:
            self.management.authorize(client_id, key_id)

    def _report(self, count: ByteCount) -> None:
        with self._lock:
            session = self._sessions.get(count.client_id)
        if session and session.connection_id:
            with contextlib.suppress(LocalAwsError):
                report_traffic(
                    self._endpoint.url, session.connection_id, ingress_bytes=count.received, egress_bytes=count.sent
                )

    def _end(self, session: _Session, environment: dict[str, str] | None = None) -> None:
        with self._lock:
            session.over = True
            up = session.connection_id is not None
        if up:
            self._disconnect(session, environment or {})
            self._tell(session, "disconnected", session.connection_id or "", session.client_ip)

    def _disconnect(self, session: _Session, environment: dict[str, str]) -> None:
        # A localaws that has ended has no connections.
        with contextlib.suppress(LocalAwsError):
            disconnect(
                self._endpoint.url,
                session.connection_id or "",
                ingress_bytes=int(environment.get("bytes_received") or 0),
                egress_bytes=int(environment.get("bytes_sent") or 0),
            )

    def disconnect_terminated(self, ended: threading.Event) -> None:
        """Disconnect the clients whose connections EC2's API terminates, until an event."""
        from botocore.exceptions import BotoCoreError, ClientError

        pages = ec2_client(self._endpoint.url, self._endpoint.region).get_paginator("describe_client_vpn_connections")
        while not ended.wait(POLL_SECONDS):
            with self._lock:
                up = {one.connection_id: one for one in self._sessions.values() if one.connection_id and not one.killed}
            if not up:
                continue
            try:
                active = {
                    connection["ConnectionId"]
                    for page in pages.paginate(ClientVpnEndpointId=self._endpoint.id)
                    for connection in page["Connections"]
                    if connection["Status"]["Code"] == "active"
                }
            except (BotoCoreError, ClientError):
                # Connections stay as they are until EC2 answers.
                continue
            for connection_id, session in up.items():
                if connection_id not in active:
                    session.killed = self.management.kill(session.client_id)

    def _tell(self, session: _Session, kind: str, connection_id: str, detail: str) -> None:
        if self._on_event:
            self._on_event(ClientEvent(kind, session.name, connection_id, detail))


def _name(environment: dict[str, str]) -> str:
    return environment.get("username") or environment.get("common_name") or "(nobody)"
