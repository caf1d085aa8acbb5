"""CloudWatch where it differs from moto's: a metric is named by all of its dimensions.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Dimension
"""

from __future__ import annotations

import copy
from datetime import datetime
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend as MotoCloudWatchBackend
from moto.cloudwatch.models import Statistics


class CloudWatchBackend(MotoCloudWatchBackend):
    """The metrics of one account and Region.

    moto finds a value by any of its metric's dimensions. AWS's services publish one value to several metrics, with
    more and more dimensions, and it would then be counted as often.
    """

    def get_metric_statistics(
        self,
        namespace: str,
        metric_name: str,
        start_time: datetime,
        end_time: datetime,
        period: int,
        stats: list[str],
        dimensions: list[dict[str, str]],
        unit: str | None = None,
    ) -> list[Statistics]:
        metric = self._only(namespace, metric_name, dimensions)
        return MotoCloudWatchBackend.get_metric_statistics(
            metric, namespace, metric_name, start_time, end_time, period, stats, dimensions, unit
        )

    def get_metric_data(
        self,
        queries: list[dict[str, Any]],
        start_time: datetime,
        end_time: datetime,
        scan_by: str = "TimestampAscending",
    ) -> list[dict[str, Any]]:
        if any("MetricStat" not in query for query in queries):
            # An expression needs the other queries, which moto has to answer together.
            return super().get_metric_data(queries, start_time, end_time, scan_by)
        results = []
        for query in queries:
            wanted = query["MetricStat"]["Metric"]
            metric = self._only(wanted["Namespace"], wanted["MetricName"], wanted.get("Dimensions") or [])
            results += MotoCloudWatchBackend.get_metric_data(metric, [query], start_time, end_time, scan_by)
        return results

    def _only(self, namespace: str, name: str, dimensions: list[dict[str, str]]) -> CloudWatchBackend:
        """The backend, as if it held one metric alone."""
        wanted = {(dimension["Name"], dimension["Value"]) for dimension in dimensions}
        view = copy.copy(self)
        view.metric_data = [
            datum
            for datum in list(self.metric_data)
            if datum.name == name
            and datum.namespace == namespace
            and {(dimension.name, dimension.value) for dimension in datum.dimensions} == wanted
        ]
        return view
