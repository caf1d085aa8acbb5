"""The entry of one decision: a dict. The log redacts it, samples it, and then prints it as one line of JSON.

The connection log of Client VPN has neither groups nor reasons. The entry has both, and the connection id to join on.
"""

from __future__ import annotations

import json
import os
from binascii import crc32
from typing import TYPE_CHECKING, Any

from connect_handler.contract.request import FIELDS, request_fields
from connect_handler.decision.evaluate import Decision, Outcome
from connect_handler.decision.result import Result
from connect_handler.facts.times import timestamp
from connect_handler.policy.model import DENY
from connect_handler.settings import Settings

from .metrics import decision_metrics, metric_fields

if TYPE_CHECKING:
    from .redaction import Redaction

ALWAYS_LOGGED = ("schema-version", "connection-id", "endpoint-id")
"""Fields of a request in every entry, to find it by."""

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
"""Fields that an entry outside the sample lacks."""

MAX_LINE = 200_000
"""The longest line, in characters. CloudWatch Logs takes events of 256 KB, while Lambda takes events of 6 MB.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html,
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

MAX_TEXT = 500
"""The most characters of one value in an entry that was too long."""

MAX_RULES = 10
"""The most rules in each list of an entry that was too long."""

_STANDARD_OUTPUT = 1


class DecisionLog:
    """The decision log of one version of the function."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._redaction: Redaction | None = None
        if settings.redacted_fields:
            from .redaction import read_redaction  # late: few functions hide anything

            self._redaction = read_redaction(settings.redacted_fields, settings.redaction_key)

    def line(
        self,
        result: Result,
        *,
        event: Any,
        alias: str | None,
        now: float,
        duration_us: int,
        shadow_mode: bool,
        policy_digest: str | None,
    ) -> str:
        """Return the line of one result. Any event, record or policy has a line.

        ``alias`` is the alias of the function that the endpoint invoked. ``now`` is the time of the decision in seconds
        since 1970-01-01 UTC. ``duration_us`` is its duration in microseconds.
        """
        decision = result.decision
        failures = () if result.evidence is None else tuple(result.evidence.failures)
        differs = decision is not None and decision.shadow is not None and decision.shadow.allow != decision.allow
        suspends = shadow_mode and decision is not None
        metrics = decision_metrics(shadow_mode=suspends, shadow_differs=differs, failures=failures)
        ending = {
            "policy_digest": policy_digest,
            "function_name": self._settings.function_name,
            "function_version": self._settings.function_version,
            **metric_fields(metrics, now),
        }
        try:
            entry = build_entry(result, event, alias, now, duration_us, shadow_mode)
            if self._redaction is not None:
                self._redaction.redact(entry, result)
            if decision is not None and decision.allow and not (suspends or differs or failures):
                sample(entry, result, self._settings.log_sample_allowed)
            return _to_json(entry, ending)
        except Exception as error:  # the log must not cost the response, nor the response its line
            return json.dumps({**_short_entry(result, now, error), **ending}, separators=(",", ":"))


def build_entry(
    result: Result, event: Any, alias: str | None, now: float, duration_us: int, shadow_mode: bool
) -> dict[str, Any]:
    """Return the entry of one result, without the version of the function and the metrics."""
    entry = {
        "time": timestamp(now),
        **decision_fields(result.reason, result.decision),
        "shadow_mode": shadow_mode,
        "problems": list(result.problems),
        "request": request_fields(event),
        "answer": result.response,
        "alias": alias,
        "duration_us": duration_us,
    }
    if result.evidence is not None:
        entry["evidence"] = result.evidence.document()
        entry["ends"] = list(result.ends)
    return entry


def decision_fields(reason: str, decision: Decision | None) -> dict[str, Any]:
    """Return the fields of a decision; ``reason`` is for a result without one."""
    if decision is None:
        return {
            "effect": DENY,
            "reason": reason,
            "rule": None,
            "applied": [],
            "unknown": [],
            "shadow": None,
            "posture": [],
            "message": "",
        }
    return {
        **_outcome_fields(decision),
        "unknown": [{"rule": rule, "conditions": conditions} for rule, conditions in decision.unknown],
        "shadow": None if decision.shadow is None else _outcome_fields(decision.shadow),
        "posture": decision.posture,
        "message": decision.message,
    }


def _outcome_fields(outcome: Outcome) -> dict[str, Any]:
    return {
        "effect": outcome.effect,
        "reason": outcome.reason,
        "rule": outcome.rule,
        "applied": outcome.applied,
    }


def _short_entry(result: Result, now: float, error: Exception) -> dict[str, Any]:
    """Return the entry of a result that has no other. The error's text may hold a hidden value: name only its type."""
    decision = result.decision
    return {
        "time": timestamp(now),
        "effect": DENY if decision is None else decision.effect,
        "reason": result.reason,
        "rule": None if decision is None else decision.rule,
        "problems": [f"the rest of this entry could not be written: {type(error).__name__}"],
        "request": None if result.request is None else {"connection-id": result.request.connection_id},
        "truncated": True,
    }


def sample(entry: dict[str, Any], result: Result, share: float) -> None:
    """Remove all but a count from the entry of a connection outside the sample.

    The connection id decides, so that every version and every execution environment takes the same sample.
    """
    connection_id = "" if result.request is None else result.request.connection_id
    if crc32(connection_id.encode("utf-8", "surrogatepass")) < share * 2**32:
        return
    for key in NOT_SAMPLED:
        entry.pop(key, None)
    entry["request"] = {field: value for field, value in entry["request"].items() if field in ALWAYS_LOGGED}
    entry["sampled_out"] = True


def _to_json(entry: dict[str, Any], ending: dict[str, Any]) -> str:
    """Return an entry as one line of ASCII, shortened if it is too long."""
    try:
        line = _dumps({**entry, **ending})
    except (RecursionError, TypeError, ValueError):  # such as an event that is nested a thousand deep, or has a NaN
        entry["request"] = None
        entry["truncated"] = True
        line = _dumps({**entry, **ending})
    if len(line) > MAX_LINE:
        _shorten(entry)
        line = _dumps({**entry, **ending})
    return line


def _dumps(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _shorten(entry: dict[str, Any]) -> None:
    """Shorten the values that can be long."""
    entry["request"] = _cut(entry["request"])
    if "problems" in entry:
        entry["problems"] = list(map(_cut, entry["problems"]))
    for key in ("applied", "unknown", "ends", "problems"):
        if key in entry:
            entry[key] = entry[key][:MAX_RULES]
    if "evidence" in entry:
        entry["evidence"] = _cut(_dumps(entry["evidence"]))
    if entry.get("shadow") is not None:
        entry["shadow"]["applied"] = entry["shadow"]["applied"][:MAX_RULES]
    entry["truncated"] = True


def _cut(value: Any) -> Any:
    """Shorten texts, and any other value to the beginning of its JSON."""
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + "…"
    if isinstance(value, dict) and len(value) <= len(FIELDS):
        return {key: _cut(member) for key, member in value.items()}
    return _cut(_dumps(value))


def write(line: str) -> None:
    """Write lines to standard output. A log that fails must not cost the response.

    Lambda's runtime client flushes sys.stdout at each write, which takes as long as a decision.
    """
    rest = (line + "\n").encode("ascii", "backslashreplace")
    try:
        while rest:
            rest = rest[os.write(_STANDARD_OUTPUT, rest) :]
    except OSError:
        pass
