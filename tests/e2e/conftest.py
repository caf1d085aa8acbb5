"""Fixtures of the end-to-end tests: AWS on this machine, and deployments to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from localaws import LocalAws

if TYPE_CHECKING:
    from tests.e2e.deployment import Deployment


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """AWS on this machine, shared by the tests of a module."""
    with LocalAws(region="eu-central-1") as local_aws:
        yield local_aws


@pytest.fixture(scope="module")
def deploy(
    aws: LocalAws, terraform_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Deployment]:
    """Return the maker of deployments: it takes the root module's path in the project."""
    from tests.e2e.deployment import Deployment

    return lambda root: Deployment(tmp_path_factory.mktemp("project"), root, {**terraform_env, **aws.environment})


@pytest.fixture(scope="module")
def server_certificate_arn(aws: LocalAws) -> str:
    """The ARN of a server certificate."""
    from tests.e2e.deployment import import_certificate

    return import_certificate(aws, "vpn.example.com")


@pytest.fixture(scope="module")
def client_certificate_arn(aws: LocalAws) -> str:
    """The ARN of the certificate authority of client certificates."""
    from tests.e2e.deployment import import_certificate

    return import_certificate(aws, "Clients of example.com")


@pytest.fixture(scope="module")
def directory_id(aws: LocalAws) -> str:
    """The id of an Active Directory."""
    ec2 = aws.client("ec2")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]
    answer = aws.client("ds").create_microsoft_ad(
        Name="corp.example.com",
        Password="Passw0rd!",
        VpcSettings={"VpcId": vpc["VpcId"], "SubnetIds": [subnet["SubnetId"] for subnet in subnets[:2]]},
    )
    return str(answer["DirectoryId"])
