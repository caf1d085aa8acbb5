"""Connections of the runtime client, and the output of its process."""

from __future__ import annotations

import socket
from collections.abc import Iterator


class RuntimeConnection:
    """Keep-alive HTTP/1.1 connection from the runtime client, whose bodies have a Content-Length."""

    def __init__(self, client: socket.socket):
        self.socket = client
        self.ended = False
        self._data = bytearray()

    def requests(self) -> Iterator[tuple[str, str, bytes]]:
        """Yield method, path and body of each complete request."""
        try:
            data = self.socket.recv(1 << 20)
        except OSError:
            data = b""
        if not data:
            self.ended = True
            return
        self._data += data
        while (head_length := self._data.find(b"\r\n\r\n")) >= 0:
            request_line, *lines = self._data[:head_length].decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            if headers.get("expect", "").lower() == "100-continue":
                self._send(b"HTTP/1.1 100 Continue\r\n\r\n")
            end = head_length + 4 + int(headers.get("content-length", "0"))
            if len(self._data) < end:
                return
            body = bytes(self._data[head_length + 4 : end])
            del self._data[:end]
            method, path, _ = request_line.split(" ", 2)
            yield method, path, body

    def answer(self, status: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Send a response. Does nothing if the process has gone."""
        lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self._send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def _send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError:
            # The process has gone, as the environment will notice.
            self.ended = True


class LineBuffer:
    """Lines that a process wrote, until their reader takes them."""

    def __init__(self) -> None:
        self._data = bytearray()

    def add(self, data: bytes) -> None:
        """Add output of the process."""
        self._data += data

    def take(self) -> list[str]:
        """Return the lines, and clear the buffer."""
        lines = self._data.decode("utf-8", "replace").splitlines()
        self._data.clear()
        return [line for line in lines if line]
