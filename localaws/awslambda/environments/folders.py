"""Folders of the execution environments: one for each process of localaws."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from pathlib import Path

FOLDER_PREFIX = "localaws-"


def make_read_only(folder: Path) -> None:
    """Take the permission to write from a folder and all in it."""
    for path in [*folder.rglob("*"), folder]:
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222 | 0o444)


def remove_folder(folder: Path) -> None:
    """Remove the folder of a process, with the read-only code in it."""
    for code in folder.glob("code/*"):
        for path in [code, *code.rglob("*")]:
            if path.is_dir():
                path.chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned_folders() -> None:
    """Remove the folders of processes that were killed, and so could not clean up."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*-*"):
        owner = folder.name.removeprefix(FOLDER_PREFIX).split("-")[0]
        with contextlib.suppress(OSError):
            if owner.isdecimal() and not _is_running(int(owner)):
                remove_folder(folder)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
