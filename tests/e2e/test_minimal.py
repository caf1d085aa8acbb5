"""The minimal example: from terraform.tfvars to a decision, through a change of policy, until nothing is left."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from localaws import ConnectionAttempt, LocalAws
from tests.e2e.deployment import Deployment, TerraformFailed

OFFICE = "198.51.100.7"
HANDLER = "module.client_vpn.module.handler"


# Looked at before all else: nothing else of the module has been made then.
@pytest.fixture(scope="module", autouse=True)
def empty_account(local_aws: LocalAws, server_certificate_arn: str) -> list[str]:
    """Return what is there before the example is applied."""
    return local_aws.leftovers()


def connect(local_aws: LocalAws, minimal: Deployment, **attributes: Any) -> ConnectionAttempt:
    return local_aws.connect(
        minimal.outputs["endpoint_id"],
        **{
            "username": "sam@example.com",
            "groups": ["engineering"],
            "platform": "mac",
            "public_ip": "203.0.113.5",
            "client_openvpn_version": "2.6.12",
            "aws_client_version": "5.3.4",
            **attributes,
        },
    )


def decision(attempt: ConnectionAttempt) -> dict[str, Any]:
    """Return the decision log's line of an attempt."""
    (line,) = [line for line in attempt.function_log if line.startswith("{")]
    return dict(json.loads(line))


def test_a_second_plan_has_nothing_to_do(minimal: Deployment) -> None:
    assert minimal.is_stable()


@pytest.mark.parametrize(
    ("attributes", "reason", "rule"),
    [
        ({}, "allow-rule", "staff"),
        ({"groups": ["Ops-Berlin"]}, "allow-rule", "staff"),
        ({"groups": ["contractors"], "public_ip": OFFICE}, "allow-rule", "contractors-from-the-office"),
        ({"groups": ["contractors"]}, "implicit-deny", None),
        ({"groups": []}, "implicit-deny", None),
        ({"platform": "win", "platform_version": "10.0.22631"}, "allow-rule", "staff"),
        ({"platform": "win", "platform_version": "10.0.17763"}, "explicit-deny", "outdated-windows"),
        # A device that does not say how old it is counts as outdated.
        ({"platform": "win", "platform_version": ""}, "explicit-deny", "outdated-windows"),
    ],
)
def test_the_policy_in_tfvars_decides(
    local_aws: LocalAws, minimal: Deployment, attributes: dict[str, Any], reason: str, rule: str | None
) -> None:
    attempt = connect(local_aws, minimal, **attributes)

    assert attempt.allowed == (reason == "allow-rule")
    assert (decision(attempt)["reason"], decision(attempt)["rule"]) == (reason, rule)


def test_a_denied_user_is_shown_the_message_of_the_rule(local_aws: LocalAws, minimal: Deployment) -> None:
    attempt = connect(local_aws, minimal, platform="win", platform_version="10.0.17763")

    assert attempt.failure_reason == "client-connect-failed"
    assert attempt.message == f"Update Windows to 22H2 or newer, then connect again. ({attempt.connection_id})"


@pytest.mark.parametrize(
    ("version", "status"), [("5.3.4", "current-client"), ("5.2.9", "other-client"), ("", "other-client")]
)
def test_posture_rules_assign_statuses(local_aws: LocalAws, minimal: Deployment, version: str, status: str) -> None:
    assert connect(local_aws, minimal, aws_client_version=version).posture_compliance_statuses == [status]


def test_the_endpoint_calls_the_alias_that_has_its_key(local_aws: LocalAws, minimal: Deployment) -> None:
    assert decision(connect(local_aws, minimal))["alias"] == "staff"


def test_the_decision_log_names_the_digest_that_is_an_output(local_aws: LocalAws, minimal: Deployment) -> None:
    assert decision(connect(local_aws, minimal))["policy_digest"] == minimal.outputs["policy_digest"]


def test_the_function_is_the_bundle_and_the_environment_holds_the_policy_alone(
    local_aws: LocalAws, minimal: Deployment
) -> None:
    function = local_aws.client("lambda").get_function(FunctionName=minimal.outputs["alias_arns"]["staff"])[
        "Configuration"
    ]

    bundle = (minimal.folder / "../../modules/handler/connect_handler.zip").read_bytes()
    assert function["CodeSize"] == len(bundle)
    document = function["Environment"]["Variables"].pop("POLICY")
    assert function["Environment"]["Variables"] == {}
    assert hashlib.sha256(document.encode()).hexdigest() == minimal.outputs["policy_digest"]


def test_the_role_may_write_the_log_group_and_no_more(local_aws: LocalAws, minimal: Deployment) -> None:
    iam = local_aws.client("iam")
    role = local_aws.client("lambda").get_function(FunctionName=minimal.outputs["function_name"])["Configuration"][
        "Role"
    ]
    name = role.rpartition("/")[2]

    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["handler"]
    policy = iam.get_role_policy(RoleName=name, PolicyName="handler")["PolicyDocument"]
    log_group = f"arn:aws:logs:eu-central-1:123456789012:log-group:{minimal.outputs['log_group_name']}:*"
    assert [(statement["Action"], statement["Resource"]) for statement in policy["Statement"]] == [
        (["logs:CreateLogStream", "logs:PutLogEvents"], log_group)
    ]


def test_a_mistyped_key_stops_the_plan_and_is_named(minimal: Deployment) -> None:
    rules = [{"name": "staff", "effect": "allow", "when": {"gruops": ["engineering"]}}]

    with pytest.raises(TerraformFailed, match=r"staff.*gruops.*groups"):
        minimal.plan(rules=rules)


def test_a_change_in_tfvars_publishes_a_version_and_moves_the_aliases_and_leaves_the_endpoint_alone(
    local_aws: LocalAws, minimal: Deployment
) -> None:
    before = describe_endpoint(local_aws, minimal)
    assert connect(local_aws, minimal).allowed
    version = int(minimal.outputs["function_version"])
    minimal.change_file("terraform.tfvars", '"engineering", ', "")
    minimal.change_file("terraform.tfvars", 'effect = "allow", rule = "staff"', 'effect = "deny"')

    assert set(minimal.plan()) == {
        f"{HANDLER}.aws_lambda_function.this",
        f"{HANDLER}.aws_lambda_invocation.gate[0]",
        f'{HANDLER}.aws_lambda_alias.this["live"]',
        f'{HANDLER}.aws_lambda_alias.this["staff"]',
        "output.function_version",
        "output.policy_digest",
    }
    minimal.apply()

    assert int(minimal.outputs["function_version"]) == version + 1
    assert versions_of_aliases(local_aws, minimal) == {"live": str(version + 1), "staff": str(version + 1)}
    assert describe_endpoint(local_aws, minimal) == before
    attempt = connect(local_aws, minimal)
    assert (attempt.allowed, decision(attempt)["function_version"]) == (False, str(version + 1))
    assert minimal.is_stable()


# The last one, because it takes what the others use.
def test_destroying_leaves_nothing_behind(local_aws: LocalAws, minimal: Deployment, empty_account: list[str]) -> None:
    assert local_aws.leftovers() != empty_account

    minimal.destroy()

    assert local_aws.leftovers() == empty_account


def describe_endpoint(local_aws: LocalAws, minimal: Deployment) -> dict[str, Any]:
    (endpoint,) = local_aws.client("ec2").describe_client_vpn_endpoints(
        ClientVpnEndpointIds=[minimal.outputs["endpoint_id"]]
    )["ClientVpnEndpoints"]
    return dict(endpoint)


def versions_of_aliases(local_aws: LocalAws, minimal: Deployment) -> dict[str, str]:
    aliases = local_aws.client("lambda").list_aliases(FunctionName=minimal.outputs["function_name"])["Aliases"]
    return {alias["Name"]: alias["FunctionVersion"] for alias in aliases}
