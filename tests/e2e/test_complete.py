"""The complete example: every way of authentication, associations, authorization rules and routes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from localaws import LocalAws
from tests.e2e.deployment import Deployment, applied

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def variables(server_certificate_arn: str, client_certificate_arn: str, directory_id: str) -> dict[str, str]:
    return {
        "server_certificate_arn": server_certificate_arn,
        "client_certificate_arn": client_certificate_arn,
        "directory_id": directory_id,
        "log_redact_key": "correct horse battery staple",
    }


@pytest.fixture(scope="module")
def complete(
    local_aws: LocalAws, deploy: Callable[[str], Deployment], variables: dict[str, str]
) -> Iterator[Deployment]:
    """The example, applied; destroyed after the module's tests, which leaves nothing behind."""
    with applied(local_aws, deploy("examples/complete"), **variables) as deployment:
        yield deployment


def test_a_second_plan_has_nothing_to_do(complete: Deployment, variables: dict[str, str]) -> None:
    assert complete.is_stable(**variables)


def test_endpoints_have_their_associations_rules_and_routes(local_aws: LocalAws, complete: Deployment) -> None:
    ec2 = local_aws.client("ec2")
    ids = complete.outputs["endpoint_ids"]
    assert set(ids) == {"staff", "partners", "domain"}
    staff = {"ClientVpnEndpointId": ids["staff"]}

    networks = ec2.describe_client_vpn_target_networks(**staff)["ClientVpnTargetNetworks"]
    assert [network["Status"]["Code"] for network in networks] == ["associated", "associated"]
    rules = ec2.describe_client_vpn_authorization_rules(**staff)["AuthorizationRules"]
    assert {(rule["DestinationCidr"], rule["AccessAll"], rule["Status"]["Code"]) for rule in rules} == {
        ("10.64.0.0/16", True, "active"),
        ("10.99.0.0/16", False, "active"),
    }
    routes = ec2.describe_client_vpn_routes(**staff)["Routes"]
    assert ("10.99.0.0/16", "active") in {(route["DestinationCidr"], route["Status"]["Code"]) for route in routes}


def test_the_handler_is_in_force_when_the_apply_ends(local_aws: LocalAws, complete: Deployment) -> None:
    ids = list(complete.outputs["endpoint_ids"].values())
    endpoints = local_aws.client("ec2").describe_client_vpn_endpoints(ClientVpnEndpointIds=ids)["ClientVpnEndpoints"]

    # The provider does not wait for this when it creates an endpoint; its associations come later and take minutes.
    assert [endpoint["ClientConnectOptions"]["Status"]["Code"] for endpoint in endpoints] == ["applied"] * 3


@pytest.mark.parametrize(
    ("endpoint", "attributes", "allowed"),
    [
        ("staff", {"username": "sam@example.com", "groups": ["sales"], "common_name": "laptop-0001.example.com"}, True),
        (
            "staff",
            {"username": "sam@example.com", "groups": ["sales"], "common_name": "laptop-0042.example.com"},
            False,
        ),
        (
            "staff",
            {"username": "alex@example.com", "groups": ["sales"], "common_name": "laptop-0001.example.com"},
            False,
        ),
        ("domain", {"username": "EXAMPLE\\sam", "groups": ["Domain Admins", "VPN"]}, True),
        ("domain", {"username": "EXAMPLE\\sam", "groups": ["VPN"]}, False),
        ("partners", {"common_name": "sam.example.com", "public_ip": "198.51.100.7"}, False),
    ],
)
def test_one_policy_decides_for_every_endpoint(
    local_aws: LocalAws, complete: Deployment, endpoint: str, attributes: dict[str, object], allowed: bool
) -> None:
    attempt = local_aws.connect(complete.outputs["endpoint_ids"][endpoint], platform="mac", **attributes)

    assert attempt.failure_reason in (None, "client-connect-failed")
    assert attempt.allowed == allowed


def test_the_log_hides_who_it_was(local_aws: LocalAws, complete: Deployment) -> None:
    attempt = local_aws.connect(complete.outputs["endpoint_ids"]["staff"], username="alex@example.com", platform="mac")
    (line,) = [json.loads(text) for text in attempt.function_log if text.startswith("{")]
    assert line["rule"] == "leavers"
    assert line["request"]["username"].startswith("redacted:")
    assert "alex@example.com" not in json.dumps(line)


def test_alarms_dashboard_queries_and_scaling_are_there(local_aws: LocalAws, complete: Deployment) -> None:
    alarms = local_aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    names = {alarm["AlarmName"].removeprefix("AWSClientVPN-complete-") for alarm in alarms}
    # Six failures and three alarms on invocations for each endpoint, one identity provider, six of the function.
    assert len(names) == 3 * (6 + 3) + 1 + 6
    assert {"handler-timeouts-domain", "idp-certificate-expiry-staff", "denial-rate", "duration-partners"} <= names
    assert all(":client-vpn-complete-alarms" in action for alarm in alarms for action in alarm["AlarmActions"])
    assert complete.outputs["dashboard_name"] == "AWSClientVPN-complete"
    assert len(local_aws.client("logs").describe_query_definitions()["queryDefinitions"]) == 7
    scaling = local_aws.client("application-autoscaling")
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="lambda")["ScalableTargets"]
    assert target["ResourceId"] == f"function:AWSClientVPN-complete:{complete.outputs['function_version']}"
    actions = scaling.describe_scheduled_actions(ServiceNamespace="lambda")["ScheduledActions"]
    assert {action["ScheduledActionName"] for action in actions} == {"mornings", "days"}
