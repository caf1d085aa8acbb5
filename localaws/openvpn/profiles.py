"""Client profiles (.ovpn) in files."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from .server import OpenVpnServer

#: What a profile is called after where none is named, or clients have no certificates.
DEFAULT_NAME = "client"


class ProfileNotWritten(Exception):
    """A profile could not be written; the message says which, and what to do."""


@contextlib.contextmanager
def written_profiles(server: OpenVpnServer, folder: Path, common_names: Sequence[str] = ()) -> Iterator[list[Path]]:
    """Writes a profile for each common name, or one where clients have no certificates; removes them afterwards.

    Each is called after its common name, and only its owner can read it. No file is overwritten. Raises
    ProfileNotWritten.
    """
    if common_names and not server.has_certificates:
        raise ProfileNotWritten(
            f"{', '.join(common_names)}: the clients of {server.endpoint_id} have no certificates; leave the names out"
        )
    with contextlib.ExitStack() as cleanup:
        files = []
        for name in dict.fromkeys(common_names or [DEFAULT_NAME]):
            file = folder / f"{name}.ovpn"
            if file.parent != folder or name.startswith("."):
                raise ProfileNotWritten(f"{name!r} cannot be the name of a file: write a common name without slashes")
            _write(file, server.profile(name))
            cleanup.callback(file.unlink, missing_ok=True)
            files.append(file)
        yield files


def _write(file: Path, profile: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ProfileNotWritten(f"{file} exists already: remove it, or name another folder for the profiles") from None
    except OSError as error:
        raise ProfileNotWritten(f"{file} cannot be written: {error.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(profile)
