"""The state of an earlier commit, under the modules of today: what there is stays, at most under another address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.deployment import Deployment
from tools import ROOT

BEFORE_MODULES_FUNCTION = ROOT / "tests/states/before_modules_function"

IN_MODULES_FUNCTION = (
    "aws_cloudwatch_log_group.this",
    "aws_iam_role.this",
    "aws_iam_role_policy.this",
    "aws_lambda_function.this",
)

MADE_FOR_EACH_VERSION = {"aws_lambda_invocation", "aws_lambda_provisioned_concurrency_config"}
"""A bundle of another day is another version of the function: it is asked by the gate, and initialized, anew."""


@pytest.fixture(scope="module")
def changes(deploy: Callable[..., Deployment]) -> list[dict[str, Any]]:
    """The changes that today's modules plan on that state, in Terraform's JSON form.

    The state is taken at its word. What it tells of was in another AWS.
    """
    files = {
        "main.tf": (BEFORE_MODULES_FUNCTION / "main.tf").read_text(),
        "terraform.tfstate": (BEFORE_MODULES_FUNCTION / "state.json").read_text(),
    }
    return list(deploy("examples/upgrade", files).planned(refresh=False)["resource_changes"])


def test_an_upgrade_replaces_nothing_that_serves(changes: list[dict[str, Any]]) -> None:
    kept = {change["type"] for change in changes if not {"create", "delete"} & set(change["change"]["actions"])}
    assert {
        "aws_cloudwatch_log_group",
        "aws_dynamodb_table",
        "aws_ec2_client_vpn_endpoint",
        "aws_iam_role",
        "aws_iam_role_policy",
        "aws_lambda_alias",
        "aws_lambda_function",
        "aws_s3_object",
    } <= kept
    others = [change for change in changes if change["type"] not in MADE_FOR_EACH_VERSION]
    assert [
        (change["address"], change["change"]["actions"])
        for change in others
        if change["change"]["actions"] not in (["no-op"], ["update"], ["read"])
    ] == []


def test_an_upgrade_moves_what_modules_function_has_taken_over(changes: list[dict[str, Any]]) -> None:
    moved = {change["previous_address"]: change["address"] for change in changes if "previous_address" in change}
    assert moved == {
        f"{module}.{resource}": f"{module}.module.function.{resource}"
        for module in ("module.vpn.module.handler", "module.vpn.module.reauthorization[0]")
        for resource in IN_MODULES_FUNCTION
    }


@pytest.mark.slow
def test_an_upgrade_is_applied_as_moves_alone(minimal: Deployment) -> None:
    handler = "module.client_vpn.module.handler"
    minimal.rename_in_state({f"{handler}.module.function.{name}": f"{handler}.{name}" for name in IN_MODULES_FUNCTION})

    log = minimal.apply()

    assert [line for line in log if "Creating..." in line or "Destroying..." in line or "Modifying..." in line] == []
    assert sum("has moved to" in line for line in log) == len(IN_MODULES_FUNCTION)
    assert minimal.is_stable()
