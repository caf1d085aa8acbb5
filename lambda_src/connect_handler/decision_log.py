"""The decision log: one line of JSON on standard output per decision, which CloudWatch Logs keeps.

The connection log of Client VPN knows neither groups nor reasons; both are here, with the connection id to join on.
The line is also a metric, in CloudWatch's embedded metric format,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import sys
import time
from functools import lru_cache

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
METRIC_DIMENSIONS: tuple[str, ...] = ("function_name", "effect", "reason")

SHADOW_MODE_METRIC = "ShadowModeDecisions"
"""Decisions that shadow mode kept from being the answer, whatever they were."""

SHADOW_RULES_METRIC = "ShadowRuleDifferences"
"""Decisions whose effect would be another if the shadow rules counted."""

SHADOW_DIMENSIONS: tuple[str, ...] = ("function_name",)

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


_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode


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
    suspends = shadow_mode and decision is not None
    entry = decided(answered.reason, decision)
    entry["shadow_mode"] = shadow_mode
    entry["problems"] = answered.problems
    entry["request"] = requested(event)
    entry["answer"] = answered.response
    entry["alias"] = alias
    entry["duration_us"] = duration_us
    if settings.redaction is not None:
        _redact(entry, settings.redaction, answered)
    if settings.log_sample_allowed < 1 and decision is not None and decision.allow and not (suspends or differs):
        _sample(entry, answered.request, settings.log_sample_allowed)
    begin = f'{{"time":"{timestamp(now)}",'
    end = f"{_constants(settings, suspends, differs)}{int(now * 1000)}}}}}"
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
    return f"{begin}{text[1:-1]}{end}"


@lru_cache(maxsize=4)
def _constants(settings: Settings, suspends: bool, differs: bool) -> str:
    """Return the end of a line but for the time: what is the same in every line of an execution environment.

    It is encoded once, as to encode a line takes longer than to decide. ``suspends`` tells whether shadow mode kept
    the decision from being the answer, ``differs`` whether the shadow rules would change it.
    """
    metrics = {METRIC: METRIC_DIMENSIONS}
    if suspends:
        metrics[SHADOW_MODE_METRIC] = SHADOW_DIMENSIONS
    if differs:
        metrics[SHADOW_RULES_METRIC] = SHADOW_DIMENSIONS
    constants = {
        "policy_digest": settings.policy_digest,
        "function_name": settings.function_name,
        "function_version": settings.function_version,
        **dict.fromkeys(metrics, 1),
    }
    directives = [
        {"Namespace": METRIC_NAMESPACE, "Dimensions": [dimensions], "Metrics": [{"Name": name, "Unit": "Count"}]}
        for name, dimensions in metrics.items()
    ]
    return f',{_json(constants)[1:-1]},"_aws":{{"CloudWatchMetrics":{_json(directives)},"Timestamp":'


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
    entry = _outcome(decision)
    entry["unknown"] = [{"rule": rule, "conditions": names} for rule, names in decision.unknown]
    entry["shadow"] = None if decision.shadow is None else _outcome(decision.shadow)
    entry["posture"] = decision.posture
    entry["message"] = decision.message
    return entry


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
    minutes, second = divmod(seconds, 60)
    return f"{_minute(minutes)}:{second:02}.{milliseconds:03}Z"


@lru_cache(maxsize=1)
def _minute(minutes: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M", time.gmtime(minutes * 60))


def _cut(value: Any) -> Any:
    """Shorten texts, and what is no text to the beginning of its JSON."""
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + "…"
    if isinstance(value, dict) and len(value) <= len(FIELDS):
        return {key: _cut(member) for key, member in value.items()}
    return _cut(_json(value))
