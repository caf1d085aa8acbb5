"""Devices from an inventory, one connection per user, connections that stay authorized: applied, and met by clients."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from localaws import ConnectionAttempt, LocalAws
from localaws.openvpn import Directory, OpenVpnServer, User
from tests.e2e.deployment import Deployment, TerraformFailed, applied
from tools.decision_log import decision_about
from tools.openvpn_client import OpenVpnClient

StartOpenVpn = Callable[..., OpenVpnClient]

PASSWORD = "correct horse"
DIRECTORY = Directory(
    {name: User(PASSWORD, ("staff",)) for name in ("anna@example.com", "bert@example.com", "carla@example.com")}
)

ROOT_MODULE = """
variable "server_certificate_arn" { type = string }
variable "client_certificate_arn" { type = string }
variable "rules" { type = any }
variable "device_inventory" {
  type    = any
  default = {}
}

resource "aws_iam_saml_provider" "this" {
  name                   = "posture"
  saml_metadata_document = file("${path.module}/../minimal/saml-metadata.xml")
}

module "client_vpn" {
  source = "../.."
  name   = "posture"
  rules  = var.rules
  posture_rules = [
    { status = "compliant", when = { device = { status = ["compliant"] } } },
    { status = "quarantined", when = { device = { status = ["quarantined"] } } },
  ]
  default_posture_status = "unregistered"

  device_inventory = var.device_inventory
  session_limits   = {}
  reauthorization  = { schedule = "rate(1 hour)" }
  monitoring       = {}
  handler          = { memory_size = 512 }

  endpoints = {
    staff = {
      server_certificate_arn = var.server_certificate_arn
      client_cidr_block      = "10.210.0.0/20"
      authentication = {
        mutual = { root_certificate_chain_arn = var.client_certificate_arn }
        saml   = { provider_arn = aws_iam_saml_provider.this.arn }
      }
    }
  }
}

output "endpoint_id" { value = module.client_vpn.endpoint_ids["staff"] }
output "function_name" { value = module.client_vpn.function_name }
output "log_group_name" { value = module.client_vpn.log_group_name }
output "devices" { value = module.client_vpn.device_inventory_table_name }
output "connections" { value = module.client_vpn.connections_table_name }
output "reauthorization" { value = module.client_vpn.reauthorization_function_name }
output "role_name" { value = module.client_vpn.role_name }
"""

NOT_YOURS = {
    "name": "not-your-device",
    "effect": "deny",
    "when": {"device": {"owner_is_user": False}, "username": ["anna@*", "bert@*"]},
    "message": "This certificate is for a device of somebody else, {username}.",
}
QUARANTINED = {
    "name": "quarantined",
    "effect": "deny",
    "when": {"posture": ["quarantined"]},
    "message": "{common_name} is quarantined: quote {connection_id}.",
}
ONE_EACH = {
    "name": "one-each",
    "effect": "deny",
    "when": {"sessions": {"by": "username", "at_least": 1}, "username": ["carla@*", "frank-*"]},
    "message": "You are connected already.",
}
THE_NEWEST = {
    "name": "the-newest",
    "effect": "deny",
    "when": {"sessions": {"by": "username", "at_least": 1}, "username": ["dora@*"]},
    "end_oldest": True,
}
MANAGED = {"name": "managed", "effect": "allow", "when": {"device": {"registered": True}, "groups": ["staff"]}}
UNMANAGED = {
    "name": "unmanaged",
    "effect": "allow",
    "when": {"username": ["carla@*", "dora@*", "emil@*", "frank-*"]},
}
RULES = [ONE_EACH, THE_NEWEST, NOT_YOURS, QUARANTINED, MANAGED, UNMANAGED]
"""One policy for all tests: each has users, and platforms, of its own."""


@pytest.fixture(scope="module")
def vpn(
    local_aws: LocalAws,
    deploy: Callable[..., Deployment],
    server_certificate_arn: str,
    client_certificate_arn: str,
) -> Iterator[Deployment]:
    """The root module with both sources of evidence; destroyed after the tests, which leaves nothing behind."""
    deployment = deploy("examples/posture", {"main.tf": ROOT_MODULE})
    deployment.variables = {
        "server_certificate_arn": server_certificate_arn,
        "client_certificate_arn": client_certificate_arn,
    }
    with applied(local_aws, deployment, rules=RULES):
        yield deployment


@pytest.fixture
def endpoint_id(vpn: Deployment) -> str:
    return str(vpn.outputs["endpoint_id"])


@pytest.fixture
def register(local_aws: LocalAws, vpn: Deployment) -> Callable[..., None]:
    dynamodb = local_aws.client("dynamodb")

    def put(common_name: str, **known: str) -> None:
        item = {name: {"S": value} for name, value in {"common_name": common_name, **known}.items()}
        dynamodb.put_item(TableName=vpn.outputs["devices"], Item=item)

    return put


@pytest.fixture
def reauthorize(local_aws: LocalAws, vpn: Deployment) -> Callable[..., dict[str, Any]]:
    """Run the function; returns its answer."""
    from botocore.config import Config

    function = local_aws.client("lambda", config=Config(read_timeout=900, retries={"total_max_attempts": 1}))

    def run(**asked: Any) -> dict[str, Any]:
        payload = json.dumps({"reauthorize": asked} if asked else {}).encode()
        answer = function.invoke(FunctionName=vpn.outputs["reauthorization"], Payload=payload)
        result = json.load(answer["Payload"])
        assert "FunctionError" not in answer, result
        return dict(result)

    return run


@pytest.fixture
def nobody_connected(local_aws: LocalAws, endpoint_id: str) -> Iterator[None]:
    """Ends what a test has left connected."""
    yield
    for connection_id in active(local_aws, endpoint_id):
        local_aws.disconnect(connection_id)


@pytest.fixture
def patience(local_aws: LocalAws) -> Iterator[None]:
    """Let Client VPN wait longer for the handler: on a busy machine it takes long to start many at the same time."""
    seconds, local_aws.settings.client_connect_timeout = local_aws.settings.client_connect_timeout, 240.0
    yield
    local_aws.settings.client_connect_timeout = seconds


def active(aws: LocalAws, endpoint_id: str) -> set[str]:
    pages = aws.client("ec2").get_paginator("describe_client_vpn_connections").paginate(ClientVpnEndpointId=endpoint_id)
    return {one["ConnectionId"] for page in pages for one in page["Connections"] if one["Status"]["Code"] == "active"}


def eventually(condition: Callable[[], Any], seconds: float = 30) -> Any:
    until = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < until:
        time.sleep(0.1)
    return value


def test_a_quarantined_device_is_disconnected_and_no_other(
    local_aws: LocalAws,
    vpn: Deployment,
    endpoint_id: str,
    register: Callable[..., None],
    reauthorize: Callable[..., dict[str, Any]],
    openvpn: None,
    start_openvpn: StartOpenVpn,
) -> None:
    """With stock OpenVPN, from the first connection to the refusal of the next."""
    register("laptop-1", status="compliant", owner="anna@example.com")
    register("laptop-2", status="compliant", owner="bert@example.com")
    region = local_aws.settings.region
    with OpenVpnServer(local_aws.endpoint_url, endpoint_id, region=region, directory=DIRECTORY) as front_door:
        anna = start_openvpn(front_door.profile("laptop-1"), username="anna@example.com", password=PASSWORD)
        bert = start_openvpn(front_door.profile("laptop-2"), username="bert@example.com", password=PASSWORD)
        anna.wait_connected()
        bert.wait_connected()
        assert local_aws.connection_log(endpoint_id)[-1]["posture-compliance-statuses"] == ["compliant"]
        assert reauthorize()["denied"] == 0

        register("laptop-1", status="quarantined", owner="anna@example.com")
        result = reauthorize()
        assert (result["denied"], result["terminated"], result["allowed"]) == (1, 1, 1)

        # Its client connects anew by itself, and shows what the policy says.
        message = anna.wait_refused()
        attempt = local_aws.connection_log(endpoint_id)[-1]
        assert message == f"laptop-1 is quarantined: quote {attempt['connection-id']}."
        assert attempt["connection-attempt-failure-reason"] == "client-connect-failed"
        assert attempt["posture-compliance-statuses"] == ["quarantined"]
        decided = decision_about(local_aws, vpn.outputs["log_group_name"], attempt["connection-id"])
        assert decided["evidence"] == {"device": {"status": "quarantined", "owner": "anna@example.com"}}

        assert (bert.is_running, bert.connections) == (True, 1)
        assert reauthorize()["terminated"] == 0

        # Anna's certificate, in Bert's hands.
        register("laptop-1", status="compliant", owner="anna@example.com")
        thief = start_openvpn(front_door.profile("laptop-1"), username="bert@example.com", password=PASSWORD)
        assert thief.wait_refused() == "This certificate is for a device of somebody else, bert@example.com."


@pytest.mark.usefixtures("nobody_connected")
def test_an_empty_import_disconnects_nobody_and_an_alarm_goes_off(
    local_aws: LocalAws,
    vpn: Deployment,
    endpoint_id: str,
    register: Callable[..., None],
    reauthorize: Callable[..., dict[str, Any]],
) -> None:
    for number in range(8):
        register(f"desk-{number}", status="compliant", owner=f"user{number}@example.com")
        attempt = connect(local_aws, endpoint_id, f"user{number}@example.com", f"desk-{number}")
        assert attempt.allowed, attempt.message
    dynamodb = local_aws.client("dynamodb")
    for number in range(8):
        dynamodb.delete_item(TableName=vpn.outputs["devices"], Key={"common_name": {"S": f"desk-{number}"}})
    before = active(local_aws, endpoint_id)
    began = time.time()
    result = reauthorize()
    assert (result["braked"], result["denied"], result["terminated"]) == (True, 8, 0)
    assert active(local_aws, endpoint_id) == before
    states = local_aws.alarm_states(began + 300)  # of the five minutes in which it was
    assert [state for name, state in states.items() if name.endswith("reauthorization-braked")] == ["ALARM"]
    # The operator has looked, and wants it.
    assert reauthorize(at_most=8)["terminated"] == 8
    assert not active(local_aws, endpoint_id) & before


@pytest.mark.usefixtures("nobody_connected")
@pytest.mark.parametrize(
    ("count", "at_once"), [(60, 6), pytest.param(500, 12, marks=pytest.mark.slow)], ids=["dozens", "hundreds"]
)
def test_of_many_attempts_at_once_one_is_allowed_and_its_place_is_free_again(
    local_aws: LocalAws, endpoint_id: str, patience: None, count: int, at_once: int
) -> None:
    with ThreadPoolExecutor(at_once) as clients:
        attempts = list(
            clients.map(lambda _: connect(local_aws, endpoint_id, "carla@example.com", "laptop-3"), range(count))
        )
    allowed = [attempt for attempt in attempts if attempt.allowed]
    assert len(allowed) == 1
    refused = {(attempt.failure_reason, attempt.message) for attempt in attempts if not attempt.allowed}
    assert refused == {("client-connect-failed", "You are connected already.")}
    local_aws.disconnect(allowed[0].connection_id)
    assert eventually(lambda: connect(local_aws, endpoint_id, "carla@example.com", "laptop-3").allowed)


@pytest.mark.usefixtures("nobody_connected")
@pytest.mark.parametrize(
    "disturbance",
    [
        {"error": "InternalServerError"},
        pytest.param({"error": "ProvisionedThroughputExceededException"}, marks=pytest.mark.slow),
        pytest.param({"seconds": 5.0}, marks=pytest.mark.slow),
    ],
    ids=["failing", "throttling", "slow"],
)
def test_nobody_is_let_in_on_what_dynamodb_does_not_say(
    local_aws: LocalAws, vpn: Deployment, endpoint_id: str, disturbance: dict[str, Any]
) -> None:
    metric = ("ClientVPNConnectHandler", "SessionEvidenceFailures", {"function_name": vpn.outputs["function_name"]})
    before = local_aws.metric_sum(*metric)
    with local_aws.disturb("dynamodb", **disturbance), ThreadPoolExecutor(4) as clients:
        attempts = list(
            clients.map(
                lambda number: connect(local_aws, endpoint_id, f"frank-{number}@example.com", "laptop-7"), range(12)
            )
        )
    # A denial by the policy, not a timeout, and no answer that Client VPN could not read.
    assert {attempt.failure_reason for attempt in attempts} == {"client-connect-failed"}
    assert {attempt.message for attempt in attempts} == {"You are connected already."}
    assert eventually(lambda: local_aws.metric_sum(*metric) == before + len(attempts))


@pytest.mark.usefixtures("nobody_connected")
def test_the_newest_connection_stays_where_a_rule_ends_the_oldest(
    local_aws: LocalAws, vpn: Deployment, endpoint_id: str
) -> None:
    first = connect(local_aws, endpoint_id, "dora@example.com", "laptop-4")
    assert first.allowed
    time.sleep(6)  # for as long a place is not looked at
    second = connect(local_aws, endpoint_id, "dora@example.com", "laptop-5")
    assert second.allowed, second.message
    assert active(local_aws, endpoint_id) == {second.connection_id}
    decided = decision_about(local_aws, vpn.outputs["log_group_name"], second.connection_id)
    assert decided["ends"] == [first.connection_id]


@pytest.mark.usefixtures("nobody_connected")
def test_a_change_of_the_policy_is_applied_to_who_is_connected(
    local_aws: LocalAws, vpn: Deployment, endpoint_id: str
) -> None:
    vpn.ensure(rules=RULES)
    phone = connect(local_aws, endpoint_id, "emil@example.com", "phone-1", platform="ios")
    laptop = connect(local_aws, endpoint_id, "emil@example.com", "laptop-6", platform="mac")
    assert phone.allowed
    assert laptop.allowed
    vpn.apply(rules=[{"name": "no-phones", "effect": "deny", "when": {"platform": ["ios"]}}, *RULES])
    assert eventually(lambda: active(local_aws, endpoint_id) == {laptop.connection_id})


def test_a_second_plan_has_nothing_to_do(vpn: Deployment) -> None:
    assert vpn.is_stable(**vpn.applied_variables)


@pytest.mark.slow
def test_a_policy_that_asks_for_what_is_not_there_is_refused(vpn: Deployment) -> None:
    with pytest.raises(TerraformFailed, match=r"device_inventory = \{\}"):
        vpn.plan(rules=[MANAGED], device_inventory=None)


@pytest.mark.slow
def test_the_example_passes_its_gate_and_a_second_plan_has_nothing_to_do(
    local_aws: LocalAws, deploy: Callable[..., Deployment], server_certificate_arn: str, client_certificate_arn: str
) -> None:
    example = deploy("examples/device-posture")
    example.variables = {
        "server_certificate_arn": server_certificate_arn,
        "client_certificate_arn": client_certificate_arn,
    }
    with applied(local_aws, example):
        assert example.is_stable()
        refused = connect(local_aws, example.outputs["endpoint_ids"]["staff"], "sam@example.com", "laptop-9999")
        assert refused.message.startswith("This device is not registered.")


def connect(aws: LocalAws, endpoint_id: str, username: str, common_name: str, **attributes: Any) -> ConnectionAttempt:
    return aws.connect(endpoint_id, username=username, common_name=common_name, groups=["staff"], **attributes)
