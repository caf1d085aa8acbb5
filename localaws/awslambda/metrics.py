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
class InvocationTarget:
    """Target of an invocation, for the dimensions of its metrics.

    Attributes
    ----------
    resource
        The function, as ``name``, ``name:alias`` or ``name:version``.
    executed_version
        The version that ran.
    weighted
        Whether the alias spreads its invocations over versions. Only then does each version have metrics.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html#monitoring-metrics-dimensions
    """

    function_name: str
    resource: str
    executed_version: str
    weighted: bool = False

    def dimensions(self) -> Iterator[dict[str, str]]:
        """Yield the dimensions of each metric that counts the invocation."""
        yield {}
        yield {"FunctionName": self.function_name}
        resource = {"FunctionName": self.function_name, "Resource": self.resource}
        yield resource
        if self.weighted:
            yield {**resource, "ExecutedVersion": self.executed_version}


class LambdaMetrics:
    """Metrics of the functions of one account and Region."""

    def __init__(self, account_id: str, region: str):
        self._account_id = account_id
        self._region = region

    def invocation(self, target: InvocationTarget, *, failed: bool, duration_ms: float, concurrency: int) -> None:
        """Count an invocation that has ended. ``concurrency``: executions at its begin, itself included."""
        values = [
            Metric("Invocations", 1),
            Metric("Errors", int(failed)),
            Metric("Duration", duration_ms, "Milliseconds"),
            Metric("ConcurrentExecutions", concurrency),
        ]
        self._publish(values, target.dimensions())

    def throttle(self, target: InvocationTarget) -> None:
        """Count a throttled invocation, which is no invocation."""
        self._publish([Metric("Throttles", 1)], target.dimensions())

    def provisioned(self, target: InvocationTarget, *, spilled_over: bool, in_use: int, allocated: int) -> None:
        """Count an invocation of a target with provisioned concurrency, which may spill over."""
        name = "ProvisionedConcurrencySpilloverInvocations" if spilled_over else "ProvisionedConcurrencyInvocations"
        _, *dimensions = target.dimensions()
        self._publish([Metric(name, 1)], dimensions)
        values = [Metric("ProvisionedConcurrentExecutions", in_use)]
        if allocated:
            values.append(Metric("ProvisionedConcurrencyUtilization", in_use / allocated, "None"))
        self._publish(values, dimensions[1:])

    def _publish(self, values: list[Metric], dimensions: Iterable[dict[str, str]]) -> None:
        metrics = [Metric(one.name, one.value, one.unit, each) for each in dimensions for one in values]
        publish(self._account_id, self._region, NAMESPACE, metrics)
