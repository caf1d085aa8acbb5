"""The metrics of Lambda functions, in the namespace AWS/Lambda.

AWS publishes them once a minute. Here each value is there at once.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from localaws.cloudwatch.metrics import Metric, publish

NAMESPACE = "AWS/Lambda"


@dataclass(frozen=True)
class Invoked:
    """What was invoked: a function, as ``name``, ``name:alias`` or ``name:version``, and the version that it came to.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html#monitoring-metrics-dimensions
    """

    function_name: str
    resource: str
    executed_version: str
    #: Whether the alias spreads its invocations over versions: only then is there a metric for each.
    weighted: bool = False

    def dimensions(self) -> Iterator[dict[str, str]]:
        """The dimensions of each metric that the invocation is counted in."""
        yield {}
        yield {"FunctionName": self.function_name}
        resource = {"FunctionName": self.function_name, "Resource": self.resource}
        yield resource
        if self.weighted:
            yield {**resource, "ExecutedVersion": self.executed_version}


class LambdaMetrics:
    """Publishes the metrics of one account and Region."""

    def __init__(self, account_id: str, region: str):
        self._account_id = account_id
        self._region = region

    def invocation(self, invoked: Invoked, *, failed: bool, duration_ms: float, concurrency: int) -> None:
        """An invocation has ended; as many ran at once when it began, itself included."""
        values = [
            Metric("Invocations", 1),
            Metric("Errors", int(failed)),
            Metric("Duration", duration_ms, "Milliseconds"),
            Metric("ConcurrentExecutions", concurrency),
        ]
        self._publish(values, invoked.dimensions())

    def throttle(self, invoked: Invoked) -> None:
        """An invocation was refused, and so is none."""
        self._publish([Metric("Throttles", 1)], invoked.dimensions())

    def provisioned(self, invoked: Invoked, *, spilled_over: bool, in_use: int, allocated: int) -> None:
        """What has provisioned concurrency was invoked: in one of its environments, or spilled over into another."""
        name = "ProvisionedConcurrencySpilloverInvocations" if spilled_over else "ProvisionedConcurrencyInvocations"
        _, *dimensions = invoked.dimensions()
        self._publish([Metric(name, 1)], dimensions)
        values = [Metric("ProvisionedConcurrentExecutions", in_use)]
        if allocated:
            values.append(Metric("ProvisionedConcurrencyUtilization", in_use / allocated, "None"))
        self._publish(values, dimensions[1:])

    def _publish(self, values: list[Metric], dimensions: Iterable[dict[str, str]]) -> None:
        metrics = [Metric(one.name, one.value, one.unit, each) for each in dimensions for one in values]
        publish(self._account_id, self._region, NAMESPACE, metrics)
