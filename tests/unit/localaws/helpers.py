"""What several modules of these tests use."""

from __future__ import annotations

import io
import json
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


def endpoint_with_handler(
    aws: LocalAws, bundle: bytes, name: str, *, client_cidr_block: str = "10.100.0.0/22", **function: Any
) -> str:
    """The id of a new endpoint with mutual authentication, whose connection log is in the log group "connections".

    Its handler is a new function of that name; the other arguments are CreateFunction's.
    """
    role = aws.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    arguments = {
        "FunctionName": name,
        "Runtime": "python3.13",
        "Role": role,
        "Handler": "app.handler",
        "Code": {"ZipFile": bundle},
        **function,
    }
    function_arn = aws.client("lambda").create_function(**arguments)["FunctionArn"]
    aws.client("logs").create_log_group(logGroupName="connections")
    certificate_arn = aws.import_certificate("vpn.example.com")
    mutual = {"ClientRootCertificateChainArn": certificate_arn}
    endpoint = aws.client("ec2").create_client_vpn_endpoint(
        ClientCidrBlock=client_cidr_block,
        ServerCertificateArn=certificate_arn,
        AuthenticationOptions=[{"Type": "certificate-authentication", "MutualAuthentication": mutual}],
        ConnectionLogOptions={"Enabled": True, "CloudwatchLogGroup": "connections"},
        ClientConnectOptions={"Enabled": True, "LambdaFunctionArn": function_arn},
    )
    return str(endpoint["ClientVpnEndpointId"])


def connection_log(aws: LocalAws) -> list[dict[str, Any]]:
    """The events in the log group "connections"."""
    pages = aws.client("logs").get_paginator("filter_log_events").paginate(logGroupName="connections")
    return [json.loads(event["message"]) for page in pages for event in page["events"]]


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
