"""States of alarms, from what has been published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from localaws.cloudwatch.alarms import UnknownExpression, state_of

ALARM = {
    "Namespace": "N",
    "MetricName": "M",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 10.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}


def state(values: list[float | None], **changes: Any) -> str:
    """Return the state where the last periods have these values, the latest first."""
    asked = iter(values)
    return state_of({**ALARM, **changes}, lambda *_: next(asked), 1000.0)


@pytest.mark.parametrize(
    ("values", "changes", "expected"),
    [
        ([10, 10, 10], {}, "ALARM"),
        ([10, 9, 10], {}, "OK"),
        ([10, 9, 10], {"DatapointsToAlarm": 2}, "ALARM"),
        ([10, 10, None], {}, "OK"),
        ([10, 10, None], {"TreatMissingData": "breaching"}, "ALARM"),
        ([None, None, None], {}, "INSUFFICIENT_DATA"),
        ([None, None, None], {"TreatMissingData": "notBreaching"}, "OK"),
        ([10, 10, 10], {"ComparisonOperator": "GreaterThanThreshold"}, "OK"),
        ([9, 9, 9], {"ComparisonOperator": "LessThanThreshold"}, "ALARM"),
        ([10, 10, 10], {"ComparisonOperator": "LessThanOrEqualToThreshold"}, "ALARM"),
    ],
)
def test_values_against_the_threshold(values: list[float | None], changes: dict[str, Any], expected: str) -> None:
    assert state(values, **changes) == expected


def rate(expression: str, **values: float | None) -> str:
    """Return the state of an alarm on an expression, at or above 50."""
    sums = [
        {
            "Id": name,
            "ReturnData": False,
            "MetricStat": {
                "Metric": {"Namespace": "N", "MetricName": name, "Dimensions": []},
                "Period": 60,
                "Stat": "Sum",
            },
        }
        for name in values
    ]
    alarm = {
        "EvaluationPeriods": 1,
        "Threshold": 50.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Metrics": [{"Id": "rate", "Expression": expression, "ReturnData": True}, *sums],
    }

    def lookup(metric: Mapping[str, Any], end: float) -> float | None:
        return values[metric["Metric"]["MetricName"]]

    return state_of(alarm, lookup, 1000.0)


@pytest.mark.parametrize(
    ("good", "bad", "expected"),
    [(10, 10, "ALARM"), (11, 9, "OK"), (1, 1, "OK"), (None, 20, "ALARM"), (20, None, "OK"), (None, None, "OK")],
)
def test_metric_math(good: float | None, bad: float | None, expected: str) -> None:
    filled = "FILL(good, 0) + FILL(bad, 0)"
    expression = f"IF({filled} >= 20, 100 * FILL(bad, 0) / ({filled}), 0)"
    assert rate(expression, good=good, bad=bad) == expected


@pytest.mark.parametrize("expression", ["good + bad", "bad / good", "IF(good > 1, 100, 0)"])
def test_what_is_computed_with_a_missing_value_is_missing(expression: str) -> None:
    assert rate(expression, good=None, bad=100) == "INSUFFICIENT_DATA"


def test_a_division_by_nothing_is_missing() -> None:
    assert rate("bad / good", good=0, bad=100) == "INSUFFICIENT_DATA"


def test_metric_math_that_is_not_known_is_told() -> None:
    with pytest.raises(UnknownExpression, match="ANOMALY_DETECTION_BAND"):
        rate("ANOMALY_DETECTION_BAND(good, 2)", good=1)
