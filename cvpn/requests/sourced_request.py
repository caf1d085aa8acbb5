"""Requests to ask a policy about: from files, standard input, and options of the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any

from connect_handler.facts.device import UNKNOWN
from connect_handler.facts.evidence import DEVICE, SESSIONS, Evidence
from cvpn.files.streams import lines_of, open_stream

from .log_record import LogRecord, UnreadableRecord, records_of, records_of_line


@dataclass(frozen=True)
class SourcedRequest:
    """One request.

    Attributes
    ----------
    where
        Where it was found: ``requests.jsonl:12``, ``--username``.
    record
        The request, and what else is known of it.
    """

    where: str
    record: LogRecord


def read_requests(names: Sequence[str]) -> Iterator[SourcedRequest | str]:
    """Read requests from files: JSON, JSON lines, decision logs or connection logs.

    Yields a sentence, with file and line, for each line that is none.

    Raises
    ------
    Failure
        A file cannot be read.
    """
    for name in names:
        with open_stream(name) as file:
            yield from _read_requests(name, file)


def _read_requests(name: str, file: IO[bytes]) -> Iterator[SourcedRequest | str]:
    for number, line, whole in lines_of(file):
        where = f"{name}:{number}"
        try:
            text = line.decode()
            for record in records_of(json.loads(text)) if whole else records_of_line(text):
                yield SourcedRequest(where, record)
        except UnreadableRecord as problem:
            yield f"{where}: {problem}"
        except UnicodeDecodeError:
            yield f"{where}: is not UTF-8 text"
        except ValueError as error:
            yield f"{where}: is not JSON: {error}"


def with_fields(
    request: SourcedRequest, fields: dict[str, Any], alias: str | None, at: float | None, evidence: Evidence | None
) -> SourcedRequest:
    """Return a request with some of it replaced by what the command line says."""
    record = request.record
    event = record.event | fields if isinstance(record.event, dict) else record.event
    return replace(
        request,
        record=replace(
            record,
            event=event,
            alias=record.alias if alias is None else alias,
            at=record.at if at is None else at,
            evidence=evidence_over(record.evidence, evidence),
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
