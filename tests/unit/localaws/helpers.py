"""What several modules of these tests use."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.cloudwatch.models import MetricDatum, cloudwatch_backends

from localaws import LocalAws
from tools.bundle import archive

MakeEndpoint = Callable[..., str]
MakeFunction = Callable[..., dict[str, Any]]

# Another account than the default one, so that a test may have a LocalAws of its own beside this.
ACCOUNT = "210987654321"


def make_zip(source: str, name: str = "app.py") -> bytes:
    """A bundle of one module."""
    return archive({name: textwrap.dedent(source).encode()})


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
