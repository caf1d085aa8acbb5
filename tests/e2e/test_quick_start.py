"""The README's module: Terraform takes it, and its plan says what has to wait for what."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.deployment import Deployment
from tools import ROOT

VARIABLES = """
variable "rules" {}
variable "server_certificate_arn" {}
variable "saml_provider_arn" {}
"""

NETWORK = {
    "aws_ec2_client_vpn_network_association.this",
    "aws_ec2_client_vpn_authorization_rule.this",
    "aws_ec2_client_vpn_route.this",
}
PROVISIONED = [
    "aws_lambda_provisioned_concurrency_config.this",
    "aws_lambda_provisioned_concurrency_config.scaled",
]
STORED_POLICY = ["aws_s3_object.policy", "aws_iam_role_policy.stored_policy"]
TABLES = ["aws_iam_role_policy.device_inventory", "aws_iam_role_policy.connections"]
"""Permissions for what the policy looks at."""


@pytest.fixture(scope="module")
def plan(deploy: Callable[..., Deployment], server_certificate_arn: str) -> dict[str, Any]:
    """The plan of the README's module, in Terraform's JSON form."""
    (snippet,) = re.findall(r"```hcl\n(module .*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    source = re.compile(r'source *= *".*"')
    assert source.search(snippet)
    files = {"main.tf": source.sub('source = "../.."', snippet), "variables.tf": VARIABLES}
    return deploy("examples/readme", files).planned(
        rules=[{"name": "everybody", "effect": "allow"}],
        server_certificate_arn=server_certificate_arn,
        saml_provider_arn="arn:aws:iam::123456789012:saml-provider/corp",
    )


@pytest.fixture(scope="module")
def modules(plan: dict[str, Any]) -> dict[str, Any]:
    """Return the modules' configurations, in Terraform's JSON form, by name."""
    root = plan["configuration"]["root_module"]["module_calls"]["client_vpn"]["module"]
    return {name: call["module"] for name, call in root["module_calls"].items()}


def resource(module: dict[str, Any], address: str) -> dict[str, Any]:
    (found,) = [found for found in module["resources"] if found["address"] == address]
    return dict(found)


def test_the_quick_start_can_be_planned(plan: dict[str, Any]) -> None:
    created = {
        change["address"].removeprefix("module.client_vpn."): change["change"]["after"]
        for change in plan["resource_changes"]
        if change["change"]["actions"] == ["create"]
    }
    assert 'module.endpoint["staff"].aws_ec2_client_vpn_endpoint.this' in created
    assert 'module.handler.aws_lambda_alias.this["staff"]' in created
    assert created["module.handler.module.function.aws_lambda_function.this"]["function_name"] == "AWSClientVPN-corp"


@pytest.mark.parametrize("output", ["id", "arn", "dns_name"])
def test_an_endpoint_is_named_once_it_can_be_used(modules: dict[str, Any], output: str) -> None:
    assert set(modules["endpoint"]["outputs"][output]["depends_on"]) == NETWORK


@pytest.mark.parametrize("output", ["lambda_function_arn", "alias_arns"])
def test_an_alias_is_named_once_client_vpn_may_invoke_it(modules: dict[str, Any], output: str) -> None:
    assert modules["handler"]["outputs"][output]["depends_on"] == ["aws_iam_service_linked_role.this"]


@pytest.mark.parametrize("output", ["function_name", "function_arn", "version"])
def test_the_function_is_named_once_its_aliases_serve_the_version(modules: dict[str, Any], output: str) -> None:
    assert modules["handler"]["outputs"][output]["depends_on"] == ["aws_lambda_alias.this"]


def test_the_function_comes_after_its_permissions(modules: dict[str, Any]) -> None:
    call = modules["handler"]["module_calls"]["function"]
    function = resource(call["module"], "aws_lambda_function.this")
    assert function["depends_on"] == ["aws_iam_role_policy.this", "var.role_policies"]
    assert call["expressions"]["role_policies"]["references"] == ["aws_iam_role_policy.stored_policy", *TABLES]


def test_aliases_move_to_versions_that_have_passed_the_gate_and_are_initialized(modules: dict[str, Any]) -> None:
    alias = resource(modules["handler"], "aws_lambda_alias.this")
    assert alias["depends_on"] == ["aws_lambda_invocation.gate", *PROVISIONED, *STORED_POLICY, *TABLES]


@pytest.mark.parametrize("address", PROVISIONED)
def test_versions_are_initialized_once_they_have_passed_the_gate(modules: dict[str, Any], address: str) -> None:
    assert resource(modules["handler"], address)["depends_on"] == ["aws_lambda_invocation.gate"]


def test_authorization_rules_and_routes_come_after_the_associations(modules: dict[str, Any]) -> None:
    association = "aws_ec2_client_vpn_network_association.this"
    assert resource(modules["endpoint"], "aws_ec2_client_vpn_authorization_rule.this")["depends_on"] == [association]
    route = resource(modules["endpoint"], "aws_ec2_client_vpn_route.this")
    assert association in route["expressions"]["target_vpc_subnet_id"]["references"]
