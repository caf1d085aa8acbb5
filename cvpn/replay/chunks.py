"""Reads logs a piece at a time: files, folders and compressed files, or CloudWatch Logs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from cvpn.aws.account import Account, aws_errors
from cvpn.failures import Failure
from cvpn.files.streams import STDIN, open_stream, read_beginning
from cvpn.requests.log_record import wrapped_messages

BYTES = 2_000_000
"""Of one chunk, about: a worker makes a tally of it in a tenth of a second."""

EXPORT_TEST = "aws-logs-write-test"
"""A file that an export of CloudWatch Logs to S3 leaves beside the logs.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html"""

FILTER = '"policy_digest"'
"""Lines that have this word: those of Lambda's own do not."""


@dataclass(frozen=True)
class Chunk:
    """Lines of a log.

    Attributes
    ----------
    name
        Of the log.
    first
        Number of the first line.
    text
        The lines: one value, which goes to another process in less time than the lines would.
    """

    name: str
    first: int
    text: bytes


Progress = Callable[[float], None]
"""Is told how much has been read, from 0 to 1."""


def chunks_of_files(names: Sequence[str], progress: Progress) -> Iterator[Chunk]:
    """Read files, and the files in folders, in the order of their names.

    Raises
    ------
    Failure
        One cannot be read.
    """
    files = [file for name in names for file in _files(name)]
    sizes = {file: Path(file).stat().st_size if file != STDIN and Path(file).is_file() else 0 for file in files}
    total, done = sum(sizes.values()) or 1, 0
    for file in files:
        with open_stream(file) as stream:
            for chunk in _chunks(file, stream):
                yield chunk
                if sizes[file]:
                    progress((done + getattr(stream, "fileobj", stream).tell()) / total)
        done += sizes[file]


def _files(name: str) -> list[str]:
    folder = Path(name)
    if name == STDIN or not folder.is_dir():
        return [name]
    found = sorted(
        str(file) for file in folder.rglob("*") if file.is_file() and file.name[:1] != "." and file.name != EXPORT_TEST
    )
    if not found:
        raise Failure(f"{name}: has no files")
    return found


def _chunks(name: str, stream: IO[bytes]) -> Iterator[Chunk]:
    read, whole = read_beginning(stream)
    if whole:
        yield from _gather(f"{name}: event", _messages(name, read), 1)
        return
    first = 1
    text = read + stream.read(BYTES) + stream.readline()
    while text:
        yield Chunk(name, first, text)
        first += text.count(b"\n")
        text = stream.read(BYTES) + stream.readline()


def _messages(name: str, text: bytes) -> Iterator[str]:
    """Return the messages of a file that is one JSON value, as ``aws logs filter-log-events`` prints it."""
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Failure(f"{name}: is not JSON: {error}") from None
    messages = wrapped_messages(value) if isinstance(value, dict) else None
    members = messages if messages is not None else value if isinstance(value, list) else [value]
    return (member if isinstance(member, str) else json.dumps(member) for member in members)


def _gather(name: str, messages: Iterable[str], first: int) -> Iterator[Chunk]:
    """Make chunks of messages, each of which is one line."""
    lines: list[bytes] = []
    size = 0
    for number, message in enumerate(messages, start=first):
        line = b" ".join(message.encode(errors="replace").splitlines())
        lines.append(line)
        size += len(line)
        if size >= BYTES:
            yield Chunk(name, number + 1 - len(lines), b"\n".join(lines))
            lines, size = [], 0
    if lines:
        yield Chunk(name, number + 1 - len(lines), b"\n".join(lines))


def chunks_of_log_group(
    group: str, account: Account, since: float, until: float, progress: Progress
) -> Iterator[Chunk]:
    """Read a log group of CloudWatch Logs.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html

    Parameters
    ----------
    group
        Its name.
    since, until
        Seconds since 1970-01-01 UTC.

    Raises
    ------
    Failure
        It cannot be read.
    """
    client = account.client("logs")
    number = 1
    with aws_errors(f"read the log group {group}"):
        pages = client.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=int(since * 1000), endTime=int(until * 1000), filterPattern=FILTER
        )
        for page in pages:
            yield from _gather(f"{group}: event", (event["message"] for event in page["events"]), number)
            number += len(page["events"])
            if page["events"]:
                progress((page["events"][-1]["timestamp"] / 1000 - since) / ((until - since) or 1))
