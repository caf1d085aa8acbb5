"""What several modules of these tests use."""

from __future__ import annotations

import io
import textwrap
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.cloudwatch.models import MetricDatum, cloudwatch_backends

from localaws import LocalAws

MakeEndpoint = Callable[..., str]
MakeFunction = Callable[..., dict[str, Any]]

# Another account than the default one, so that a test may have a LocalAws of its own beside this.
ACCOUNT = "210987654321"


def make_zip(source: str, name: str = "app.py") -> bytes:
    """A bundle of one module."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(name, textwrap.dedent(source))
    return data.getvalue()


def eventually(look: Callable[[], Any], wanted: Any, seconds: float = 10.0) -> None:
    """Waits until what ``look`` returns is what is wanted."""
    deadline = time.monotonic() + seconds
    while (seen := look()) != wanted:
        if time.monotonic() > deadline:
            pytest.fail(f"still {seen!r} after {seconds} s, not {wanted!r}")
        time.sleep(0.02)


def refused(call: Callable[..., Any], *positional: Any, **arguments: Any) -> ClientError:
    """The error that AWS's API answers with."""
    with pytest.raises(ClientError) as refusal:
        call(*positional, **arguments)
    return refusal.value


def code(error: ClientError) -> str:
    """AWS's error code."""
    return str(error.response["Error"]["Code"])


def metric_sum(aws: LocalAws, namespace: str, name: str, dimensions: dict[str, str]) -> float:
    """The sum of a metric's values of the last minutes."""
    now = datetime.now(UTC)
    answer = aws.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(minutes=30),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in answer["Datapoints"]))


def metric_values(aws: LocalAws, namespace: str, name: str, dimensions: dict[str, str]) -> list[float]:
    """All values of a metric, in the order in which they were published."""
    backend = cloudwatch_backends[aws.settings.account_id][aws.settings.region]
    return [
        datum.value
        for datum in backend.metric_data
        if isinstance(datum, MetricDatum)
        and (datum.namespace, datum.name) == (namespace, name)
        and {one.name: one.value for one in datum.dimensions} == dimensions
    ]
