"""A LocalAws for each module of tests, and small functions and endpoints to try it with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from localaws import LocalAws
from tests.unit.localaws.helpers import ACCOUNT, eventually, make_zip


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(account_id=ACCOUNT, transition_seconds=0.15) as running:
        yield running


@pytest.fixture(scope="module")
def ec2(aws: LocalAws) -> Any:
    return aws.client("ec2")


@pytest.fixture(scope="module")
def functions(aws: LocalAws) -> Any:
    """boto3's Lambda client; what is throttled is not tried again."""
    from botocore.config import Config

    return aws.client("lambda", config=Config(retries={"total_max_attempts": 1}, max_pool_connections=50))


@pytest.fixture(scope="module")
def certificate_arn(aws: LocalAws) -> str:
    return aws.import_certificate("vpn.example.com")


@pytest.fixture(scope="module")
def role_arn(aws: LocalAws) -> str:
    answer = aws.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument="{}")
    return str(answer["Role"]["Arn"])


@pytest.fixture
def make_function(functions: Any, role_arn: str) -> Iterator[Callable[..., dict[str, Any]]]:
    """Creates functions of a source text, published; they are deleted after the test."""
    made: list[str] = []

    def make(source: str, name: str = "AWSClientVPN-test", **arguments: Any) -> dict[str, Any]:
        created: dict[str, Any] = functions.create_function(
            **{
                "FunctionName": name,
                "Runtime": "python3.13",
                "Role": role_arn,
                "Handler": "app.handler",
                "Code": {"ZipFile": make_zip(source)},
                "Publish": True,
                **arguments,
            }
        )
        made.append(name)
        return created

    yield make
    for name in made:
        functions.delete_function(FunctionName=name)


@pytest.fixture
def make_endpoint(ec2: Any, certificate_arn: str) -> Iterator[Callable[..., str]]:
    """Creates endpoints with mutual authentication, unless said otherwise; they are deleted after the test."""
    made: list[str] = []

    def make(**arguments: Any) -> str:
        answer = ec2.create_client_vpn_endpoint(
            **{
                "ClientCidrBlock": "10.100.0.0/22",
                "ServerCertificateArn": certificate_arn,
                "AuthenticationOptions": [
                    {
                        "Type": "certificate-authentication",
                        "MutualAuthentication": {"ClientRootCertificateChainArn": certificate_arn},
                    }
                ],
                "ConnectionLogOptions": {"Enabled": False},
                **arguments,
            }
        )
        made.append(answer["ClientVpnEndpointId"])
        return made[-1]

    yield make
    endpoints = ec2.describe_client_vpn_endpoints()["ClientVpnEndpoints"]
    # One that is being deleted may be gone by the time it is its turn.
    present = {one["ClientVpnEndpointId"] for one in endpoints if one["Status"]["Code"] != "deleting"}
    for endpoint_id in present.intersection(made):
        networks = ec2.describe_client_vpn_target_networks(ClientVpnEndpointId=endpoint_id)
        for network in networks["ClientVpnTargetNetworks"]:
            ec2.disassociate_client_vpn_target_network(
                ClientVpnEndpointId=endpoint_id, AssociationId=network["AssociationId"]
            )
        eventually(
            lambda endpoint_id=endpoint_id: ec2.describe_client_vpn_target_networks(  # type: ignore[misc]
                ClientVpnEndpointId=endpoint_id
            )["ClientVpnTargetNetworks"],
            [],
        )
        ec2.delete_client_vpn_endpoint(ClientVpnEndpointId=endpoint_id)


@pytest.fixture
def make_directory(aws: LocalAws, ec2: Any) -> Callable[[], str]:
    """Creates an AWS Managed Microsoft AD and returns its ID."""

    def make() -> str:
        vpc_id = ec2.create_vpc(CidrBlock="10.60.0.0/16")["Vpc"]["VpcId"]
        zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]][:2]
        subnets = [
            ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.60.{number}.0/24", AvailabilityZone=zone)["Subnet"][
                "SubnetId"
            ]
            for number, zone in enumerate(zones)
        ]
        answer = aws.client("ds").create_microsoft_ad(
            Name="corp.example.com",
            Password="Passw0rd!",
            VpcSettings={"VpcId": vpc_id, "SubnetIds": subnets},
        )
        return str(answer["DirectoryId"])

    return make
