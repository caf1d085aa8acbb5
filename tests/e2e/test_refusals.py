"""What is refused at plan is refused with a message that says what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tests.e2e.deployment import Deployment, TerraformFailed

FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function"

ENDPOINT: dict[str, tuple[Any, str]] = {
    "name": ("corp staff", 'name is "corp staff"; write 1 to 128 letters, digits'),
    "description": ("x" * 256, "description has 256 characters; EC2 takes at most 255"),
    "server_certificate_arn": ("server.pem", "write the ARN of a certificate in AWS Certificate Manager"),
    "client_cidr_block": ("10.255.1.0/22", 'has bits set beyond its prefix; write "10.255.0.0/22"'),
    "authentication": ({}, "write at least one of mutual, active_directory and saml"),
    "connect_handler": ({"lambda_function_arn": f"{FUNCTION}:AWSClientVPN-corp:7"}, "write the ARN of an alias"),
    "transport_protocol": ("UDP", 'write "udp" or "tcp"'),
    "vpn_port": (8443, "vpn_port is 8443; write 443 or 1194"),
    "dns_servers": (["10.0.0.2", "10.0.1.2", "10.0.2.2"], "AWS takes at most two: remove 10.0.2.2"),
    "session_timeout_hours": (9, "session_timeout_hours is 9; write 8, 10, 12 or 24"),
    "login_banner": ("x" * 1401, "login_banner has 1401 characters; write 1 to 1400, or null"),
    "vpc_id": ("vpc-1", "vpc_id and security_group_ids belong together; write both or neither"),
    "connection_log": (
        {"enabled": False, "existing": {"log_group_name": "vpn", "log_stream_name": "staff"}},
        "remove existing, or enabled",
    ),
    "associations": ({"a": "subnet-a"}, "associations needs vpc_id and security_group_ids; write both"),
    "authorization_rules": (
        {"services": {"target_network_cidr": "10.0.0.0/16"}},
        "write either access_group_id or authorize_all_groups = true in services",
    ),
}

# These look at two variables, and Terraform looks at them only once each of the two is valid by itself.
ENDPOINT_TOGETHER: dict[str, tuple[Any, str]] = {
    "self_service_portal": (True, "add active_directory or saml to authentication"),
    "routes": (
        {"internet": {"destination_cidr_block": "0.0.0.0/0", "association": "b"}},
        "association must be a key of associations (a); correct it in internet",
    ),
}

HANDLER: dict[str, tuple[Any, str]] = {
    "name": ("AWSClientVPN-corp", 'leave the prefix away and write "corp"'),
    "policy": ("", "pass the output `environment` of modules/policy"),
    "policy_bucket": ({"name": "policies", "key_prefix": "a b/"}, "write letters, digits and any of"),
    "description": ("x" * 257, "description has 257 characters; Lambda takes at most 256"),
    "aliases": (["staff", "42"], 'Rename: "42"'),
    "runtime": ("python3.10", 'write "python3.11", "python3.12", "python3.13" or "python3.14"'),
    "architecture": ("amd64", 'write "arm64" or "x86_64"'),
    "memory_size": (64, "write a whole number of MB from 128 to 10240"),
    "timeout": (31, "timeout is 31; write a whole number of seconds from 1 to 30"),
    "reserved_concurrent_executions": (-2, "must be a whole number from 0 upwards, or null"),
    "bundle": ({"local_path": "no/such.zip"}, 'bundle.local_path is "no/such.zip", where there is no file'),
    "log_group": ({"retention_in_days": 100}, "log_group.retention_in_days is 100; write a number"),
    "role": ({"path": "/network"}, "write a path that begins and ends with a slash"),
    "kms_key_arn": ("alias/environment", "must be the ARN of a KMS key"),
    "vpc": ({"subnet_ids": [], "security_group_ids": []}, "set vpc to null for a function outside a VPC"),
    "tracing_mode": ("active", 'tracing_mode must be "Active", "PassThrough" or null'),
    "code_signing_config_arn": ("mine", "must be the ARN of a Lambda code signing configuration"),
    "log_redact": (["user"], 'log_redact names "user", which is no field that can be redacted; write any of common'),
    "log_sample_allowed": (10, "log_sample_allowed is 10; write a share from 0 to 1"),
    "policy_tests": ({"name": "staff"}, "policy_tests must be a list of objects that each have name, request and"),
}


UNKNOWN_ALIAS: dict[str, tuple[Any, str]] = {
    "provisioned_concurrency": (
        {"stuff": 1},
        'provisioned_concurrency names "stuff", which is no alias of the function; write "live" or "staff"',
    ),
}

# One at a time, because they look at each other.
HANDLER_ALONE: list[dict[str, tuple[Any, str]]] = [
    {"alias_versions": ({"live": {"version": "v7"}}, 'has version "v7"; write the number of a published version')},
    {
        "alias_versions": (
            {"stuff": {"version": "7"}},
            'alias_versions names "stuff", which is no alias of the function; write "live" or "staff"',
        )
    },
    {"provisioned_concurrency_scaling": ({"max": 2, "target_utilization": 0.7}, "write provisioned_concurrency too")},
]

NO_ROOM_FOR_TWO_VERSIONS: dict[str, tuple[Any, str]] = {
    "provisioned_concurrency": (
        {"live": 2, "staff": 3},
        "adds up to 5, for which reserved_concurrent_executions = 9 is too small: it must be at least 10",
    ),
}

# Each refusal of a variable that has several.
SCALING: dict[str, tuple[Any, str]] = {
    "snap_start": (True, "snap_start and provisioned_concurrency are both set, which Lambda refuses"),
    "runtime": ("python3.11", "snap_start needs the runtime python3.12 or newer"),
}
SCALING_REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"max": 4, "target_utilization": 0.7}, "write a whole number that is at least 5, the sum of provisioned_concurr"),
    ({"max": 5, "target_utilization": 70}, "target_utilization is 70; write a share from 0.1 to 0.9"),
    ({"max": 5}, "has neither target_utilization nor schedules"),
    ({"max": 6, "target_utilization": 0.7}, "it must be at least twice the largest max"),
    ({"max": 5, "schedules": {"monday": {"schedule": "mondays", "min": 5}}}, "cron(...), rate(...) or at(...)"),
    ({"max": 5, "schedules": {"monday": {"schedule": "rate(7 days)"}}}, "at least one of min and max"),
    ({"max": 5, "schedules": {"monday": {"schedule": "rate(7 days)", "min": 6}}}, "with min at most max"),
]

VALID_ENDPOINT = {
    "name": "corp-staff",
    "server_certificate_arn": "arn:aws:acm:eu-central-1:123456789012:certificate/server",
    "client_cidr_block": "10.255.0.0/22",
    "authentication": {
        "mutual": {"root_certificate_chain_arn": "arn:aws:acm:eu-central-1:123456789012:certificate/clients"}
    },
    "vpc_id": "vpc-1",
    "security_group_ids": ["sg-1"],
    "associations": {"a": "subnet-a"},
}

PROVISIONED_HANDLER = {
    "name": "corp",
    "policy": "{}",
    "reserved_concurrent_executions": 10,
    "provisioned_concurrency": {"live": 5},
}
VALID_HANDLER = {"name": "corp", "policy": "{}", "aliases": ["staff"], "reserved_concurrent_executions": 9}


@pytest.fixture(scope="module")
def module(deploy: Callable[[str], Deployment]) -> Callable[[str], Deployment]:
    """Return the deployment of a root module, one for all tests."""
    return cache(deploy)


@pytest.mark.parametrize(
    ("root", "valid", "cases"),
    [
        ("modules/endpoint", {}, ENDPOINT),
        ("modules/endpoint", VALID_ENDPOINT, ENDPOINT_TOGETHER),
        ("modules/handler", {}, HANDLER),
        *[("modules/handler", VALID_HANDLER, case) for case in HANDLER_ALONE],
        ("modules/handler", VALID_HANDLER, UNKNOWN_ALIAS),
        ("modules/handler", VALID_HANDLER, NO_ROOM_FOR_TWO_VERSIONS),
        ("modules/handler", PROVISIONED_HANDLER, SCALING),
    ],
)
def test_every_refusal_says_what_to_write(
    module: Callable[[str], Deployment], root: str, valid: dict[str, Any], cases: dict[str, tuple[Any, str]]
) -> None:
    with pytest.raises(TerraformFailed) as failure:
        module(root).plan(**valid, **{variable: value for variable, (value, _) in cases.items()})

    assert [advice for _, advice in cases.values() if advice not in str(failure.value)] == []


def test_every_refusal_of_scaling_says_what_to_write(module: Callable[[str], Deployment]) -> None:
    project = module("modules/handler")
    silent = []
    for scaling, advice in SCALING_REFUSALS:
        with pytest.raises(TerraformFailed) as failure:
            project.plan(**PROVISIONED_HANDLER, provisioned_concurrency_scaling=scaling)
        if advice not in str(failure.value):
            silent.append((advice, str(failure.value)))
    assert silent == []
