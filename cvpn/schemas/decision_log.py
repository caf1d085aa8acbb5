"""The decision log's lines as a JSON Schema, from which docs/decision-log.md and modules/monitoring take the names."""

from __future__ import annotations

from typing import Any

from connect_handler.contract.request import FIELDS
from connect_handler.decision.evaluate import ALLOW_RULE, EXPLICIT_DENY, IMPLICIT_DENY
from connect_handler.decision.result import INTERNAL_ERROR, INVALID_REQUEST, POLICY_ERROR
from connect_handler.decision_log.entry import ALWAYS_LOGGED, NOT_SAMPLED
from connect_handler.decision_log.metrics import (
    CONNECTION_RECORD_METRIC,
    DEVICE_EVIDENCE_METRIC,
    METRIC,
    SESSION_EVIDENCE_METRIC,
    SHADOW_MODE_METRIC,
    SHADOW_RULES_METRIC,
)
from connect_handler.decision_log.redaction import REDACTABLE
from connect_handler.facts.device import ATTRIBUTE_NAMES
from connect_handler.facts.evidence import BY, CONNECTIONS, DEVICE, SESSIONS

from .policy import DIALECT

REASONS = (ALLOW_RULE, EXPLICIT_DENY, IMPLICIT_DENY, INVALID_REQUEST, POLICY_ERROR, INTERNAL_ERROR)

_TEXTS = {"type": "array", "items": {"type": "string"}}
_EFFECT = {"enum": ["allow", "deny"]}
_RULE = {"type": ["string", "null"]}
_ONE = {"const": 1}

_SHADOW = {
    "type": "object",
    "required": ["effect", "reason", "rule", "applied"],
    "additionalProperties": False,
    "properties": {"effect": _EFFECT, "reason": {"enum": list(REASONS[:3])}, "rule": _RULE, "applied": _TEXTS},
}
_UNKNOWN = {
    "type": "object",
    "required": ["rule", "conditions"],
    "additionalProperties": False,
    "properties": {"rule": {"type": "string"}, "conditions": _TEXTS},
}
_TEXT = {"type": "string"}
_DEVICE = {
    "type": ["object", "null"],
    "additionalProperties": False,
    "properties": dict.fromkeys(ATTRIBUTE_NAMES[1:], _TEXT)
    # A hash of all of them, where the log is not to show them.
    | {"attributes": {"anyOf": [{"type": "object", "additionalProperties": _TEXT}, _TEXT]}},
}
_EVIDENCE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        DEVICE: _DEVICE,
        SESSIONS: {"type": "object", "additionalProperties": False, "properties": dict.fromkeys(BY, _TEXTS)},
        "failed": {
            "type": "object",
            "additionalProperties": False,
            "properties": dict.fromkeys((DEVICE, SESSIONS, CONNECTIONS), _TEXT),
        },
    },
}
_METRICS = {
    "type": "object",
    "required": ["Timestamp", "CloudWatchMetrics"],
    "properties": {"Timestamp": {"type": "integer"}, "CloudWatchMetrics": {"type": "array"}},
}

FIELDS_OF_A_LINE: dict[str, tuple[dict[str, Any], str]] = {
    "time": (
        {"type": "string", "format": "date-time"},
        "When the decision was made: RFC 3339, UTC, with milliseconds.",
    ),
    "effect": (_EFFECT, "What the policy says. In shadow mode the connection is allowed all the same."),
    "reason": ({"enum": list(REASONS)}, "Why."),
    "rule": (_RULE, "Name of the rule that decided; `null` if none did."),
    "applied": (_TEXTS, "Names of all rules that applied, in document order, without shadow rules."),
    "unknown": (
        {"type": "array", "items": _UNKNOWN},
        "Rules that were neither true nor false, each with the conditions that the request says too little for.",
    ),
    "shadow": (
        {"anyOf": [{"type": "null"}, _SHADOW]},
        "What the outcome would be if the shadow rules counted; `null` if none of them applied.",
    ),
    "posture": (_TEXTS, "Posture compliance statuses."),
    "message": ({"type": "string"}, "What a denied user is shown; empty if the policy allows."),
    "shadow_mode": ({"type": "boolean"}, "Whether every connection is allowed."),
    "problems": (_TEXTS, "Why the policy was not asked, where it was not."),
    "request": (
        {},
        f"The request: {', '.join(f'`{field}`' for field in FIELDS)}, as sent. What is no object stands here as it is.",
    ),
    "answer": ({"type": "object"}, "What Client VPN was told."),
    "evidence": (
        {"anyOf": [_EVIDENCE, _TEXT]},
        (
            "What was known beside the request, of what the outcome depended on: `device`, `null` for one that is not "
            "registered; `sessions`, ids of the other active connections; `failed`, why something could not be had or "
            "written. Only where there is a device inventory or a table of connections."
        ),
    ),
    "ends": (_TEXTS, "Ids of the connections that were ended for this one. Only where `evidence` is."),
    "policy_digest": ({"type": ["string", "null"]}, "SHA-256 of the policy document; the output `policy_digest`."),
    "function_name": ({"type": "string"}, "Name of the function."),
    "function_version": ({"type": "string"}, "Version that decided."),
    "alias": ({"type": ["string", "null"]}, "Alias that was invoked: the endpoint's key, or `live`."),
    "duration_us": ({"type": "integer", "minimum": 0}, "Microseconds from the event to the answer, without the log."),
    METRIC: (_ONE, "The metric of that name."),
    SHADOW_MODE_METRIC: (
        _ONE,
        "The metric of that name: shadow mode allows the connection, whatever the policy says.",
    ),
    SHADOW_RULES_METRIC: (_ONE, "The metric of that name: the effect would be another if the shadow rules counted."),
    DEVICE_EVIDENCE_METRIC: (_ONE, "The metric of that name: the device inventory was asked, and said nothing."),
    SESSION_EVIDENCE_METRIC: (
        _ONE,
        "The metric of that name: it could not be had, or made sure, who else is connected.",
    ),
    CONNECTION_RECORD_METRIC: (
        _ONE,
        "The metric of that name: the connection was let in, and could not be written down.",
    ),
    "redacted": (
        {"type": "array", "items": {"enum": list(REDACTABLE)}},
        "Fields of the request whose values are hashes, if `log_redact` names any.",
    ),
    "sampled_out": ({"const": True}, "This line is no more than a count: see `log_sample_allowed`."),
    "truncated": (
        {"const": True},
        (
            "Something is missing: the line was longer than CloudWatch Logs takes and long values have been cut, the "
            "request cannot be written as JSON, or the rest of the entry could not be written, as `problems` says."
        ),
    ),
    "_aws": (_METRICS, "CloudWatch's embedded metric format."),
}
"""Each field, with its schema and what it means."""

OPTIONAL = (
    SHADOW_MODE_METRIC,
    SHADOW_RULES_METRIC,
    DEVICE_EVIDENCE_METRIC,
    SESSION_EVIDENCE_METRIC,
    CONNECTION_RECORD_METRIC,
    "evidence",
    "ends",
    "redacted",
    "sampled_out",
    "truncated",
)


SHORT = ("time", "effect", "reason", "rule", "problems", "request", "policy_digest", "function_name", METRIC, "_aws")
"""Fields of every line but those outside the sample."""


def decision_log_schema() -> dict[str, Any]:
    """Return the schema of a line."""
    required = [name for name in FIELDS_OF_A_LINE if name not in OPTIONAL]
    short = [name for name in required if name not in NOT_SAMPLED]
    identified = {
        "type": "object",
        "additionalProperties": False,
        "properties": dict.fromkeys(ALWAYS_LOGGED, True),
    }
    return {
        "$schema": DIALECT,
        "title": "A line of the decision log",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: {**schema, "description": meaning} for name, (schema, meaning) in FIELDS_OF_A_LINE.items()
        },
        "if": {"required": ["sampled_out"]},
        "then": {"required": short, "properties": {"request": identified}},
        # An entry that could not be built has no more than this.
        "else": {"anyOf": [{"required": required}, {"required": [*SHORT, "truncated"]}]},
    }
