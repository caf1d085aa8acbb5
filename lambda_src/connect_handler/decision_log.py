"""The decision log: one line of JSON on standard output per decision, which CloudWatch Logs keeps.

The connection log of Client VPN knows neither groups nor reasons; both are here, with the connection id to join on.
The line is also a metric, in CloudWatch's embedded metric format,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import sys
import time

from .request import FIELDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .answering import Answer
    from .evaluation import Decision, Outcome
    from .redaction import Redaction
    from .request import Request
    from .settings import Settings

METRIC_NAMESPACE = "ClientVPNConnectHandler"
METRIC = "Decisions"
METRIC_DIMENSIONS = ("function_name", "effect", "reason")

SHADOW_MODE_METRIC = "ShadowModeDecisions"
"""Decisions that shadow mode kept from being the answer, whatever they were."""

SHADOW_RULES_METRIC = "ShadowRuleDifferences"
"""Decisions whose effect would be another if the shadow rules counted."""

SHADOW_DIMENSIONS = ("function_name",)

ALWAYS_LOGGED = ("schema-version", "connection-id", "endpoint-id")
"""Fields of a request that every line has, by which it is found."""

NOT_SAMPLED = ("applied", "unknown", "shadow", "message", "shadow_mode", "problems", "answer", "redacted")
"""Fields of a line that one about a connection outside the sample lacks."""

MAX_TEXT = 500
"""Characters of one value in a line that is too long."""

MAX_RULES = 10
"""Rules in each list of rules in a line that is too long."""

MAX_LINE = 200_000
"""Characters: CloudWatch Logs takes 256 KB as one event, and an event of Lambda's can be 6 MB of anything."""


def _directive(metric: str, dimensions: tuple[str, ...]) -> dict[str, Any]:
    return {
        "Namespace": METRIC_NAMESPACE,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": metric, "Unit": "Count"}],
    }


_DECISIONS = [_directive(METRIC, METRIC_DIMENSIONS)]
_SHADOW_MODE = _directive(SHADOW_MODE_METRIC, SHADOW_DIMENSIONS)
_SHADOW_RULES = _directive(SHADOW_RULES_METRIC, SHADOW_DIMENSIONS)


def line(
    settings: Settings,
    *,
    now: float,
    event: Any,
    answered: Answer,
    alias: str | None,
    duration_us: int,
) -> str:
    """Return the line for one decision.

    Parameters
    ----------
    settings
        Of this execution environment.
    now
        When the decision was made, in seconds since 1970-01-01 UTC.
    event
        What came.
    answered
        What goes back, and why.
    alias
        Under which the function was invoked.
    duration_us
        Microseconds that it took.
    """
    policy = settings.policy
    shadow_mode = policy is not None and policy.shadow_mode
    decision = answered.decision
    shadow = None if decision is None else decision.shadow
    differs = decision is not None and shadow is not None and shadow.allow != decision.allow
    entry: dict[str, Any] = {
        "time": timestamp(now),
        **decided(answered.reason, decision),
        "shadow_mode": shadow_mode,
        "problems": answered.problems,
        "request": requested(event),
        "answer": answered.response,
        "policy_digest": settings.policy_digest,
        "function_name": settings.function_name,
        "function_version": settings.function_version,
        "alias": alias,
        "duration_us": duration_us,
        METRIC: 1,
    }
    directives = _DECISIONS
    if shadow_mode and decision is not None:
        entry[SHADOW_MODE_METRIC] = 1
        directives = [*directives, _SHADOW_MODE]
    if differs:
        entry[SHADOW_RULES_METRIC] = 1
        directives = [*directives, _SHADOW_RULES]
    entry["_aws"] = {"Timestamp": int(now * 1000), "CloudWatchMetrics": directives}
    if settings.redaction is not None:
        _redact(entry, settings.redaction, answered)
    if settings.log_sample_allowed < 1 and directives is _DECISIONS and decision is not None and decision.allow:
        _sample(entry, answered.request, settings.log_sample_allowed)
    try:
        text = _json(entry)
    except (RecursionError, TypeError, ValueError):  # such as an event that is nested a thousand deep
        entry["request"] = None
        entry["truncated"] = True
        text = _json(entry)
    if len(text) > MAX_LINE:
        entry["request"] = _cut(entry["request"])
        if "problems" in entry:
            entry["problems"] = _cut(list(entry["problems"]))
        for key in ("applied", "unknown"):
            if key in entry:
                entry[key] = entry[key][:MAX_RULES]
        if entry.get("shadow") is not None:
            entry["shadow"]["applied"] = entry["shadow"]["applied"][:MAX_RULES]
        entry["truncated"] = True
        text = _json(entry)
    return text


def write(text: str) -> None:
    """Write a line; a log that cannot be written must not cost the answer."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except (OSError, ValueError):
        pass


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


def decided(reason: str, decision: Decision | None) -> dict[str, Any]:
    """Return what a line says of the decision; ``reason`` is the reason where the policy was not asked."""
    if decision is None:
        return {
            "effect": "deny",
            "reason": reason,
            "rule": None,
            "applied": [],
            "unknown": [],
            "shadow": None,
            "posture": [],
            "message": "",
        }
    return {
        **_outcome(decision),
        "unknown": [{"rule": rule, "conditions": names} for rule, names in decision.unknown],
        "shadow": None if decision.shadow is None else _outcome(decision.shadow),
        "posture": decision.posture,
        "message": decision.message,
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "effect": "allow" if outcome.allow else "deny",
        "reason": outcome.reason,
        "rule": outcome.rule,
        "applied": outcome.applied,
    }


def requested(event: Any) -> Any:
    """Return what a line says of the request: the fields that Client VPN sends, and no others."""
    return {field: event[field] for field in FIELDS if field in event} if isinstance(event, dict) else event


def timestamp(now: float) -> str:
    """Return a time in RFC 3339, with milliseconds: ``2026-11-23T09:00:00.000Z``."""
    seconds, milliseconds = divmod(int(now * 1000), 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{milliseconds:03d}Z"


_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def _cut(value: Any) -> Any:
    """Shorten texts, and what is no text to the beginning of its JSON."""
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + "…"
    if isinstance(value, dict) and len(value) <= len(FIELDS):
        return {key: _cut(member) for key, member in value.items()}
    return _cut(_json(value))
