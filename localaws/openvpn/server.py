"""Serves a Client VPN endpoint of localaws with OpenVPN, on loopback.

Every client that connects goes the way of any connection attempt at localaws, which this module talks to as anybody
does: over HTTP, through EC2's API and localaws's own.
"""

from __future__ import annotations

import collections
import contextlib
import ipaddress
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from localaws.api import (
    ACCESS_KEY_ID,
    SECRET_ACCESS_KEY,
    ConnectionAttempt,
    LocalAwsError,
    connect,
    disconnect,
    report_traffic,
)
from localaws.background import BackgroundThreads
from localaws.certificates import CertificateAuthority
from localaws.clientvpn.handler_contract import NO_ANSWER_MESSAGE

from .directory import Directory, User
from .management import ByteCount, ClientNotification, Management, Notification
from .process import OpenVpnProcess, search_path

HOST = "127.0.0.1"
SERVER_NAME = "vpn.localaws.test"
TUN = Path("/dev/net/tun")
#: Seconds that OpenVPN has to start.
PATIENCE = 20.0
#: Seconds between two looks at which connections EC2 has terminated, and between two counts of bytes.
POLL_SECONDS = 0.5
COUNT_SECONDS = 1
_LOG_LINES = 20
_CERTIFICATE, _USERS = "certificate-authentication", ("directory-service-authentication", "federated-authentication")


class OpenVpnUnavailable(Exception):
    """The endpoint cannot be served here; the message says why, and what to do."""


def unavailable_because() -> str | None:
    """Why no OpenVPN endpoint can be served on this machine; None if one can."""
    if shutil.which("openvpn", path=search_path()) is None:
        return "openvpn is not installed: on Debian, apt-get install openvpn"
    try:
        with TUN.open("r+b", buffering=0):
            pass
    except OSError as error:
        return f"{TUN} cannot be opened ({error.strerror}): OpenVPN needs Linux's tun device, and root"
    if os.geteuid() != 0:
        return "tun devices need root: run it with sudo"
    return None


@dataclass(frozen=True)
class ClientEvent:
    """Something that happened to a client: it was ``connected``, ``denied`` or ``disconnected``."""

    kind: str
    #: User name, or common name where there are no users.
    client: str
    connection_id: str
    #: The address that it got, or the message that it was shown.
    detail: str


@dataclass(eq=False)
class _Session:
    """A client of the OpenVPN process."""

    client_id: int
    name: str
    #: None while it is being decided.
    connection_id: str | None = None
    client_ip: str = ""
    #: Whether the client is gone, or has begun anew.
    over: bool = False
    #: Whether OpenVPN has been told to disconnect it.
    killed: bool = False


class OpenVpnServer:
    """An OpenVPN server in front of an endpoint.

    Authentication is the endpoint's: client certificates from a throw-away authority, users from ``directory``, or
    both. For an endpoint with SAML the directory stands in for the identity provider, which stock OpenVPN clients
    cannot talk to. A client is given its address, and no routes: nothing lies behind the endpoint.

    >>> with OpenVpnServer(aws.endpoint_url, endpoint_id, region="eu-central-1", directory=directory) as vpn:
    ...     Path("client.ovpn").write_text(vpn.profile())

    Needs root; raises OpenVpnUnavailable where it, the tun device or openvpn is missing, where the endpoint needs a
    directory and none is given, and where OpenVPN does not start.
    """

    def __init__(
        self,
        endpoint_url: str,
        endpoint_id: str,
        *,
        region: str = "eu-central-1",
        directory: Directory | None = None,
        port: int = 0,
        on_event: Callable[[ClientEvent], None] | None = None,
    ):
        """``port`` 0 takes a free one; ``on_event`` is called from several threads."""
        self.endpoint_id = endpoint_id
        self.port = port
        #: Set once OpenVPN has ended, for whatever reason.
        self.ended = threading.Event()
        self._endpoint_url = endpoint_url
        self._region = region
        self._directory = directory or Directory({})
        self._on_event = on_event
        self._authority = CertificateAuthority("localaws OpenVPN")
        self._sessions: dict[int, _Session] = {}
        self._background = BackgroundThreads("localaws-openvpn-client")
        self._lock = threading.Lock()
        self._log: collections.deque[str] = collections.deque(maxlen=_LOG_LINES)
        self._cleanup = contextlib.ExitStack()

    # Start and end

    def start(self) -> OpenVpnServer:
        """Starts OpenVPN, and returns itself once clients can connect."""
        problem = unavailable_because()
        if problem:
            raise OpenVpnUnavailable(problem)
        self._endpoint = self._described_endpoint()
        with contextlib.ExitStack() as cleanup:
            folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="localaws-openvpn-")))
            if self.port == 0:
                self.port = _free_port(self._protocol)
            listener = cleanup.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(str(folder / "management"))
            listener.listen(1)
            listener.settimeout(0.2)
            started = threading.Event()

            def read(line: str) -> None:
                self._log.append(line)
                if "Initialization Sequence Completed" in line:
                    started.set()

            arguments = ["--config", str(self._write_configuration(folder))]
            process = OpenVpnProcess("localaws-openvpn-log", arguments, folder, read, self.ended.set)
            cleanup.callback(process.close)
            self._management = Management(self._accept(listener, process), self._notice, self.ended.set)
            cleanup.callback(self._management.close)
            self._management.start()
            self._wait_for(started)
            self._management.count_bytes(COUNT_SECONDS)
            poller = threading.Thread(target=self._poll, name="localaws-openvpn-poll", daemon=True)
            poller.start()
            cleanup.callback(poller.join)
            cleanup.callback(self.ended.set)
            self._cleanup = cleanup.pop_all()
        return self

    def close(self) -> None:
        """Ends OpenVPN, and with it every connection. Can be called again."""
        self._cleanup.close()
        with self._lock:
            sessions = list(self._sessions.values())
            self._sessions.clear()
        for session in sessions:
            self._end(session)
        self._background.join()

    def __enter__(self) -> OpenVpnServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def log(self) -> list[str]:
        """What OpenVPN wrote last, line by line."""
        return list(self._log)

    def why_it_ended(self) -> str:
        """An error's text, with what OpenVPN wrote last."""
        return "\n".join(["openvpn does not run:", *self._log])

    # What clients are given

    @property
    def address(self) -> str:
        """Where clients connect to, such as ``udp 127.0.0.1:1194``."""
        return f"{self._protocol} {HOST}:{self.port}"

    @property
    def has_users(self) -> bool:
        """Whether clients sign in with user name and password."""
        return any(kind in _USERS for kind in self._authentication)

    @property
    def has_certificates(self) -> bool:
        """Whether clients need a certificate."""
        return _CERTIFICATE in self._authentication

    def profile(self, common_name: str = "") -> str:
        """The client profile (.ovpn) that stock openvpn takes as it is.

        With mutual authentication it holds a new certificate for the common name, and its key.
        """
        lines = [
            "client",
            "dev tun",
            f"proto {self._protocol}",
            f"remote {HOST} {self.port}",
            "nobind",
            "remote-cert-tls server",
            f"verify-x509-name {SERVER_NAME} name",
            # Platform and versions are sent to the server only if the client is told to.
            "push-peer-info",
            "data-ciphers AES-256-GCM",
            "connect-retry 1 5",
            "reneg-sec 0",
            # UDP has no end of its own.
            *(["explicit-exit-notify 1"] if self._protocol == "udp" else []),
            *(["auth-user-pass"] if self.has_users else []),
            "<ca>",
            self._authority.pair.certificate_pem.decode().strip(),
            "</ca>",
        ]
        if self.has_certificates:
            if not common_name:
                raise ValueError("The endpoint has mutual authentication: a profile needs a common name")
            pair = self._authority.client(common_name)
            lines += ["<cert>", pair.certificate_pem.decode().strip(), "</cert>"]
            lines += ["<key>", pair.key_pem.decode().strip(), "</key>"]
        return "\n".join([*lines, ""])

    # The endpoint

    @property
    def _authentication(self) -> list[str]:
        return [option["Type"] for option in self._endpoint["AuthenticationOptions"]]

    @property
    def _protocol(self) -> str:
        return str(self._endpoint["TransportProtocol"])

    def _ec2(self) -> Any:
        import boto3

        session = boto3.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=self._region)
        return session.client("ec2", endpoint_url=self._endpoint_url)

    def _described_endpoint(self) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._ec2().describe_client_vpn_endpoints(ClientVpnEndpointIds=[self.endpoint_id])
        except (BotoCoreError, ClientError) as error:
            raise OpenVpnUnavailable(f"localaws does not know {self.endpoint_id}: {error}") from None
        endpoint: dict[str, Any] = answer["ClientVpnEndpoints"][0]
        if not endpoint.get("ClientCidrBlock"):
            raise OpenVpnUnavailable(f"{self.endpoint_id} has no IPv4 client CIDR block: only such are served here")
        kinds = [option["Type"] for option in endpoint["AuthenticationOptions"]]
        if any(kind in _USERS for kind in kinds) and not self._directory.users:
            raise OpenVpnUnavailable(f"{self.endpoint_id} has users: name a directory of them")
        return endpoint

    # The OpenVPN process

    def _write_configuration(self, folder: Path) -> Path:
        server = self._authority.server(SERVER_NAME)
        for name, data in (
            ("ca.pem", self._authority.pair.certificate_pem),
            ("server.pem", server.certificate_pem),
            ("server-key.pem", server.key_pem),
        ):
            (folder / name).write_bytes(data)
        network = ipaddress.IPv4Network(self._endpoint["ClientCidrBlock"])
        lines = [
            "dev tun",
            "topology subnet",
            # The addresses are those that localaws gives out.
            f"server {network.network_address} {network.netmask} nopool",
            f"local {HOST}",
            f"port {self.port}",
            f"proto {'tcp-server' if self._protocol == 'tcp' else self._protocol}",
            "ca ca.pem",
            "cert server.pem",
            "key server-key.pem",
            "dh none",
            "data-ciphers AES-256-GCM",
            "disable-dco",
            "keepalive 2 10",
            "reneg-sec 0",
            # A user may be connected more than once, as with AWS.
            "duplicate-cn",
            "management management unix",
            # OpenVPN ends when its connection to this process does.
            "management-client",
            "management-client-auth",
            f"verify-client-cert {'require' if self.has_certificates else 'none'}",
            *([] if self.has_users else ["auth-user-pass-optional"]),
            "verb 3",
        ]
        configuration = folder / "server.conf"
        configuration.write_text("\n".join([*lines, ""]))
        return configuration

    def _wait_for(self, started: threading.Event) -> None:
        deadline = time.monotonic() + PATIENCE
        while not started.wait(0.05):
            if self.ended.is_set() or time.monotonic() > deadline:
                raise OpenVpnUnavailable(self.why_it_ended())

    def _accept(self, listener: socket.socket, process: OpenVpnProcess) -> socket.socket:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and process.is_running:
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            connection.settimeout(None)
            return connection
        # The log's last lines are in the pipe once the process has ended.
        self.ended.wait(1)
        raise OpenVpnUnavailable(self.why_it_ended())

    # Clients

    def _notice(self, notification: Notification) -> None:
        """Hears of a client; whatever takes time is done by another thread."""
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
                gone = self._sessions.pop(notification.client_id, None)
            if gone:
                self._background.run(lambda: self._end(gone, notification.environment))

    def _decide(self, session: _Session, notification: ClientNotification) -> None:
        """Takes a client through the connection attempt, and tells OpenVPN what came of it."""
        key_id = notification.key_id or 0
        try:
            attempt = self._attempt(notification.environment)
        except LocalAwsError as error:
            self._management.deny(session.client_id, key_id, str(error), NO_ANSWER_MESSAGE)
            self._tell(session, "denied", "", NO_ANSWER_MESSAGE)
            return
        if not attempt.allowed:
            self._management.deny(session.client_id, key_id, attempt.failure_reason or "", attempt.message)
            self._tell(session, "denied", attempt.connection_id, attempt.message or attempt.failure_reason or "")
            return
        network = ipaddress.IPv4Network(self._endpoint["ClientCidrBlock"])
        with self._lock:
            session.connection_id = attempt.connection_id
            session.client_ip = attempt.client_ip or ""
            over = session.over
        if not over:
            address = f"ifconfig-push {session.client_ip} {network.netmask}"
            over = not self._management.authorize(session.client_id, key_id, [address])
        if over:
            # The client did not wait for its answer.
            self._disconnect(session, {})
        else:
            self._tell(session, "connected", attempt.connection_id, session.client_ip)

    def _attempt(self, environment: dict[str, str]) -> ConnectionAttempt:
        username = environment.get("username", "") if self.has_users else ""
        user = self._user(environment)
        return connect(
            self._endpoint_url,
            self.endpoint_id,
            username=username,
            groups=list(user.groups) if user else [],
            common_name=environment.get("common_name", "") if self.has_certificates else "",
            platform=environment.get("IV_PLAT", ""),
            platform_version=environment.get("IV_PLAT_VER", ""),
            public_ip=environment.get("untrusted_ip") or environment.get("untrusted_ip6") or HOST,
            client_openvpn_version=environment.get("IV_VER", ""),
            aws_client_version=environment.get("UV_AWS_CLIENT_APP_VER", ""),
            authenticated=user is not None or not self.has_users,
            port=int(environment.get("untrusted_port") or 0) or None,
        )

    def _user(self, environment: dict[str, str]) -> User | None:
        return self._directory.authenticate(environment.get("username", ""), environment.get("password", ""))

    def _renew(self, notification: ClientNotification) -> None:
        # New keys for a connection that is up: AWS asks the client connect handler about new connections only.
        client_id, key_id = notification.client_id, notification.key_id or 0
        if self.has_users and self._user(notification.environment) is None:
            self._management.deny(client_id, key_id, "authentication-failed", "")
        else:
            self._management.authorize(client_id, key_id)

    def _report(self, count: ByteCount) -> None:
        with self._lock:
            session = self._sessions.get(count.client_id)
        if session and session.connection_id:
            with contextlib.suppress(LocalAwsError):
                report_traffic(
                    self._endpoint_url, session.connection_id, ingress_bytes=count.received, egress_bytes=count.sent
                )

    def _end(self, session: _Session, environment: dict[str, str] | None = None) -> None:
        with self._lock:
            session.over = True
            up = session.connection_id is not None
        if up:
            self._disconnect(session, environment or {})
            self._tell(session, "disconnected", session.connection_id or "", session.client_ip)

    def _disconnect(self, session: _Session, environment: dict[str, str]) -> None:
        # A localaws that has ended has no connections either.
        with contextlib.suppress(LocalAwsError):
            disconnect(
                self._endpoint_url,
                session.connection_id or "",
                ingress_bytes=int(environment.get("bytes_received") or 0),
                egress_bytes=int(environment.get("bytes_sent") or 0),
            )

    def _poll(self) -> None:
        """Disconnects the clients whose connections EC2's API has terminated."""
        from botocore.exceptions import BotoCoreError, ClientError

        pages = self._ec2().get_paginator("describe_client_vpn_connections")
        while not self.ended.wait(POLL_SECONDS):
            with self._lock:
                up = {one.connection_id: one for one in self._sessions.values() if one.connection_id and not one.killed}
            if not up:
                continue
            try:
                active = {
                    connection["ConnectionId"]
                    for page in pages.paginate(ClientVpnEndpointId=self.endpoint_id)
                    for connection in page["Connections"]
                    if connection["Status"]["Code"] == "active"
                }
            except (BotoCoreError, ClientError):
                # Nobody knows: connections stay as they are.
                continue
            for connection_id, session in up.items():
                if connection_id not in active:
                    session.killed = self._management.kill(session.client_id)

    def _tell(self, session: _Session, kind: str, connection_id: str, detail: str) -> None:
        if self._on_event:
            self._on_event(ClientEvent(kind, session.name, connection_id, detail))


def _name(environment: dict[str, str]) -> str:
    return environment.get("username") or environment.get("common_name") or "(nobody)"


def _free_port(protocol: str) -> int:
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
