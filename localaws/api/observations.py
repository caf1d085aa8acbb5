"""What a person or a test sees of a running LocalAws: metrics, alarms, logs, resources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from localaws.settings import Settings


class Observations:
    """Metrics, alarms, logs and resources of a LocalAws."""

    settings: Settings

    def client(self, service: str, **options: Any) -> Any:
        """Return a boto3 client of the service."""
        raise NotImplementedError

    def metric_sum(self, namespace: str, name: str, dimensions: dict[str, str]) -> float:
        """Return the sum of a metric over the last 30 minutes; 0 if there is no such metric."""
        now = datetime.now(UTC)
        answer = self.client("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - timedelta(minutes=30),
            EndTime=now + timedelta(minutes=1),
            Period=3600,
            Statistics=["Sum"],
        )
        return float(sum(point["Sum"] for point in answer["Datapoints"]))

    def alarm_states(self, at: float | None = None) -> dict[str, str]:
        """Return the states of alarms on metrics, by name: OK, ALARM or INSUFFICIENT_DATA.

        ``at``: seconds since 1970-01-01 UTC; default: now. DescribeAlarms does not tell these states.
        """
        from moto.cloudwatch.models import cloudwatch_backends

        from localaws.cloudwatch.alarms import state_of

        # A request for each metric of each alarm would take most of a test's time.
        backend = cloudwatch_backends[self.settings.account_id][self.settings.region]

        def lookup(metric_stat: Mapping[str, Any], end: float) -> float | None:
            metric, period, stat = metric_stat["Metric"], metric_stat["Period"], metric_stat["Stat"]
            # moto's times are in UTC, without a time zone.
            first, last = (datetime.fromtimestamp(at, UTC).replace(tzinfo=None) for at in (end - period, end))
            points = backend.get_metric_statistics(
                metric["Namespace"], metric["MetricName"], first, last, period, [stat], metric.get("Dimensions", [])
            )
            value = points[0].get_statistics_for_type(stat) if points else None
            return None if value is None else float(value)

        now = datetime.now(UTC).timestamp() if at is None else at
        pages = self.client("cloudwatch").get_paginator("describe_alarms").paginate()
        alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
        return {alarm["AlarmName"]: state_of(alarm, lookup, now) for alarm in alarms}

    def log_messages(self, log_group: str) -> list[str]:
        """Return the messages in a log group of CloudWatch Logs, in order; none if there is no such group."""
        logs = self.client("logs")
        try:
            pages = list(logs.get_paginator("filter_log_events").paginate(logGroupName=log_group))
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for page in pages for event in page["events"]]

    def connection_log(self, endpoint_id: str) -> list[dict[str, Any]]:
        """Return the events in the connection log of an endpoint, in order, without those of other endpoints."""
        answer = self.client("ec2").describe_client_vpn_endpoints(ClientVpnEndpointIds=[endpoint_id])
        options = answer["ClientVpnEndpoints"][0]["ConnectionLogOptions"]
        events = [json.loads(message) for message in self.log_messages(options["CloudwatchLogGroup"])]
        return [event for event in events if event["client-vpn-endpoint-id"] == endpoint_id]

    def leftovers(self) -> list[str]:
        """Return the resources that exist: ARNs, or IDs where there is none. Empty after ``terraform destroy``.

        What every account has (the default VPC, AWS's own policies and keys) does not count.
        """
        from localaws.inventory import resources

        return resources(self.settings.account_id, self.client)
