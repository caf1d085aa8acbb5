"""What state an alarm is in: its threshold against what has been published, as of a time.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

#: Value of a metric in the period that ends at a time, in seconds since 1970-01-01 UTC; None if there is none.
Lookup = Callable[[Mapping[str, Any], float], "float | None"]

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}


class UnknownExpression(Exception):
    """Metric math that is not known here; the text says what."""


def state_of(alarm: Mapping[str, Any], lookup: Lookup, at: float) -> str:
    """OK, ALARM or INSUFFICIENT_DATA, as of a time.

    Parameters
    ----------
    alarm
        As DescribeAlarms answers it.
    lookup
        Finds a metric's value: it is asked with a ``MetricStat`` of the API.
    at
        Seconds since 1970-01-01 UTC. The period that ends then is the last that is looked at.
    """
    period = _period(alarm)
    periods = [at - number * period for number in range(alarm["EvaluationPeriods"])]
    values = [_value(alarm, lookup, end) for end in periods]
    breaches = _COMPARISONS[alarm["ComparisonOperator"]]
    needed = alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"]
    treat_missing = alarm.get("TreatMissingData", "missing")
    if all(value is None for value in values) and treat_missing in ("missing", "ignore"):
        return "INSUFFICIENT_DATA"
    bad = sum(
        treat_missing == "breaching" if value is None else breaches(value, alarm["Threshold"]) for value in values
    )
    return "ALARM" if bad >= needed else "OK"


def _period(alarm: Mapping[str, Any]) -> int:
    queries = [query["MetricStat"]["Period"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
    return int(queries[0] if queries else alarm["Period"])


def _value(alarm: Mapping[str, Any], lookup: Lookup, end: float) -> float | None:
    if not alarm.get("Metrics"):
        metric = {
            "Metric": {
                "Namespace": alarm["Namespace"],
                "MetricName": alarm["MetricName"],
                "Dimensions": alarm.get("Dimensions", []),
            },
            "Period": alarm["Period"],
            "Stat": alarm["Statistic"],
        }
        return lookup(metric, end)
    queries = {query["Id"]: query for query in alarm["Metrics"]}
    (returned,) = [query for query in alarm["Metrics"] if query.get("ReturnData", True)]
    return _query(queries, returned["Id"], lookup, end)


def _query(queries: Mapping[str, Any], name: str, lookup: Lookup, end: float) -> float | None:
    query = queries[name]
    if "MetricStat" in query:
        return lookup(query["MetricStat"], end)
    expression = ast.parse(query["Expression"], mode="eval").body
    return _evaluate(expression, lambda other: _query(queries, other, lookup, end))


def _evaluate(node: ast.expr, value_of: Callable[[str], float | None]) -> float | None:
    """Metric math, which reads like Python: what is computed with a value that is missing is missing."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return value_of(name)
        case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
            values = [_evaluate(side, value_of) for side in (left, right)]
            if values[0] is None or values[1] is None or (isinstance(op, ast.Div) and values[1] == 0):
                return None
            return float(_OPERATORS[type(op)](values[0], values[1]))
        case ast.Call(func=ast.Name(id="FILL"), args=[filled, instead]):
            value = _evaluate(filled, value_of)
            return _evaluate(instead, value_of) if value is None else value
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            chosen = _evaluate(condition, value_of)
            return None if chosen is None else _evaluate(then if chosen else otherwise, value_of)
    raise UnknownExpression(ast.unparse(node))
