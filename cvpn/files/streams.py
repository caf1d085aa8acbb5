"""Streams of bytes: files or standard input, compressed or not."""

from __future__ import annotations

import gzip
import io
import json
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO

from cvpn.failures import Failure

STDIN = "-"
_GZIP = b"\x1f\x8b"


@contextmanager
def open_stream(name: str) -> Iterator[IO[bytes]]:
    """Open a file, or standard input for ``-``; what is compressed with gzip is unpacked.

    Raises
    ------
    Failure
        It cannot be read.
    """
    try:
        if name == STDIN:
            yield _unpack(sys.stdin.buffer)  # type: ignore[arg-type]
            return
        with Path(name).open("rb") as file:
            yield _unpack(file)
    except (OSError, EOFError, zlib.error) as error:  # the latter two of gzip, for what is cut off or damaged
        raise Failure(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _unpack(file: io.BufferedReader) -> IO[bytes]:
    if file.peek(len(_GZIP))[: len(_GZIP)] == _GZIP:
        return gzip.open(file)  # type: ignore[return-value]
    return file


def lines_of(file: IO[bytes]) -> Iterator[tuple[int, bytes, bool]]:
    """Return the lines of a file with their numbers; a file that is one JSON value over many lines is one line.

    The third value tells of such a whole file.
    """
    read, whole = read_beginning(file)
    if whole:
        yield 1, read, True
        return
    for number, line in enumerate(chain(io.BytesIO(read), file), start=1):
        yield number, line, False


def read_beginning(file: IO[bytes]) -> tuple[bytes, bool]:
    """Read as much of a file as tells whether it is one JSON value over many lines, which is read to its end.

    It is if its first line begins such a value and does not end it, unless the line after it is a value of its own:
    then the first one is broken, and the file one of lines all the same.
    """
    read = []
    unfinished = False
    for line in file:
        read.append(line)
        text = line.strip()
        if not text:
            continue
        if unfinished:
            whole = not _is_json(text)
        elif text[:1] in (b"{", b"[") and not _is_json(text):
            unfinished = True
            if text not in (b"{", b"["):
                continue
            whole = True
        else:
            whole = False
        return b"".join([*read, file.read() if whole else b""]), whole
    return b"".join(read), False


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
