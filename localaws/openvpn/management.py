"""OpenVPN's management interface: what it tells of clients, and what it is told to do with them.

https://github.com/OpenVPN/openvpn/blob/release/2.6/doc/management-notes.txt
"""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

#: Bytes of one parameter of a command that OpenVPN takes (OPTION_PARM_SIZE, less the byte that ends it).
MAX_PARAMETER_BYTES = 255
#: Seconds that OpenVPN has to answer a command.
ANSWER_TIMEOUT = 20.0


@dataclass(frozen=True)
class ClientNotification:
    """What OpenVPN tells of a client: CONNECT, REAUTH, ESTABLISHED or DISCONNECT."""

    kind: str
    client_id: int
    #: Of the key exchange that waits for a decision; None where none does.
    key_id: int | None = None
    #: Environment variables of the client, as OpenVPN's scripts get them.
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ByteCount:
    """What has gone through a client's connection so far, in bytes, as the server counts it."""

    client_id: int
    received: int
    sent: int


Notification = ClientNotification | ByteCount


class NotificationParser:
    """Puts the lines of the management interface together to notifications."""

    def __init__(self) -> None:
        self._kind = ""
        self._ids: list[int] = []
        self._environment: dict[str, str] = {}

    def read(self, line: str) -> Notification | None:
        """The notification that the line completes, if it does."""
        source, _, text = line.removeprefix(">").partition(":")
        if source == "BYTECOUNT_CLI":
            client_id, received, sent = (int(number) for number in text.split(","))
            return ByteCount(client_id, received, sent)
        if source != "CLIENT":
            return None
        kind, _, rest = text.partition(",")
        if kind != "ENV":
            self._kind, self._environment = kind, {}
            self._ids = [int(number) for number in rest.split(",") if number.isdecimal()]
            return None
        if rest != "END":
            name, _, value = rest.partition("=")
            self._environment[name] = value
            return None
        if self._kind not in ("CONNECT", "REAUTH", "ESTABLISHED", "DISCONNECT"):
            return None
        key_id = self._ids[1] if len(self._ids) > 1 else None
        return ClientNotification(self._kind, self._ids[0], key_id, self._environment)


class Management:
    """The management interface of an OpenVPN process that has connected to a socket."""

    def __init__(self, connection: socket.socket, notify: Callable[[Notification], None], ended: Callable[[], None]):
        """``notify`` and ``ended`` are called in a thread that reads no other line meanwhile."""
        self._connection = connection
        self._notify = notify
        self._ended = ended
        self._answers: queue.Queue[str] = queue.Queue()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, name="localaws-openvpn-management", daemon=True)

    def start(self) -> None:
        """Begins to listen: whoever is notified can give commands from now on."""
        self._thread.start()

    def authorize(self, client_id: int, key_id: int, configuration: Sequence[str] = ()) -> bool:
        """Lets a client in, with configuration of its own; False if it is no longer there."""
        return self._command(f"client-auth {client_id} {key_id}", *configuration, "END")

    def deny(self, client_id: int, key_id: int, reason: str, message: str) -> bool:
        """Refuses a client: the reason is for the log, the message for the client; "" is none."""
        client_reason = f" {quoted(message)}" if message else ""
        return self._command(f"client-deny {client_id} {key_id} {quoted(reason)}{client_reason}")

    def kill(self, client_id: int) -> bool:
        """Disconnects a client, and tells it to connect anew."""
        return self._command(f"client-kill {client_id}")

    def count_bytes(self, seconds: int) -> bool:
        """Asks for a ByteCount of each client every so often."""
        return self._command(f"bytecount {seconds}")

    def close(self) -> None:
        """Ends the connection, and OpenVPN with it."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        if self._thread is not threading.current_thread():
            self._thread.join()
        self._connection.close()

    def _command(self, *lines: str) -> bool:
        with self._lock:
            try:
                self._connection.sendall("".join(f"{line}\n" for line in lines).encode())
                return self._answers.get(timeout=ANSWER_TIMEOUT).startswith("SUCCESS")
            except (OSError, queue.Empty):
                return False

    def _read(self) -> None:
        parser = NotificationParser()
        try:
            with self._connection.makefile("r", encoding="utf-8", errors="replace", newline="\n") as lines:
                for line in lines:
                    self._hear(parser, line.rstrip("\r\n"))
        except OSError:
            pass
        # Whoever waits for an answer is not to wait for nothing.
        self._answers.put("ERROR: the connection has ended")
        self._ended()

    def _hear(self, parser: NotificationParser, line: str) -> None:
        if not line.startswith(">"):
            if line.startswith(("SUCCESS:", "ERROR:")):
                self._answers.put(line)
            return
        notification = parser.read(line)
        if notification is not None:
            self._notify(notification)


def quoted(text: str) -> str:
    """A text as one parameter of a command.

    Control characters, which would end it, are spaces. What OpenVPN has no room for is cut off, with an ellipsis.
    """
    printable = "".join(" " if unicodedata.category(one) in ("Cc", "Zl", "Zp", "Cs") else one for one in text)
    if len(printable.encode()) > MAX_PARAMETER_BYTES:
        ellipsis = "…"
        room = MAX_PARAMETER_BYTES - len(ellipsis.encode())
        printable = printable.encode()[:room].decode(errors="ignore") + ellipsis
    escaped = printable.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
