"""What CloudWatch learns of invocations: Lambda's own metrics, and those that a function embeds in its log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.cloudwatch.models import cloudwatch_backends

from localaws import LocalAws
from tests.unit.localaws.helpers import MakeFunction, eventually, metric_values

NAME = "metered"
SOURCE = """
    def handler(event, context):
        for line in event.get("log", []):
            print(line)
        if event.get("raise"):
            raise RuntimeError
"""
OF_FUNCTION = {"FunctionName": NAME}


@pytest.fixture
def alias(functions: Any, make_function: MakeFunction) -> str:
    """The qualifier of an alias of version 1 of a function."""
    make_function(SOURCE, name=NAME)
    functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
    return "live"


@pytest.fixture(autouse=True)
def no_metrics(aws: LocalAws) -> Iterator[None]:
    """Begins each test without what the one before it published."""
    yield
    cloudwatch_backends[aws.settings.account_id][aws.settings.region].metric_data.clear()


@pytest.fixture
def invoke(functions: Any, alias: str) -> Callable[..., Any]:
    def run(qualifier: str = alias, **event: Any) -> Any:
        return functions.invoke(FunctionName=NAME, Qualifier=qualifier, Payload=json.dumps(event))

    return run


def test_invocations_and_errors_are_counted_for_account_function_and_alias(
    aws: LocalAws, invoke: Callable[..., Any]
) -> None:
    invoke()
    invoke(**{"raise": True})
    invoke(qualifier="1")
    by_alias, by_version = ({**OF_FUNCTION, "Resource": f"{NAME}:{one}"} for one in ("live", "1"))
    expected: list[tuple[dict[str, str], float, float]] = [
        ({}, 3, 1),
        (OF_FUNCTION, 3, 1),
        (by_alias, 2, 1),
        (by_version, 1, 0),
    ]
    for dimensions, invocations, errors in expected:
        assert aws.metric_sum("AWS/Lambda", "Invocations", dimensions) == invocations
        assert aws.metric_sum("AWS/Lambda", "Errors", dimensions) == errors
    durations = metric_values(aws, "AWS/Lambda", "Duration", OF_FUNCTION)
    assert len(durations) == 3
    assert min(durations) > 0
    # A weighted alias alone has a metric for each version.
    assert aws.metric_sum("AWS/Lambda", "Invocations", {**by_alias, "ExecutedVersion": "1"}) == 0


def test_a_weighted_alias_is_counted_by_version(aws: LocalAws, functions: Any, invoke: Callable[..., Any]) -> None:
    functions.update_function_configuration(FunctionName=NAME, Timeout=4)
    functions.publish_version(FunctionName=NAME)
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    functions.update_alias(FunctionName=NAME, Name="live", RoutingConfig=weights)
    for _ in range(4):
        invoke()
    by_alias = {**OF_FUNCTION, "Resource": f"{NAME}:live"}
    by_version = [
        aws.metric_sum("AWS/Lambda", "Invocations", {**by_alias, "ExecutedVersion": version}) for version in "12"
    ]
    assert sum(by_version) == aws.metric_sum("AWS/Lambda", "Invocations", by_alias) == 4


def test_what_is_throttled_is_no_invocation(aws: LocalAws, functions: Any, invoke: Callable[..., Any]) -> None:
    functions.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError):
        invoke()
    assert aws.metric_sum("AWS/Lambda", "Throttles", OF_FUNCTION) == 1
    assert aws.metric_sum("AWS/Lambda", "Invocations", OF_FUNCTION) == 0


def test_provisioned_concurrency_and_what_spills_over_are_told_apart(
    aws: LocalAws, functions: Any, invoke: Callable[..., Any]
) -> None:
    arguments = {"FunctionName": NAME, "Qualifier": "live"}
    functions.put_provisioned_concurrency_config(**arguments, ProvisionedConcurrentExecutions=1)
    eventually(lambda: functions.get_provisioned_concurrency_config(**arguments)["Status"], "READY")
    invoke()
    invoke(qualifier="1")
    resource = {**OF_FUNCTION, "Resource": f"{NAME}:live"}
    assert aws.metric_sum("AWS/Lambda", "ProvisionedConcurrencyInvocations", resource) == 1
    assert aws.metric_sum("AWS/Lambda", "ProvisionedConcurrencySpilloverInvocations", resource) == 0
    assert metric_values(aws, "AWS/Lambda", "ProvisionedConcurrencyUtilization", resource) == [1]
    assert aws.metric_sum("AWS/Lambda", "ProvisionedConcurrencyInvocations", OF_FUNCTION) == 1


def embedded(dimensions: list[Any], values: dict[str, Any], **metric: Any) -> str:
    """A log line in the embedded metric format, with one metric: Decisions."""
    directive = {"Namespace": "Ours", "Dimensions": dimensions, "Metrics": [{"Name": "Decisions", **metric}]}
    return json.dumps({"_aws": {"Timestamp": 0, "CloudWatchMetrics": [directive]}, **values})


def test_metrics_in_the_log_become_metrics(aws: LocalAws, invoke: Callable[..., Any]) -> None:
    values = {"effect": "deny", "reason": "implicit-deny", "Decisions": 1}
    invoke(log=[embedded([["effect"], ["effect", "reason"]], values, Unit="Count")])
    invoke(log=[embedded([["effect"]], {**values, "Decisions": [2, 3]})])
    assert metric_values(aws, "Ours", "Decisions", {"effect": "deny"}) == [1, 2, 3]
    assert metric_values(aws, "Ours", "Decisions", {"effect": "deny", "reason": "implicit-deny"}) == [1]


@pytest.mark.parametrize(
    "line",
    [
        "{'_aws': \"_aws\"}",
        '{"_aws": 1}',
        '{"_aws": {"CloudWatchMetrics": {}}}',
        '{"_aws": {"CloudWatchMetrics": [1]}}',
        embedded([["effect"]], {"Decisions": 1}),
        embedded([["effect"]], {"effect": 7, "Decisions": 1}),
        embedded([["effect"]], {"effect": "deny", "Decisions": "many"}),
        embedded([["effect"]], {"effect": "deny"}),
        embedded([7], {"effect": "deny", "Decisions": 1}),
    ],
)
def test_a_line_that_is_not_in_the_format_is_only_logged(aws: LocalAws, invoke: Callable[..., Any], line: str) -> None:
    assert "FunctionError" not in invoke(log=[line])
    metrics = aws.client("cloudwatch").list_metrics(Namespace="Ours")["Metrics"]
    assert metrics == []
    assert line in aws.log_messages(f"/aws/lambda/{NAME}")


def test_metric_data_are_found_by_all_dimensions(aws: LocalAws, invoke: Callable[..., Any]) -> None:
    invoke()
    now = datetime.now(UTC)
    by_alias = {**OF_FUNCTION, "Resource": f"{NAME}:live"}
    queries = [
        {
            "Id": f"m{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Lambda",
                    "MetricName": "Invocations",
                    "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
                },
                "Period": 3600,
                "Stat": "Sum",
            },
        }
        for number, dimensions in enumerate(({}, OF_FUNCTION, by_alias))
    ]
    answer = aws.client("cloudwatch").get_metric_data(
        MetricDataQueries=queries, StartTime=now - timedelta(hours=1), EndTime=now + timedelta(minutes=1)
    )
    assert [(result["Id"], sum(result["Values"])) for result in answer["MetricDataResults"]] == [
        ("m0", 1.0),
        ("m1", 1.0),
        ("m2", 1.0),
    ]
