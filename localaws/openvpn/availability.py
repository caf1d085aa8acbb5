"""Whether OpenVPN can run on this machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .process import search_path

TUN = Path("/dev/net/tun")


class OpenVpnUnavailable(Exception):
    """OpenVPN cannot serve the endpoint here. The message says why, and what to do."""


def unavailable_because() -> str | None:
    """Return why OpenVPN cannot serve an endpoint on this machine; None if it can."""
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
