"""Requests to ask a policy about: from files, standard input, and options of the command line."""

from __future__ import annotations

import gzip
import io
import json
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import IO, Any

from connect_handler.evidence import Evidence
from connect_handler.evidence_conditions import DEVICE, SESSIONS, UNKNOWN

from .failures import Failure
from .log_lines import Entry, Unreadable, entries, entries_of

STDIN = "-"
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Question:
    """One request.

    Attributes
    ----------
    where
        Where it was found: ``requests.jsonl:12``, ``--username``.
    entry
        The request, and what else is known of it.
    """

    where: str
    entry: Entry


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """Open a file, or standard input for ``-``; what is compressed with gzip is unpacked.

    Raises
    ------
    Failure
        It cannot be read.
    """
    try:
        if name == STDIN:
            yield _unpacked(sys.stdin.buffer)  # type: ignore[arg-type]
            return
        with Path(name).open("rb") as file:
            yield _unpacked(file)
    except (OSError, EOFError, zlib.error) as error:  # the latter two of gzip, for what is cut off or damaged
        raise Failure(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _unpacked(file: io.BufferedReader) -> IO[bytes]:
    if file.peek(len(_GZIP))[: len(_GZIP)] == _GZIP:
        return gzip.open(file)  # type: ignore[return-value]
    return file


def questions(names: Sequence[str]) -> Iterator[Question | str]:
    """Read requests from files: JSON, JSON lines, decision logs or connection logs.

    Yields a sentence, with file and line, for each line that is none.

    Raises
    ------
    Failure
        A file cannot be read.
    """
    for name in names:
        with opened(name) as file:
            yield from _questions(name, file)


def _questions(name: str, file: IO[bytes]) -> Iterator[Question | str]:
    for number, line, whole in lines_of(file):
        where = f"{name}:{number}"
        try:
            text = line.decode()
            for entry in entries_of(json.loads(text)) if whole else entries(text):
                yield Question(where, entry)
        except Unreadable as problem:
            yield f"{where}: {problem}"
        except UnicodeDecodeError:
            yield f"{where}: is not UTF-8 text"
        except ValueError as error:
            yield f"{where}: is not JSON: {error}"


def lines_of(file: IO[bytes]) -> Iterator[tuple[int, bytes, bool]]:
    """Return the lines of a file with their numbers; a file that is one JSON value over many lines is one line.

    The third value tells of such a whole file.
    """
    read, whole = beginning(file)
    if whole:
        yield 1, read, True
        return
    for number, line in enumerate(chain(io.BytesIO(read), file), start=1):
        yield number, line, False


def beginning(file: IO[bytes]) -> tuple[bytes, bool]:
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


def with_fields(
    question: Question, fields: dict[str, Any], alias: str | None, at: float | None, evidence: Evidence | None
) -> Question:
    """Return a question with some of it replaced by what the command line says."""
    entry = question.entry
    event = entry.event | fields if isinstance(entry.event, dict) else entry.event
    return replace(
        question,
        entry=replace(
            entry,
            event=event,
            alias=entry.alias if alias is None else alias,
            at=entry.at if at is None else at,
            evidence=evidence_over(entry.evidence, evidence),
        ),
    )


def evidence_over(known: Evidence | None, said: Evidence | None) -> Evidence | None:
    """Return evidence with some of it replaced; what is said is no longer what could not be had."""
    if known is None or said is None:
        return said or known
    merged = Evidence()
    merged.device = known.device if said.device is UNKNOWN else said.device
    merged.sessions = {**known.sessions, **said.sessions}
    answered = {DEVICE} if said.device is not UNKNOWN else set()
    answered |= {SESSIONS} if said.sessions else set()
    merged.failures = {kind: cause for kind, cause in known.failures.items() if kind not in answered} | said.failures
    return merged
