"""How AWS's own services publish their metrics: into the account's CloudWatch, without a request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends


@dataclass(frozen=True)
class Metric:
    """One value of a metric. ``unit`` is one of CloudWatch's, such as Count, Bytes or Milliseconds."""

    name: str
    value: float
    unit: str = "Count"
    dimensions: dict[str, str] = field(default_factory=dict)


def publish(account_id: str, region: str, namespace: str, metrics: Iterable[Metric]) -> None:
    """Adds values to metrics of the namespace, as of now."""
    # moto keeps moments as CloudWatch's API gives them: in UTC, without saying so.
    now = datetime.now(UTC).replace(tzinfo=None)
    data: list[dict[str, Any]] = [
        {
            "MetricName": metric.name,
            "Value": metric.value,
            "Unit": metric.unit,
            "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions.items()],
            "Timestamp": now,
        }
        for metric in metrics
    ]
    cloudwatch_backends[account_id][region].put_metric_data(namespace, data)
