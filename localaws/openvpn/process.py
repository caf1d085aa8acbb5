"""An openvpn that runs, be it as a server or as a client."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

#: Seconds that OpenVPN has to end of its own accord.
PATIENCE = 20.0


class OpenVpnProcess:
    """Starts openvpn with these arguments in a folder, and reads what it writes."""

    def __init__(
        self, name: str, arguments: list[str], folder: Path, read: Callable[[str], None], ended: Callable[[], None]
    ):
        """``read`` is called for each line, and then ``ended``, in a thread of their own that has the name."""
        self._read = read
        self._ended = ended
        self._process = subprocess.Popen(
            ["openvpn", *arguments],
            cwd=folder,
            env={**os.environ, "PATH": search_path()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read_lines, name=name, daemon=True)
        self._reader.start()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def close(self) -> None:
        """Ends it as Ctrl-C does; its last line has been read then. Can be called again."""
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()

    def _read_lines(self) -> None:
        with self._process.stdout as lines:  # type: ignore[union-attr]
            for line in lines:
                self._read(line.rstrip("\n"))
        self._ended()


def search_path() -> str:
    """Where openvpn is looked for: Debian's lies where only root's shell looks."""
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/sbin"])
