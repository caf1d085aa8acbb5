"""An OpenVPN server on loopback in front of a Client VPN endpoint of localaws.

Every client goes the way of any connection attempt at localaws, over HTTP, through EC2's API and localaws's own.
"""

from __future__ import annotations

import collections
import contextlib
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from localaws.certificates import CertificateAuthority

from .availability import OpenVpnUnavailable, unavailable_because
from .clients import ClientEvent, Clients
from .configuration import HOST, SERVER_NAME, client_profile, server_configuration
from .directory import Directory
from .endpoint import Endpoint
from .management import Management
from .process import OpenVpnProcess

PATIENCE = 20.0
"""Seconds that OpenVPN has to start."""

COUNT_SECONDS = 1
"""Seconds between two counts of bytes."""

_LOG_LINES = 20


class OpenVpnServer:
    """OpenVPN server in front of an endpoint.

    Authentication is the endpoint's: client certificates of an authority of its own, users of ``directory``, or both.
    For an endpoint with SAML, the directory stands in for the identity provider, which stock OpenVPN clients cannot
    use. A client gets an address, and no routes: nothing lies behind the endpoint.

    >>> with OpenVpnServer(aws.endpoint_url, endpoint_id, region="eu-central-1", directory=directory) as vpn:
    ...     Path("client.ovpn").write_text(vpn.profile())

    Raises OpenVpnUnavailable without root, the tun device or openvpn, for an endpoint with users and no directory, and
    if OpenVPN does not start.

    Attributes
    ----------
    ended
        Set once OpenVPN has ended, for whatever reason.
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
        """``port`` 0 takes a free one. Several threads call ``on_event``."""
        self.endpoint_id = endpoint_id
        self.port = port
        self.ended = threading.Event()
        self._endpoint_url = endpoint_url
        self._region = region
        self._directory = directory or Directory({})
        self._on_event = on_event
        self._authority = CertificateAuthority("localaws OpenVPN")
        self._clients: Clients | None = None
        self._log: collections.deque[str] = collections.deque(maxlen=_LOG_LINES)
        self._cleanup = contextlib.ExitStack()

    def start(self) -> OpenVpnServer:
        """Start OpenVPN, and return the server once clients can connect."""
        problem = unavailable_because()
        if problem:
            raise OpenVpnUnavailable(problem)
        self._endpoint = Endpoint.describe(self._endpoint_url, self.endpoint_id, self._region, self._directory)
        clients = self._clients = Clients(self._endpoint, self._directory, self._on_event)
        with contextlib.ExitStack() as cleanup:
            folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="localaws-openvpn-")))
            if self.port == 0:
                self.port = _free_port(self._endpoint.protocol)
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
            management = Management(self._accept(listener, process), clients.take, self.ended.set)
            clients.management = management
            cleanup.callback(management.close)
            management.start()
            self._wait_for(started)
            management.count_bytes(COUNT_SECONDS)
            poller = threading.Thread(
                target=clients.disconnect_terminated,
                args=(self.ended,),
                name="localaws-openvpn-poll",
                daemon=True,
            )
            poller.start()
            cleanup.callback(poller.join)
            cleanup.callback(self.ended.set)
            self._cleanup = cleanup.pop_all()
        return self

    def close(self) -> None:
        """End OpenVPN, and with it every connection. Can be called again."""
        self._cleanup.close()
        if self._clients is not None:
            self._clients.close()

    def __enter__(self) -> OpenVpnServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def log(self) -> list[str]:
        """Last lines that OpenVPN wrote."""
        return list(self._log)

    def why_it_ended(self) -> str:
        """Return the text of an error, with the last lines that OpenVPN wrote."""
        return "\n".join(["openvpn does not run:", *self._log])

    @property
    def address(self) -> str:
        """Address for clients, such as ``udp 127.0.0.1:1194``."""
        return f"{self._endpoint.protocol} {HOST}:{self.port}"

    @property
    def has_users(self) -> bool:
        """Whether clients sign in with user name and password."""
        return self._endpoint.has_users

    @property
    def has_certificates(self) -> bool:
        """Whether clients need a certificate."""
        return self._endpoint.has_certificates

    def profile(self, common_name: str = "") -> str:
        """Return the client profile (.ovpn) for stock openvpn.

        With mutual authentication it holds a new certificate for the common name, and its key.
        """
        return client_profile(self._endpoint, self.port, self._authority, common_name)

    def _write_configuration(self, folder: Path) -> Path:
        server = self._authority.server(SERVER_NAME)
        for name, data in (
            ("ca.pem", self._authority.pair.certificate_pem),
            ("server.pem", server.certificate_pem),
            ("server-key.pem", server.key_pem),
        ):
            (folder / name).write_bytes(data)
        configuration = folder / "server.conf"
        configuration.write_text(server_configuration(self._endpoint, self.port))
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
        # The pipe holds the log's last lines once the process has ended.
        self.ended.wait(1)
        raise OpenVpnUnavailable(self.why_it_ended())


def _free_port(protocol: str) -> int:
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
