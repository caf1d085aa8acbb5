"""Endpoints over their life: several before one function, switched off and on, and changed in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from localaws import LocalAws
from tests.e2e.deployment import Deployment, applied

CLIENT = {"username": "sam@example.com", "groups": ["staff"], "platform": "mac", "public_ip": "203.0.113.5"}
RULES = [{"name": "staff-on-staff", "effect": "allow", "when": {"endpoint": ["staff"], "groups": ["staff"]}}]


@pytest.fixture(scope="module")
def endpoint(client_certificate_arn: str, server_certificate_arn: str, directory_id: str) -> dict[str, Any]:
    return {
        "server_certificate_arn": server_certificate_arn,
        "client_cidr_block": "10.255.0.0/22",
        "authentication": {
            "mutual": {"root_certificate_chain_arn": client_certificate_arn},
            "active_directory": {"directory_id": directory_id},
        },
    }


@pytest.fixture(scope="module")
def variables(endpoint: dict[str, Any]) -> dict[str, Any]:
    return {"name": "corp", "rules": RULES, "endpoints": {"staff": endpoint, "partners": endpoint}}


@pytest.fixture(scope="module")
def empty_stack(deploy: Callable[[str], Deployment]) -> Deployment:
    """The root module, before its first apply."""
    return deploy(".")


@pytest.fixture(scope="module")
def first_plan(empty_stack: Deployment, variables: dict[str, Any]) -> dict[str, Any]:
    return empty_stack.plan(**variables)


@pytest.fixture(scope="module")
def stack(
    local_aws: LocalAws, empty_stack: Deployment, variables: dict[str, Any], first_plan: dict[str, Any]
) -> Iterator[Deployment]:
    """The root module; destroyed after the module's tests, which leaves nothing behind."""
    with applied(local_aws, empty_stack, **variables):
        yield empty_stack


@pytest.fixture
def project(stack: Deployment, variables: dict[str, Any]) -> Deployment:
    """The stack, applied with two endpoints."""
    stack.ensure(**variables)
    return stack


@pytest.fixture
def ids(project: Deployment) -> dict[str, str]:
    """Return the ids of two endpoints by their keys."""
    return dict(project.outputs["endpoint_ids"])


def describe(local_aws: LocalAws, endpoint_id: str) -> dict[str, Any]:
    answer = local_aws.client("ec2").describe_client_vpn_endpoints(ClientVpnEndpointIds=[endpoint_id])
    return dict(answer["ClientVpnEndpoints"][0])


def test_the_first_plan_shows_that_the_handler_will_be_enabled(first_plan: dict[str, Any]) -> None:
    endpoint = first_plan['module.endpoint["staff"].aws_ec2_client_vpn_endpoint.this']["after"]

    assert endpoint["client_connect_options"][0]["enabled"] is True


def test_rules_tell_endpoints_apart_by_their_keys(local_aws: LocalAws, ids: dict[str, str]) -> None:
    assert local_aws.connect(ids["staff"], **CLIENT).allowed
    assert not local_aws.connect(ids["partners"], **CLIENT).allowed


@pytest.mark.parametrize(
    "change",
    [
        {"transport_protocol": "tcp"},
        pytest.param({"client_cidr_block": "10.254.0.0/22"}, marks=pytest.mark.slow),
        pytest.param(
            {"authentication": {"saml": {"provider_arn": "arn:aws:iam::123456789012:saml-provider/other"}}},
            marks=pytest.mark.slow,
        ),
    ],
    ids=["transport", "range", "authentication"],
)
def test_what_is_fixed_for_an_endpoints_life_makes_a_new_one(
    project: Deployment,
    ids: dict[str, str],
    variables: dict[str, Any],
    endpoint: dict[str, Any],
    change: dict[str, Any],
) -> None:
    plan = project.plan(**{**variables, "endpoints": {"staff": endpoint, "partners": {**endpoint, **change}}})

    assert plan['module.endpoint["partners"].aws_ec2_client_vpn_endpoint.this']["actions"] == ["delete", "create"]
    assert 'module.endpoint["staff"].aws_ec2_client_vpn_endpoint.this' not in plan


def test_everything_else_changes_in_place(
    project: Deployment, ids: dict[str, str], variables: dict[str, Any], endpoint: dict[str, Any]
) -> None:
    in_place = {
        "name": "employees",
        "description": "Employees",
        "vpn_port": 1194,
        "session_timeout_hours": 8,
        "disconnect_on_session_timeout": False,
        "login_banner": "Authorized use only.",
        "route_enforcement": True,
        "self_service_portal": True,
        "split_tunnel": True,
        "dns_servers": ["10.0.0.2"],
        "connection_log": {"enabled": False},
        "connect_handler_enabled": False,
        "tags": {"team": "network"},
    }
    plan = project.plan(**{**variables, "endpoints": {"staff": {**endpoint, **in_place}, "partners": endpoint}})

    assert plan['module.endpoint["staff"].aws_ec2_client_vpn_endpoint.this']["actions"] == ["update"]


@pytest.mark.slow
def test_an_endpoint_calls_the_handler_while_this_is_given_another_name(
    local_aws: LocalAws, project: Deployment, ids: dict[str, str], variables: dict[str, Any]
) -> None:
    log = project.apply(**{**variables, "name": "renamed"})

    steps = [
        next(number for number, line in enumerate(log) if words in line)
        for words in (
            'aws_lambda_alias.this["staff"]: Creation complete',
            'module.endpoint["staff"].aws_ec2_client_vpn_endpoint.this: Modifications complete',
            'aws_lambda_alias.this["staff"] (deposed',
            'module.endpoint["staff"].aws_cloudwatch_log_group.this[0] (deposed',
        )
    ]
    assert steps[0] < steps[1] < min(steps[2:])
    assert project.outputs["endpoint_ids"] == ids
    assert local_aws.connect(ids["staff"], **CLIENT).allowed
    project.apply(**variables)
    assert local_aws.connect(ids["staff"], **CLIENT).allowed


def test_a_handler_that_is_disabled_is_not_called_until_it_is_enabled_again(
    local_aws: LocalAws,
    project: Deployment,
    ids: dict[str, str],
    variables: dict[str, Any],
    endpoint: dict[str, Any],
) -> None:
    assert local_aws.connect(ids["partners"], **CLIENT).request is not None

    disabled = {"staff": endpoint, "partners": {**endpoint, "connect_handler_enabled": False}}
    project.apply(**{**variables, "endpoints": disabled})
    assert describe(local_aws, ids["partners"])["ClientConnectOptions"]["Enabled"] is False
    attempt = local_aws.connect(ids["partners"], **CLIENT)
    assert (attempt.allowed, attempt.request) == (True, None)

    project.apply(**variables)
    assert not local_aws.connect(ids["partners"], **CLIENT).allowed
    assert project.outputs["endpoint_ids"] == ids
    assert project.is_stable(**variables)


@pytest.mark.slow
def test_what_was_switched_on_is_switched_off_again(
    local_aws: LocalAws, project: Deployment, variables: dict[str, Any], endpoint: dict[str, Any]
) -> None:
    on = {
        **endpoint,
        "login_banner": "Authorized use only.",
        "route_enforcement": True,
        "self_service_portal": True,
        "split_tunnel": True,
        "dns_servers": ["10.0.0.2"],
        "connection_log": {"log_stream_name": "attempts"},
    }
    handler = {"tracing_mode": "Active"}
    project.apply(**{**variables, "handler": handler, "endpoints": {"switches": on}})
    endpoint_id = project.outputs["endpoint_ids"]["switches"]
    described = describe(local_aws, endpoint_id)
    assert described["ClientLoginBannerOptions"] == {"Enabled": True, "BannerText": "Authorized use only."}
    assert described["ClientRouteEnforcementOptions"] == {"Enforced": True}
    assert described["SelfServicePortalUrl"] == project.outputs["self_service_portal_urls"]["switches"]
    assert described["SplitTunnel"] is True
    assert described["DnsServers"] == ["10.0.0.2"]
    assert described["ConnectionLogOptions"] == {
        "Enabled": True,
        "CloudwatchLogGroup": "/aws/clientvpn/corp-switches",
        "CloudwatchLogStream": "attempts",
    }
    assert tracing_mode(local_aws) == "Active"

    project.apply(**{**variables, "endpoints": {"switches": endpoint}})
    described = describe(local_aws, endpoint_id)
    assert described["ConnectionLogOptions"]["CloudwatchLogStream"] == "connections"
    assert tracing_mode(local_aws) == "PassThrough"

    off = {**variables, "endpoints": {"switches": {**endpoint, "connection_log": {"enabled": False}}}}
    project.apply(**off)
    assert project.outputs["endpoint_ids"] == {"switches": endpoint_id}
    described = describe(local_aws, endpoint_id)
    assert described["ClientLoginBannerOptions"]["Enabled"] is False
    assert described["ClientRouteEnforcementOptions"] == {"Enforced": False}
    assert described.get("SelfServicePortalUrl", "") == ""
    assert described["SplitTunnel"] is False
    assert described.get("DnsServers", []) == []
    assert described["ConnectionLogOptions"]["Enabled"] is False
    assert project.is_stable(**off)


def tracing_mode(local_aws: LocalAws) -> str:
    function = local_aws.client("lambda").get_function_configuration(FunctionName="AWSClientVPN-corp")
    return str(function["TracingConfig"]["Mode"])


# The provider leaves false out when it creates an endpoint. Should this fail, it has learned to send it.
@pytest.mark.slow
def test_a_session_that_may_reconnect_by_itself_takes_a_second_apply_and_terraform_says_so(
    local_aws: LocalAws, project: Deployment, variables: dict[str, Any], endpoint: dict[str, Any]
) -> None:
    variables = {**variables, "endpoints": {"lasting": {**endpoint, "disconnect_on_session_timeout": False}}}

    assert "apply once more" in " ".join(project.apply(**variables))
    assert "apply once more" not in " ".join(project.apply(**variables))

    assert describe(local_aws, project.outputs["endpoint_ids"]["lasting"])["DisconnectOnSessionTimeout"] is False


# The reason why modules/endpoint writes out what is off. Should this fail, the provider has learned to do it by itself.
@pytest.mark.slow
def test_leaving_client_connect_options_out_does_not_disable_a_handler(
    local_aws: LocalAws, project: Deployment, deploy: Callable[[str], Deployment], endpoint: dict[str, Any]
) -> None:
    module = deploy("modules/endpoint")
    variables = {"name": "other", **endpoint}
    handler = {"lambda_function_arn": project.outputs["lambda_function_arn"]}
    with applied(local_aws, module, **variables, connect_handler=handler):
        main = module.folder / "main.tf"
        text = main.read_text()
        start = text.index("  client_connect_options {")
        main.write_text(text[:start] + text[text.index("  }\n", start) + 4 :])

        assert module.is_stable(**variables)
        assert describe(local_aws, module.outputs["id"])["ClientConnectOptions"]["Enabled"] is True


@pytest.mark.slow
def test_a_version_is_provisioned_before_the_aliases_move_and_the_old_one_released_after(
    local_aws: LocalAws, project: Deployment, variables: dict[str, Any], endpoint: dict[str, Any]
) -> None:
    handler = {"provisioned_concurrency": {"live": 1, "staff": 2}, "reserved_concurrent_executions": 6}
    variables = {**variables, "endpoints": {"staff": endpoint}, "handler": handler}
    project.apply(**variables)
    version = int(project.outputs["function_version"])
    assert provisioned(local_aws) == {str(version): 3}

    variables["rules"] = [{"name": "everybody", "effect": "allow"}]
    log = project.apply(**variables)

    steps = [
        next(number for number, line in enumerate(log) if words in line)
        for words in (
            'aws_lambda_provisioned_concurrency_config.this["newest"]: Creation complete',
            'aws_lambda_alias.this["staff"]: Modifying',
            'aws_lambda_alias.this["staff"]: Modifications complete',
            'aws_lambda_provisioned_concurrency_config.this["newest"] (deposed',
        )
    ]
    assert steps == sorted(steps)
    assert provisioned(local_aws) == {str(version + 1): 3}
    assert project.outputs["function_version"] == str(version + 1)
    assert project.is_stable(**variables)


def provisioned(local_aws: LocalAws) -> dict[str, int]:
    """Return the provisioned concurrency of the function by qualifier."""
    configurations = local_aws.client("lambda").list_provisioned_concurrency_configs(FunctionName="AWSClientVPN-corp")
    return {
        configuration["FunctionArn"].rpartition(":")[2]: configuration["RequestedProvisionedConcurrentExecutions"]
        for configuration in configurations["ProvisionedConcurrencyConfigs"]
    }
