"""The decision log: one line of JSON on standard output per decision, which CloudWatch Logs keeps.

The connection log of Client VPN knows neither groups nor reasons; both are here, with the connection id to join on.
The line is also a metric, in CloudWatch's embedded metric format,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import os
import time
from functools import lru_cache, partial

from .request import FIELDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .answering import Answer
    from .evaluation import Decision
    from .evidence import Evidence
    from .policy import AccessRule
    from .request import Request
    from .settings import Settings
    from .shadow import ShadowOutcome

_STANDARD_OUTPUT = 1
METRIC_NAMESPACE = "ClientVPNConnectHandler"
METRIC = "Decisions"
METRIC_DIMENSIONS: tuple[str, ...] = ("function_name", "effect", "reason")

SHADOW_MODE_METRIC = "ShadowModeDecisions"
"""Decisions that shadow mode kept from being the answer, whatever they were."""

SHADOW_RULES_METRIC = "ShadowRuleDifferences"
"""Decisions whose effect would be another if the shadow rules counted."""

SHADOW_DIMENSIONS: tuple[str, ...] = ("function_name",)
"""Of these, and of the metrics of evidence."""

DEVICE_EVIDENCE_METRIC = "DeviceEvidenceFailures"
"""Decisions for which the device inventory was asked and said nothing."""

SESSION_EVIDENCE_METRIC = "SessionEvidenceFailures"
"""Decisions for which it could not be had, or made sure, who else is connected."""

CONNECTION_RECORD_METRIC = "ConnectionRecordFailures"
"""Connections that were let in and could not be written down."""

EVIDENCE_METRICS = {
    "device": DEVICE_EVIDENCE_METRIC,
    "sessions": SESSION_EVIDENCE_METRIC,
    "connections": CONNECTION_RECORD_METRIC,
}
"""By what has failed, see :class:`connect_handler.evidence.Evidence`."""

MAX_LINE = 200_000
"""Characters: CloudWatch Logs takes 256 KB as one event, and an event of Lambda's can be 6 MB of anything."""

MAX_ALLOWED = 256
"""Kinds of allowed connections of which is kept what a line says of all of them; then they are forgotten."""

_ALLOWED: dict[tuple[str, tuple[AccessRule, ...], tuple[str, ...]], tuple[str, str]] = {}
"""What a line says of an allowed connection's decision and of its answer, by the schema version, the rules that applied
and the posture compliance statuses."""

_quote = json.encoder.encode_basestring_ascii


def _encoder() -> Callable[[Any], str]:
    """Return what encodes a value as JSON, in one line of ASCII.

    JSONEncoder.encode makes what this makes once for every value, which takes longer than to decide. It is not
    documented: where it is not as it has been since Python 2.7, there is that.
    """
    encoder = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False)
    try:
        parts: Any = json.encoder.c_make_encoder(  # type: ignore[attr-defined]
            None, encoder.default, _quote, None, ":", ",", False, False, False
        )
        parts({"": [1.5, None]}, 0)
    except (AttributeError, TypeError):
        return encoder.encode
    return lambda value: "".join(parts(value, 0))


as_json = _encoder()


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
    try:
        request = _request(event, answered.request)
        truncated = False
    except (RecursionError, TypeError, ValueError):  # such as an event that is nested a thousand deep
        request = "null"
        truncated = True
    text = _members(answered, shadow_mode, request, alias, duration_us)
    share = settings.log_sample_allowed
    evidence = answered.evidence
    failed = () if evidence is None else tuple(evidence.failures)
    samples = share < 1 and decision is not None and decision.allow and not (suspends or differs or failed)
    if samples or truncated or settings.redaction is not None or len(text) > MAX_LINE:
        from . import log_editing  # late: few functions have any of it, and a cold start waits for what it loads

        without_request = partial(_members, answered, shadow_mode, "null", alias, duration_us)
        text = log_editing.edited(settings, answered, text, without_request, share if samples else None, truncated)
    milliseconds = int(now * 1000)
    end = _constants(settings, suspends, differs, failed)
    return f'{{"time":"{_timestamp(milliseconds)}",{text}{end}{milliseconds}}}}}'


def _members(answered: Answer, shadow_mode: bool, request: str, alias: str | None, duration_us: int) -> str:
    """Return what differs from line to line, but for the time; ``request`` is JSON."""
    decision = answered.decision
    if decision is not None and decision.allow and not decision.unknown and decision.shadow is None:
        # Most connections are allowed, by few rules: what is said of them is encoded once.
        key = answered.response["schema-version"], tuple(decision.rules), tuple(decision.posture)
        said = _ALLOWED.get(key)
        if said is None:
            if len(_ALLOWED) >= MAX_ALLOWED:
                _ALLOWED.clear()
            said = _ALLOWED[key] = _decision(decision.reason, decision), as_json(answered.response)
    else:
        said = _decision(answered.reason, decision), as_json(answered.response)
    outcome, answer = said
    problems = as_json(answered.problems) if answered.problems else "[]"
    return (
        f'{outcome},"shadow_mode":{"true" if shadow_mode else "false"},"problems":{problems},"request":{request},'
        f'"answer":{answer},"alias":{"null" if alias is None else _quote(alias)},"duration_us":{duration_us}'
        f"{'' if answered.evidence is None else _evidence(answered.evidence, decision)}"
    )


def _evidence(evidence: Evidence, decision: Decision | None) -> str:
    """Return what a line says of evidence from outside, where the function is to look for any."""
    return f',"evidence":{as_json(evidence.document())},"ends":{as_json([] if decision is None else decision.ends)}'


def members_as_object(members: str) -> dict[str, Any]:
    """Return members of a line as an object."""
    value: dict[str, Any] = json.loads(f"{{{members}}}")
    return value


@lru_cache(maxsize=16)
def _constants(settings: Settings, suspends: bool, differs: bool, failed: tuple[str, ...]) -> str:
    """Return the end of a line but for the time: what is the same in every line of an execution environment.

    It is encoded once, as to encode a line takes longer than to decide. ``suspends`` tells whether shadow mode kept
    the decision from being the answer, ``differs`` whether the shadow rules would change it; ``failed`` is which
    evidence could not be had.
    """
    metrics = {METRIC: METRIC_DIMENSIONS}
    if suspends:
        metrics[SHADOW_MODE_METRIC] = SHADOW_DIMENSIONS
    if differs:
        metrics[SHADOW_RULES_METRIC] = SHADOW_DIMENSIONS
    for kind in failed:
        metrics[EVIDENCE_METRICS[kind]] = SHADOW_DIMENSIONS
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
    return f',{as_json(constants)[1:-1]},"_aws":{{"CloudWatchMetrics":{as_json(directives)},"Timestamp":'


def write(text: str) -> None:
    """Write a line to standard output; a log that cannot be written must not cost the answer.

    Lambda's runtime client flushes sys.stdout at each write, and its layers take as long as to decide does.
    """
    rest = (text + "\n").encode("ascii", "backslashreplace")
    try:
        while rest:
            rest = rest[os.write(_STANDARD_OUTPUT, rest) :]
    except OSError:
        pass


def decided(reason: str, decision: Decision | None) -> dict[str, Any]:
    """Return what a line says of the decision; ``reason`` is the reason where the policy was not asked."""
    return members_as_object(_decision(reason, decision))


def _decision(reason: str, decision: Decision | None) -> str:
    if decision is None:
        return (
            f'"effect":"deny","reason":{_quote(reason)},"rule":null,"applied":[],"unknown":[],"shadow":null,'
            '"posture":[],"message":""'
        )
    unknown, shadow = "[]", "null"
    if decision.unknown:
        unknown = as_json([{"rule": rule, "conditions": names} for rule, names in decision.unknown])
    if decision.shadow is not None:
        shadow = f"{{{_outcome(decision.shadow)}}}"
    return (
        f'{_outcome(decision)},"unknown":{unknown},"shadow":{shadow},'
        f'"posture":{as_json(decision.posture)},"message":{_quote(decision.message)}'
    )


def _outcome(outcome: Decision | ShadowOutcome) -> str:
    return (
        f'"effect":"{"allow" if outcome.allow else "deny"}","reason":{_quote(outcome.reason)},'
        f'"rule":{"null" if outcome.rule is None else _quote(outcome.rule)},"applied":{as_json(outcome.applied)}'
    )


def requested(event: Any) -> Any:
    """Return what a line says of the request: the fields that Client VPN sends, and no others."""
    return {field: event[field] for field in FIELDS if field in event} if isinstance(event, dict) else event


def _request(event: Any, request: Request | None) -> str:
    """Return what a line says of the request, as JSON."""
    if request is None or not request.is_plain or request.groups is None:
        return as_json(requested(event))
    connection, endpoint, groups = request.connection_id, request.endpoint_id, request.groups
    name, user, platform, release = request.common_name, request.username, request.platform, request.platform_version
    address, openvpn, client = request.public_ip, request.client_openvpn_version, request.aws_client_version
    quoted = '"' + '","'.join(groups) + '"' if groups else ""
    return (
        f'{{"schema-version":"{request.schema_version}","connection-id":"{connection}","endpoint-id":"{endpoint}",'
        f'"common-name":"{name}","username":"{user}","platform":"{platform}","platform-version":"{release}",'
        f'"public-ip":"{address}","client-openvpn-version":"{openvpn}","aws-client-version":"{client}",'
        f'"groups":[{quoted}]}}'
    )


def timestamp(now: float) -> str:
    """Return a time in RFC 3339, with milliseconds: ``2026-11-23T09:00:00.000Z``."""
    return _timestamp(int(now * 1000))


def _timestamp(milliseconds: int) -> str:
    # The quickest way to three digits.
    return f"{_second(milliseconds // 1000)}{str(milliseconds % 1000 + 1000)[1:]}Z"


@lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    """Return the beginning of a time, which in a storm many connections have in common."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(seconds))
