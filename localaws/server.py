"""The HTTP server: moto's, for one account, with the Client VPN service beside it."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import ThreadedWSGIServer

from localaws.clientvpn.models import ClientVpnService
from localaws.clientvpn.responses import PREFIX, ClientVpnServiceResponse
from localaws.disturbances import Disturbances
from localaws.settings import Settings

#: Clients that may connect at the same moment.
BACKLOG = 1024


class Application:
    """The WSGI application: every request belongs to the settings' account, whoever signed it."""

    def __init__(self, settings: Settings, disturbances: Disturbances):
        self._settings = settings
        self._disturbances = disturbances
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._client_vpn = ClientVpnServiceResponse(ClientVpnService(settings))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:  # noqa: D102 - WSGI
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = self._settings.account_id
        if environ.get("PATH_INFO", "").startswith(PREFIX):
            return self._client_vpn(environ, start_response)
        disturbed = self._disturbances.meet(environ)
        if disturbed is not None:
            return disturbed(environ, start_response)
        return self._moto(environ, start_response)


class _QuietRequestHandler(MotoRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are not logged: the caller sees their outcome."""


class Server(ThreadedWSGIServer):
    """A threaded server that ends completely: with its threads, and with connections that clients keep open."""

    daemon_threads = True

    def __init__(self, host: str, port: int, application: Application):
        self._open: set[socket.socket] = set()
        self._workers: set[threading.Thread] = set()
        self._state = threading.Lock()
        # Bound here, because werkzeug ends the whole process when the port is taken.
        with socket.create_server((host, port), backlog=BACKLOG) as listener:
            super().__init__(host, port, application, _QuietRequestHandler, fd=listener.fileno())
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="localaws", daemon=True)

    @property
    def url(self) -> str:
        """Where the server answers."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def start(self) -> None:
        """Serve, in a thread."""
        self._thread.start()

    def close(self) -> None:
        """Stops taking requests, ends the open connections and waits for the threads that served them."""
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._state:
            connections, workers = list(self._open), list(self._workers)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for worker in workers:
            worker.join()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection; known to ``close`` while it lasts."""
        with self._state:
            self._open.add(request)
            self._workers.add(threading.current_thread())
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._state:
                self._open.discard(request)
                self._workers.discard(threading.current_thread())

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away before its answer is no news."""
