"""Fixtures of the end-to-end tests: AWS on this machine, and deployments to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from localaws import LocalAws

if TYPE_CHECKING:
    from tests.e2e.deployment import Deployment


@pytest.fixture(scope="module")
def deploy(
    local_aws: LocalAws, terraform_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Deployment]]:
    """Return the maker of deployments: it takes the root module's path in the project, and files to write into it."""
    from tests.e2e.deployment import Deployment

    environment = {**terraform_env, **local_aws.environment}
    with ExitStack() as deployments:

        def make(root: str, files: Mapping[str, str] | None = None) -> Deployment:
            folder = tmp_path_factory.mktemp("project")
            return deployments.enter_context(Deployment(folder, root, environment, files))

        yield make


@pytest.fixture(scope="module")
def server_certificate_arn(local_aws: LocalAws) -> str:
    """The ARN of a server certificate."""
    return local_aws.import_certificate("vpn.example.com")


@pytest.fixture(scope="module")
def client_certificate_arn(local_aws: LocalAws) -> str:
    """The ARN of the certificate authority of client certificates."""
    return local_aws.import_certificate("clients.example.com")


@pytest.fixture(scope="module")
def directory_id(local_aws: LocalAws) -> str:
    """The id of an Active Directory."""
    ec2 = local_aws.client("ec2")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]
    answer = local_aws.client("ds").create_microsoft_ad(
        Name="corp.example.com",
        Password="Passw0rd!",
        VpcSettings={"VpcId": vpc["VpcId"], "SubnetIds": [subnet["SubnetId"] for subnet in subnets[:2]]},
    )
    return str(answer["DirectoryId"])


@pytest.fixture(scope="module")
def minimal_stack(
    local_aws: LocalAws, deploy: Callable[[str], Deployment], server_certificate_arn: str
) -> Iterator[Deployment]:
    """The example `minimal`, applied; destroyed after the module's tests, which leaves nothing behind."""
    from tests.e2e.deployment import applied

    deployment = deploy("examples/minimal")
    with (deployment.folder / "terraform.tfvars").open("a") as tfvars:
        tfvars.write(f'server_certificate_arn = "{server_certificate_arn}"\n')
    with applied(local_aws, deployment):
        yield deployment


@pytest.fixture
def minimal(minimal_stack: Deployment) -> Iterator[Deployment]:
    """The example `minimal`, applied; a change of its terraform.tfvars, or of its variables, ends with the test."""
    minimal_stack.ensure()
    tfvars = minimal_stack.folder / "terraform.tfvars"
    text = tfvars.read_text()
    variables = dict(minimal_stack.variables)
    yield minimal_stack
    tfvars.write_text(text)
    minimal_stack.variables = variables
