"""Lines of the decision log that do not say all: what is redacted, outside the sample, or too long.

It is apart from :mod:`~connect_handler.decision_log`, which every cold start loads: few functions have any of it.
"""

from __future__ import annotations

from .decision_log import MAX_LINE, as_json, members_as_object
from .request import FIELDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .answering import Answer
    from .redaction import Redaction
    from .request import Request
    from .settings import Settings

ALWAYS_LOGGED = ("schema-version", "connection-id", "endpoint-id")
"""Fields of a request that every line has, by which it is found."""

NOT_SAMPLED = (
    "applied",
    "unknown",
    "shadow",
    "message",
    "shadow_mode",
    "problems",
    "answer",
    "redacted",
    "evidence",
    "ends",
)
"""Fields of a line that one about a connection outside the sample lacks."""

MAX_TEXT = 500
"""Characters of one value in a line that is too long."""

MAX_RULES = 10
"""Rules in each list of rules in a line that is too long."""


def edited(
    settings: Settings,
    answered: Answer,
    text: str,
    without_request: Callable[[], str],
    share: float | None,
    truncated: bool,
) -> str:
    """Return the members of a line, edited.

    Parameters
    ----------
    settings
        Of this execution environment.
    answered
        What the line is about.
    text
        The members of the line, JSON.
    without_request
        Returns them with null for the request, for one that cannot be read.
    share
        How many of the lines like this one say all, 0 to 1; None for one that is not to be sampled.
    truncated
        Whether something is missing from the text already.
    """
    try:
        entry = members_as_object(text)
    except RecursionError:
        truncated = True
        entry = members_as_object(without_request())
    if settings.redaction is not None:
        _redact(entry, settings.redaction, answered)
    if share is not None:
        _sample(entry, answered.request, share)
    if truncated:
        entry["truncated"] = True
    text = as_json(entry)[1:-1]
    if len(text) > MAX_LINE:
        _shorten(entry)
        text = as_json(entry)[1:-1]
    return text


def _redact(entry: dict[str, Any], redaction: Redaction, answered: Answer) -> None:
    """Hide what is not to be shown, wherever in the line it stands."""
    decision, request = answered.decision, answered.request
    entry["redacted"] = redaction.fields
    try:
        entry["request"] = redaction.event(entry["request"], request)
    except RecursionError:  # nested a thousand deep
        entry["request"] = None
        entry["truncated"] = True
    entry["problems"] = redaction.problems(answered.problems)
    if "evidence" in entry:
        entry["evidence"] = redaction.evidence(entry["evidence"])
    if decision is not None and request is not None and decision.message:
        entry["message"] = message = redaction.message(decision, request)
        entry["answer"] = {
            key: message if value == decision.message else value for key, value in answered.response.items()
        }


def _sample(entry: dict[str, Any], request: Request | None, share: float) -> None:
    """Leave what is more than a count out of the lines about the connections that do not belong to the sample.

    The connection id decides, so that every version and every execution environment takes the same sample.
    """
    from binascii import crc32

    connection_id = "" if request is None else request.connection_id
    if crc32(connection_id.encode("utf-8", "surrogatepass")) < share * 2**32:
        return
    for key in NOT_SAMPLED:
        entry.pop(key, None)
    entry["request"] = {field: value for field, value in entry["request"].items() if field in ALWAYS_LOGGED}
    entry["sampled_out"] = True


def _shorten(entry: dict[str, Any]) -> None:
    """Shorten what can be long."""
    entry["request"] = _cut(entry["request"])
    if "problems" in entry:
        entry["problems"] = list(map(_cut, entry["problems"]))
    for key in ("applied", "unknown", "ends", "problems"):
        if key in entry:
            entry[key] = entry[key][:MAX_RULES]
    if "evidence" in entry:
        entry["evidence"] = _cut(as_json(entry["evidence"]))
    if entry.get("shadow") is not None:
        entry["shadow"]["applied"] = entry["shadow"]["applied"][:MAX_RULES]
    entry["truncated"] = True


def _cut(value: Any) -> Any:
    """Shorten texts, and what is no text to the beginning of its JSON."""
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + "…"
    if isinstance(value, dict) and len(value) <= len(FIELDS):
        return {key: _cut(member) for key, member in value.items()}
    return _cut(as_json(value))
