"""The minimal example: from terraform.tfvars to a decision, and through a change of policy that a replay foretells."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from localaws import ConnectionAttempt, LocalAws
from tests.e2e.deployment import Deployment, TerraformFailed
from tests.unit.cvpn.running import cvpn

OFFICE = "198.51.100.7"
HANDLER = "module.client_vpn.module.handler"

CLIENTS: list[dict[str, Any]] = [
    {"username": f"{group}-{kind}-{number}@example.com", "groups": [group], "platform": platform, **attributes}
    for group in ("engineering", "ops-berlin", "contractors", "sales")
    for kind, (platform, attributes) in enumerate(
        (
            ("mac", {"aws_client_version": "5.3.4"}),
            ("win", {"platform_version": "10.0.22631", "aws_client_version": "5.2.0"}),
            ("win", {"platform_version": "10.0.17763"}),
            ("linux", {"public_ip": "198.51.100.7"}),
        )
    )
    for number in range(2)
]

CHANGES = [
    # Older Windows is let in again; the operators are not; contractors are from wherever they come.
    ('"< 10.0.19045"', '"< 10.0.17000"'),
    ('groups = ["engineering", "ops-*"]', 'groups = ["engineering"]'),
    (', public_ip = ["198.51.100.0/24"]', ""),
    ('">= 5.3"', '">= 5.2"'),
]


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


@pytest.fixture
def aws_environment(local_aws: LocalAws) -> Iterator[None]:
    with mock.patch.dict(os.environ, local_aws.environment):
        yield


def connect_all(local_aws: LocalAws, minimal: Deployment) -> list[ConnectionAttempt]:
    endpoint = minimal.outputs["endpoint_id"]
    return [local_aws.connect(endpoint, **{"public_ip": "203.0.113.5", **client}) for client in CLIENTS]


def decided(attempt: ConnectionAttempt) -> tuple[bool, str | None, list[str]]:
    (line,) = [json.loads(line) for line in attempt.function_log if line.startswith("{")]
    return attempt.allowed, line["rule"], attempt.posture_compliance_statuses


@pytest.mark.usefixtures("aws_environment")
def test_a_change_in_tfvars_publishes_a_version_that_decides_as_a_replay_has_foretold_and_leaves_the_endpoint_alone(
    local_aws: LocalAws, minimal: Deployment
) -> None:
    endpoint = describe_endpoint(local_aws, minimal)
    version = int(minimal.outputs["function_version"])
    tfvars = minimal.folder / "terraform.tfvars"
    started_at = datetime.now(UTC).isoformat()
    replay = ("replay", "--log-group", minimal.outputs["log_group_name"], "--since", started_at, "-o", "json")
    before = connect_all(local_aws, minimal)
    # The policy that is deployed, in its file and in the function, has decided all of them.
    assert cvpn(*replay, "-p", tfvars).json["same"] == len(CLIENTS)
    deployed = cvpn(*replay, "--function", minimal.outputs["function_name"]).json
    assert (deployed["same"], deployed["policy_digest"]) == (len(CLIENTS), minimal.outputs["policy_digest"])

    # An old Windows is meant to be let in.
    minimal.variables["policy_tests"] = []
    for old, new in CHANGES:
        minimal.change_file("terraform.tfvars", old, new)
    assert cvpn("validate", tfvars).status == 0
    result = cvpn(*replay, "-p", tfvars)
    assert (result.status, result.err) == (2, "")
    assert set(minimal.plan()) == {
        f"{HANDLER}.module.function.aws_lambda_function.this",
        f"{HANDLER}.aws_lambda_invocation.gate[0]",
        f'{HANDLER}.aws_lambda_alias.this["live"]',
        f'{HANDLER}.aws_lambda_alias.this["staff"]',
        "output.function_version",
        "output.policy_digest",
    }
    changed_at = datetime.now(UTC).isoformat()
    minimal.apply()
    assert int(minimal.outputs["function_version"]) == version + 1
    assert versions_of_aliases(local_aws, minimal) == {"live": str(version + 1), "staff": str(version + 1)}
    assert describe_endpoint(local_aws, minimal) == endpoint
    after = connect_all(local_aws, minimal)
    assert {decision(attempt)["function_version"] for attempt in after} == {str(version + 1)}

    foretold = {
        group["user"]: (
            (group["before"]["effect"] == "allow", group["before"]["rule"], group["before"]["posture"]),
            (group["after"]["effect"] == "allow", group["after"]["rule"], group["after"]["posture"]),
        )
        for group in result.json["groups"]
    }
    happened = {
        client["username"]: (decided(was), decided(now))
        for client, was, now in zip(CLIENTS, before, after, strict=True)
        if decided(was) != decided(now)
    }
    assert foretold == happened
    allowed = [(was.allowed, now.allowed) for was, now in zip(before, after, strict=True)]
    assert result.json["changed"]["allow->deny"] == allowed.count((True, False)) > 0
    assert result.json["changed"]["deny->allow"] == allowed.count((False, True)) > 0
    assert result.json["changed"]["rule"] + result.json["changed"]["posture"] > 0

    # What has been decided since is what the new policy says; the digest tells which one that was.
    again = cvpn(*replay[:3], "--since", changed_at, "-o", "json", "-p", tfvars).json
    assert again["same"] == again["decisions"] == len(CLIENTS)
    assert again["policy_digest"] == result.json["policy_digest"] == minimal.outputs["policy_digest"]


@pytest.mark.usefixtures("aws_environment")
def test_one_connection_is_explained_by_its_id(local_aws: LocalAws, minimal: Deployment) -> None:
    attempt = local_aws.connect(minimal.outputs["endpoint_id"], username="x", groups=["sales"], platform="mac")
    line = "\n".join(attempt.function_log).encode()
    result = cvpn("explain", "--function", minimal.outputs["function_name"], "-", stdin=line)
    assert result.status == 2
    assert '- rule "staff" (allow)' in result.out
    assert 'ALLOW by "staff" if when.groups of "staff" held.' in result.out


@pytest.mark.slow
def test_the_plan_of_a_change_is_a_policy_too(minimal: Deployment, tmp_path: Path) -> None:
    document = minimal.planned()
    (tmp_path / "plan.json").write_text(json.dumps(document))
    result = cvpn("validate", tmp_path / "plan.json", "-o", "json")
    assert (result.status, result.json["policy_digest"]) == (0, minimal.outputs["policy_digest"])


def describe_endpoint(local_aws: LocalAws, minimal: Deployment) -> dict[str, Any]:
    (endpoint,) = local_aws.client("ec2").describe_client_vpn_endpoints(
        ClientVpnEndpointIds=[minimal.outputs["endpoint_id"]]
    )["ClientVpnEndpoints"]
    return dict(endpoint)


def versions_of_aliases(local_aws: LocalAws, minimal: Deployment) -> dict[str, str]:
    aliases = local_aws.client("lambda").list_aliases(FunctionName=minimal.outputs["function_name"])["Aliases"]
    return {alias["Name"]: alias["FunctionVersion"] for alias in aliases}
