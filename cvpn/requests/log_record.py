"""What the lines of a log are: decisions of the handler, events of the connection log, requests, or Lambda's own lines.

CloudWatch Logs can be had in many wrappings: ``aws logs tail`` writes a time and a stream before each message,
``aws logs filter-log-events`` an object with ``events``, a subscription one with ``logEvents``, an export to S3 a time
before each message. All of them are taken off.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connect_handler.facts.evidence import Evidence
from connect_handler.policy_tests import complete_event
from cvpn.times import parse_time

_PREFIX = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.,]+(?:Z|[+-][0-9:]+)?\s+(?:\S+\s+)?(?=\{)")
_LAMBDA = re.compile(
    r"(?:[0-9]{4}-\S+\s+(?:\S+\s+)?)?"
    r"(?:START|END|REPORT|INIT_START|INIT_REPORT|RESTORE_START|RESTORE_REPORT|EXTENSION|TELEMETRY|XRAY)\b"
)
_WRAPPERS = ("events", "logEvents")
_CONNECTION_LOG = {
    "connection-id": "connection-id",
    "endpoint-id": "client-vpn-endpoint-id",
    "common-name": "common-name",
    "username": "username",
    "platform": "device-type",
    "public-ip": "device-ip",
}
"""Fields of a request, and of the connection log's events which hold the same.
https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-logging.html"""

_MISSING = "NA"
NOT_IN_CONNECTION_LOG = ("platform-version", "client-openvpn-version", "aws-client-version", "groups")


class UnreadableRecord(Exception):
    """A line is nothing that is known; the text says why."""


@dataclass(frozen=True)
class LogRecord:
    """What a line holds.

    Attributes
    ----------
    kind
        ``decision``, ``connection`` or ``request``.
    event
        The request; of a connection log's event, as much as it says.
    alias
        Under which the function was invoked; None where that is not known.
    at
        When, in seconds since 1970-01-01 UTC; None where that is not known.
    decision
        A decision log's line; None for others.
    evidence
        What was known beside the request; None for nothing.
    """

    kind: str
    event: Any
    alias: str | None = None
    at: float | None = None
    decision: dict[str, Any] | None = None
    evidence: Evidence | None = None


def records_of_line(line: str) -> Iterator[LogRecord]:
    """Read a line of a log or of requests.

    Raises
    ------
    Unreadable
        It is none, and no line of Lambda's own either.
    """
    text = line.strip()
    if not text:
        return
    prefix = _PREFIX.match(text)
    if prefix:
        text = text[prefix.end() :]
    try:
        value = json.loads(text)
    except RecursionError:
        raise UnreadableRecord("is nested too deeply") from None
    except ValueError as error:
        if _LAMBDA.match(text):
            return
        raise UnreadableRecord(f"is not JSON: {error}") from None
    yield from records_of(value)


def records_of(value: Any) -> Iterator[LogRecord]:
    """Read a JSON value of a log or of requests; see :func:`entries`."""
    if isinstance(value, list):
        for member in value:
            yield from records_of(member)
        return
    if not isinstance(value, dict):
        yield LogRecord("request", value)
        return
    wrapped = wrapped_messages(value)
    if wrapped is not None:
        for message in wrapped:
            yield from records_of_line(message)
    elif "connection-log-type" in value:
        yield from _connection(value)
    elif "request" in value and ("answer" in value or "sampled_out" in value):
        yield _decision(value)
    elif not str(value.get("type", "")).startswith("platform."):  # Lambda's own lines, in its JSON format
        yield LogRecord("request", value)


def wrapped_messages(value: dict[str, Any]) -> list[str] | None:
    """Return the messages in one of CloudWatch's wrappings; None for what is no such thing."""
    for wrapper in _WRAPPERS:
        events = value.get(wrapper)
        if isinstance(events, list) and all(isinstance(event, dict) and "message" in event for event in events):
            return [str(event["message"]) for event in events]
    if isinstance(value.get("message"), str) and "timestamp" in value and "request" not in value:
        return [value["message"]]
    return None


def _decision(value: dict[str, Any]) -> LogRecord:
    at = parse_time(value.get("time"))
    if at is None:
        raise UnreadableRecord("is a decision without a time")
    alias = value.get("alias")
    request, evidence = value["request"], value.get("evidence")
    return LogRecord(
        "decision",
        request,
        alias if isinstance(alias, str) else None,
        at,
        value,
        None if evidence is None else _evidence(evidence, request),
    )


def _evidence(value: Any, request: Any) -> Evidence:
    if not isinstance(value, dict):
        return Evidence()  # of a line that was cut
    common_name = request.get("common-name") if isinstance(request, dict) else None
    try:
        return Evidence.from_document(value, common_name if isinstance(common_name, str) else None)
    except ValueError as error:
        raise UnreadableRecord(f"is a decision whose evidence {error}") from None


def _connection(value: dict[str, Any]) -> Iterator[LogRecord]:
    if value["connection-log-type"] != "connection-attempt":
        return  # the end of a connection, or its counters, of which the attempt has been told before
    if value.get("connection-attempt-status") == "waiting-for-assertion":
        return
    event = complete_event({field: _present(value.get(name)) for field, name in _CONNECTION_LOG.items()})
    for field in NOT_IN_CONNECTION_LOG:
        del event[field]
    at = parse_time(str(value.get("connection-start-time")).replace(" ", "T") + "Z")
    yield LogRecord("connection", event, None, at)


def _present(value: Any) -> str:
    return "" if value is None or value == _MISSING else str(value)
