"""From terraform apply to what a stock OpenVPN client shows, with nothing of ours in the client."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from localaws import LocalAws
from localaws.openvpn import Directory, OpenVpnServer, User
from tests.e2e.deployment import Deployment, applied
from tools.decision_log import decision_about
from tools.openvpn_client import OpenVpnClient

StartOpenVpn = Callable[..., OpenVpnClient]

# test_posture.py has an OpenVPN client that need not wait.
pytestmark = [pytest.mark.usefixtures("openvpn"), pytest.mark.slow]

PASSWORD = "correct horse"
# Stands in for the identity provider of the example's SAML endpoint.
DIRECTORY = Directory({"anna@example.com": User(PASSWORD, ("engineering",)), "greta@example.com": User(PASSWORD)})
ANNA = {"username": "anna@example.com", "password": PASSWORD}

NO_LINUX = """
  {
    name    = "no-linux"
    effect  = "deny"
    when    = { platform = ["linux"] }
    message = "\\"Linux\\" is out, {username}: quote {connection_id}."
  },
"""

TWO_ENDPOINTS = """
variable "server_certificate_arn" { type = string }
variable "client_certificate_arn" { type = string }

locals {
  mutual = { mutual = { root_certificate_chain_arn = var.client_certificate_arn } }
}

module "client_vpn" {
  source = "../.."
  name   = "two"
  rules = [
    { name = "nobody-here", effect = "deny", when = { endpoint = ["closed"] }, message = "Closed ({rule})." },
    { name = "laptops", effect = "allow", when = { common_name = ["laptop-*"] } },
  ]
  endpoints = {
    for key, block in { open = "10.200.0.0/22", closed = "10.201.0.0/22" } : key => {
      server_certificate_arn = var.server_certificate_arn
      client_cidr_block      = block
      authentication         = local.mutual
    }
  }
}

output "endpoint_ids" { value = module.client_vpn.endpoint_ids }
output "function_name" { value = module.client_vpn.function_name }
output "log_group_name" { value = module.client_vpn.log_group_name }
"""


@pytest.fixture(scope="module", autouse=True)
def certificates(server_certificate_arn: str, client_certificate_arn: str) -> None:
    """Make all certificates before the first apply: what comes later counts as left behind."""


@pytest.fixture
def front_door(local_aws: LocalAws, openvpn: None) -> Iterator[Callable[[str], OpenVpnServer]]:
    """Serves endpoints with OpenVPN."""
    servers: list[OpenVpnServer] = []

    def serve(endpoint_id: str) -> OpenVpnServer:
        server = OpenVpnServer(
            local_aws.endpoint_url, endpoint_id, region=local_aws.settings.region, directory=DIRECTORY
        )
        servers.append(server.start())
        return server

    yield serve
    for server in servers:
        server.close()


def test_a_change_in_tfvars_is_what_the_next_connection_meets(
    local_aws: LocalAws,
    minimal: Deployment,
    front_door: Callable[[str], OpenVpnServer],
    start_openvpn: StartOpenVpn,
) -> None:
    ec2 = local_aws.client("ec2")
    endpoint_id = minimal.outputs["endpoint_id"]
    profile = front_door(endpoint_id).profile()

    up = start_openvpn(profile, **ANNA)
    address = up.wait_connected()
    (connection,) = ec2.describe_client_vpn_connections(ClientVpnEndpointId=endpoint_id)["Connections"]
    assert (connection["ClientIp"], connection["Username"]) == (address, "anna@example.com")
    assert (
        start_openvpn(profile, username="greta@example.com", password=PASSWORD)
        .wait_refused()
        .startswith("Access denied")
    )

    minimal.change_file("terraform.tfvars", "rules = [\n", f"rules = [{NO_LINUX}")
    minimal.apply()

    # The same client, anew: it shows the message of the policy, to the letter.
    message = start_openvpn(profile, **ANNA).wait_refused()
    attempt = local_aws.connection_log(endpoint_id)[-1]
    assert message == f'"Linux" is out, anna@example.com: quote {attempt["connection-id"]}.'
    assert attempt["connection-attempt-failure-reason"] == "client-connect-failed"
    decided = decision_about(local_aws, minimal.outputs["log_group_name"], attempt["connection-id"])
    assert (decided["effect"], decided["rule"], decided["message"]) == ("deny", "no-linux", message)
    assert decided["policy_digest"] == minimal.outputs["policy_digest"]

    # What was up is up, until somebody ends it.
    assert (up.is_running, up.connections) == (True, 1)
    (connection,) = ec2.describe_client_vpn_connections(
        ClientVpnEndpointId=endpoint_id, Filters=[{"Name": "username", "Values": ["anna@example.com"]}]
    )["Connections"]
    assert connection["Status"]["Code"] == "active"
    ec2.terminate_client_vpn_connections(ClientVpnEndpointId=endpoint_id, ConnectionId=connection["ConnectionId"])
    assert up.wait_refused().startswith('"Linux" is out, anna@example.com: quote cvpn-connection-')


def test_two_endpoints_of_one_function_are_told_apart_by_their_keys(
    local_aws: LocalAws,
    deploy: Callable[..., Deployment],
    server_certificate_arn: str,
    client_certificate_arn: str,
    front_door: Callable[[str], OpenVpnServer],
    start_openvpn: StartOpenVpn,
) -> None:
    deployment = deploy("examples/two-endpoints", {"main.tf": TWO_ENDPOINTS})
    arns = {"server_certificate_arn": server_certificate_arn, "client_certificate_arn": client_certificate_arn}
    with applied(local_aws, deployment, **arns):
        ids = deployment.outputs["endpoint_ids"]

        let_in = start_openvpn(front_door(ids["open"]).profile("laptop-17"))
        refused = start_openvpn(front_door(ids["closed"]).profile("laptop-17"))

        assert let_in.wait_connected().startswith("10.200.")
        assert refused.wait_refused() == "Closed (nobody-here)."
        group = deployment.outputs["log_group_name"]
        decided = {
            key: decision_about(local_aws, group, local_aws.connection_log(endpoint_id)[-1]["connection-id"])
            for key, endpoint_id in ids.items()
        }
        assert {key: (one["alias"], one["rule"]) for key, one in decided.items()} == {
            "open": ("open", "laptops"),
            "closed": ("closed", "nobody-here"),
        }
        assert {one["function_name"] for one in decided.values()} == {deployment.outputs["function_name"]}
