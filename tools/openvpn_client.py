"""Stock OpenVPN as a client, as its users start it: a profile, perhaps a user name and password, nothing else."""

from __future__ import annotations

import re
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from localaws.openvpn.process import OpenVpnProcess

PATIENCE = 30.0
"""Seconds that a client has to connect or to be refused."""

_REFUSED = re.compile(r"AUTH_FAILED(?:,(?P<message>.*))?$")
_CONNECTED = "Initialization Sequence Completed"
_ADDRESS = re.compile(r"net_addr_v4_add: (?P<address>[\d.]+)/\d+")


class OpenVpnClientFailed(Exception):
    """The client did something else than what was waited for; the message is what it wrote."""


class OpenVpnClient:
    """A running openvpn.

    Parameters
    ----------
    profile
        The client profile (.ovpn), which is not touched.
    username, password
        Given to openvpn in a file, which it asks for with ``auth-user-pass``.
    environment
        Variables that the client sends to the server of its own accord (``setenv UV_...``).
    """

    def __init__(
        self, profile: Path, *, username: str = "", password: str = "", environment: Mapping[str, str] | None = None
    ) -> None:
        self.log: list[str] = []
        self._changed = threading.Condition()
        self._over = False
        self._folder = tempfile.TemporaryDirectory(prefix="openvpn-client-")
        arguments = ["--config", str(profile.absolute()), "--verb", "3"]
        if username:
            credentials = Path(self._folder.name) / "credentials"
            credentials.touch(mode=0o600)
            credentials.write_text(f"{username}\n{password}\n", encoding="utf-8")
            arguments += ["--auth-user-pass", str(credentials)]
        for name, value in (environment or {}).items():
            arguments += ["--setenv", name, value]
        self._process = OpenVpnProcess("openvpn-client", arguments, Path(self._folder.name), self._read, self._end)

    def __enter__(self) -> OpenVpnClient:
        """Nothing to be done: it runs already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.close()

    def close(self) -> None:
        """End it as Ctrl-C does; can be called again."""
        self._process.close()
        self._folder.cleanup()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.is_running

    @property
    def connections(self) -> int:
        """How many times it has connected."""
        with self._changed:
            return sum(_CONNECTED in line for line in self.log)

    def wait_connected(self, times: int = 1) -> str:
        """Wait until it has connected so many times; returns the address that it has.

        Raises
        ------
        OpenVpnClientFailed
            It was refused, or ended, or did not connect in time.
        """
        self._wait(lambda: sum(_CONNECTED in line for line in self.log) >= times, "connect")
        with self._changed:
            return [match["address"] for line in self.log if (match := _ADDRESS.search(line))][-1]

    def wait_refused(self) -> str:
        """Wait until it is refused, which ends it; returns the message that it shows, "" if there is none.

        Raises
        ------
        OpenVpnClientFailed
            It ended for another reason, or was not refused in time.
        """
        self._wait(lambda: any(_REFUSED.search(line) for line in self.log), "be refused")
        with self._changed:
            (refusal,) = [match for line in self.log if (match := _REFUSED.search(line))]
        return refusal["message"] or ""

    def wait_for(self, text: str) -> str:
        """Wait for a line that contains the text; returns it.

        Raises
        ------
        OpenVpnClientFailed
            It ended first, or did not write one in time.
        """
        self._wait(lambda: any(text in line for line in self.log), f"write {text!r}")
        with self._changed:
            return next(line for line in self.log if text in line)

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while not condition():
                if self._over or not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    written = "\n".join(self.log)
                    raise OpenVpnClientFailed(f"openvpn did not {what}. It wrote:\n{written}")

    def _read(self, line: str) -> None:
        with self._changed:
            self.log.append(line)
            self._changed.notify_all()

    def _end(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()
