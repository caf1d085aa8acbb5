"""The example for an existing endpoint, which takes the function's ARN from the output."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from localaws import LocalAws
from tests.e2e.deployment import Deployment, applied

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def endpoint_id(local_aws: LocalAws, server_certificate_arn: str, client_certificate_arn: str) -> str:
    """The id of an endpoint that Terraform knows nothing of."""
    endpoint = local_aws.client("ec2").create_client_vpn_endpoint(
        ClientCidrBlock="10.255.0.0/22",
        ServerCertificateArn=server_certificate_arn,
        AuthenticationOptions=[
            {
                "Type": "certificate-authentication",
                "MutualAuthentication": {"ClientRootCertificateChainArn": client_certificate_arn},
            }
        ],
        ConnectionLogOptions={"Enabled": False},
    )
    return str(endpoint["ClientVpnEndpointId"])


@pytest.fixture(scope="module", autouse=True)
def example(local_aws: LocalAws, deploy: Callable[[str], Deployment], endpoint_id: str) -> Iterator[Deployment]:
    """The example, applied; destroying it leaves the endpoint alone and nothing else behind."""
    with applied(local_aws, deploy("examples/existing-endpoint")) as deployment:
        local_aws.client("ec2").modify_client_vpn_endpoint(
            ClientVpnEndpointId=endpoint_id,
            ClientConnectOptions={"Enabled": True, "LambdaFunctionArn": deployment.outputs["lambda_function_arn"]},
        )
        yield deployment


def test_a_device_that_the_policy_allows_connects(local_aws: LocalAws, endpoint_id: str) -> None:
    attempt = local_aws.connect(endpoint_id, common_name="laptop-0001.example.com", platform="win")

    assert attempt.allowed
    assert attempt.request is not None


def test_a_device_that_the_policy_denies_is_told_why(local_aws: LocalAws, endpoint_id: str) -> None:
    attempt = local_aws.connect(endpoint_id, common_name="laptop-0042.example.com", platform="win")

    assert (attempt.allowed, attempt.message) == (
        False,
        "This device has been reported lost. Call the service desk.",
    )


def test_a_device_that_the_policy_does_not_know_is_denied(local_aws: LocalAws, endpoint_id: str) -> None:
    assert not local_aws.connect(endpoint_id, common_name="tablet-1.example.com", platform="ios").allowed


def test_a_second_plan_has_nothing_to_do(example: Deployment) -> None:
    assert example.is_stable()
