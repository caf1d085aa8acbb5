"""Files of UTF-8 text."""

from __future__ import annotations

import sys
from pathlib import Path

from cvpn.failures import Failure


def read_text(file: Path) -> str:
    """Read a file of UTF-8 text, or standard input for ``-``.

    Raises
    ------
    Failure
        It cannot be read, or is no text.
    """
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Failure(f"{file}: cannot be read: {error.strerror}") from None
    if content.startswith(b"PK"):
        raise Failure(
            f"{file}: is a saved plan, which only Terraform reads; give what `terraform show -json {file}` prints"
        )
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Failure(f"{file}:{line}: is not UTF-8 text") from None
