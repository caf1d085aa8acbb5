"""Metrics that a log event carries in the embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from .metrics import Metric, publish

MAX_DIMENSIONS = 30
MAX_VALUES = 100


def publish_embedded(account_id: str, region: str, messages: Iterable[str]) -> None:
    """Publishes the metrics that log events carry; what is not in the format is left alone, as CloudWatch Logs does."""
    for message in messages:
        # Most lines carry none, and reading JSON takes its time.
        if '"_aws"' not in message:
            continue
        try:
            document = json.loads(message)
        except ValueError:
            continue
        for namespace, metrics in _embedded_metrics(document):
            publish(account_id, region, namespace, metrics)


def _embedded_metrics(document: Any) -> Iterator[tuple[str, list[Metric]]]:
    metadata = document.get("_aws") if isinstance(document, dict) else None
    directives = metadata.get("CloudWatchMetrics") if isinstance(metadata, dict) else None
    if not isinstance(directives, list):
        return
    for directive in directives:
        try:
            yield directive["Namespace"], list(_metrics_of(directive, document))
        except (KeyError, TypeError):
            continue


def _metrics_of(directive: dict[str, Any], document: dict[str, Any]) -> Iterator[Metric]:
    for names in directive["Dimensions"]:
        dimensions = {name: document[name] for name in names}
        if len(names) > MAX_DIMENSIONS or not all(isinstance(value, str) and value for value in dimensions.values()):
            continue
        for definition in directive["Metrics"]:
            values = document[definition["Name"]]
            values = values if isinstance(values, list) else [values]
            for value in values[:MAX_VALUES]:
                if isinstance(value, int | float) and not isinstance(value, bool):
                    yield Metric(definition["Name"], value, definition.get("Unit", "None"), dimensions)
