"""The README's module is one that Terraform takes."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.e2e.deployment import Deployment
from tools import ROOT

VARIABLES = """
variable "rules" {}
variable "server_certificate_arn" {}
variable "saml_provider_arn" {}
"""


def test_the_quick_start_can_be_planned(deploy: Callable[..., Deployment], server_certificate_arn: str) -> None:
    (snippet,) = re.findall(r"```hcl\n(module .*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    source = re.compile(r'source *= *".*"')
    assert source.search(snippet)
    files = {"main.tf": source.sub('source = "../.."', snippet), "variables.tf": VARIABLES}

    plan = deploy("examples/readme", files).plan(
        rules=[{"name": "everybody", "effect": "allow"}],
        server_certificate_arn=server_certificate_arn,
        saml_provider_arn="arn:aws:iam::123456789012:saml-provider/corp",
    )

    created = {address.removeprefix("module.client_vpn.") for address in plan}
    assert 'module.endpoint["staff"].aws_ec2_client_vpn_endpoint.this' in created
    assert 'module.handler.aws_lambda_alias.this["staff"]' in created
    assert plan["module.client_vpn.module.handler.aws_lambda_function.this"]["after"]["function_name"] == (
        "AWSClientVPN-corp"
    )
