"""The metrics of the decision log, in CloudWatch's embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connect_handler.facts.evidence import CONNECTIONS, DEVICE, SESSIONS

METRIC_NAMESPACE = "ClientVPNConnectHandler"

METRIC = "Decisions"
METRIC_DIMENSIONS = ("function_name", "effect", "reason")

SHADOW_MODE_METRIC = "ShadowModeDecisions"
"""Decisions that shadow mode kept from the response."""

SHADOW_RULES_METRIC = "ShadowRuleDifferences"
"""Decisions whose effect would change if the shadow rules counted."""

FUNCTION_DIMENSIONS = ("function_name",)
"""Dimensions of all metrics but the first."""

DEVICE_EVIDENCE_METRIC = "DeviceEvidenceFailures"
"""Decisions for which the device inventory did not answer."""

SESSION_EVIDENCE_METRIC = "SessionEvidenceFailures"
"""Decisions for which the other active connections are unknown."""

CONNECTION_RECORD_METRIC = "ConnectionRecordFailures"
"""Allowed connections that could not be recorded."""

EVIDENCE_METRICS = {
    DEVICE: DEVICE_EVIDENCE_METRIC,
    SESSIONS: SESSION_EVIDENCE_METRIC,
    CONNECTIONS: CONNECTION_RECORD_METRIC,
}
"""Metrics by kind of failure, see :class:`connect_handler.facts.evidence.Evidence`."""


def decision_metrics(*, shadow_mode: bool, shadow_differs: bool, failures: Iterable[str]) -> dict[str, Any]:
    """Return the metrics of one decision, each with its dimensions."""
    metrics: dict[str, Any] = {METRIC: METRIC_DIMENSIONS}
    if shadow_mode:
        metrics[SHADOW_MODE_METRIC] = FUNCTION_DIMENSIONS
    if shadow_differs:
        metrics[SHADOW_RULES_METRIC] = FUNCTION_DIMENSIONS
    for kind in failures:
        metrics[EVIDENCE_METRICS[kind]] = FUNCTION_DIMENSIONS
    return metrics


def metric_fields(metrics: Mapping[str, Sequence[str]], now: float) -> dict[str, Any]:
    """Return the fields that count one in each metric; ``now`` is in seconds since 1970-01-01 UTC."""
    directives = [metric_directive([name], dimensions) for name, dimensions in metrics.items()]
    return {**dict.fromkeys(metrics, 1), "_aws": {"CloudWatchMetrics": directives, "Timestamp": int(now * 1000)}}


def metric_directive(names: Iterable[str], dimensions: Sequence[str]) -> dict[str, Any]:
    """Return the directive for fields of an entry that are counts."""
    metrics = [{"Name": name, "Unit": "Count"} for name in names]
    return {"Namespace": METRIC_NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics}
