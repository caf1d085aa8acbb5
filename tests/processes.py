"""The processes of this machine."""

from __future__ import annotations

import os
from pathlib import Path


def processes_in(folder: Path) -> list[str]:
    """The processes that work in a folder or were told of it; none where there is no /proc."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            place = os.fsencode((process / "cwd").readlink())
        except OSError:
            continue
        if os.fsencode(folder) in told + place:
            found.append(process.name)
    return found
