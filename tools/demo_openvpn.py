"""Shows the module with a real OpenVPN client, on this machine alone: ``python -m tools.demo_openvpn``.

Applies examples/minimal to localaws and serves its endpoint with openvpn on loopback. Stock openvpn clients connect;
one is let in, one is not. The policy changes in terraform.tfvars: the connection that is up stays up until it is
terminated, and then its client is refused with the message of the policy. Needs openvpn and root.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from localaws import LocalAws
from localaws.openvpn import Directory, OpenVpnServer, OpenVpnUnavailable, User, unavailable_because
from tools.decision_log import decision_about
from tools.demo_stage import REGION, DemoFailed, Example, Stage, replaced, run
from tools.openvpn_client import OpenVpnClient, OpenVpnClientFailed

EXAMPLE = Path("examples/minimal")
PASSWORD = "correct horse"  # noqa: S105 (of nobody)
DIRECTORY = Directory(
    {
        "anna@example.com": User(PASSWORD, ("engineering",)),
        "greta@partner.example": User(PASSWORD, ("contractors",)),
    }
)
FIRST_RULE = """\
  {
    name    = "outdated-windows"
"""
NO_LINUX = """\
  {
    name    = "no-linux"
    effect  = "deny"
    when    = { platform = ["linux"] }
    message = "Linux is not served any longer, {username}. Quote {connection_id}."
  },
"""


def changed_policy(tfvars: str) -> str:
    """Return the example's tfvars after the demo's change of policy."""
    return replaced(tfvars, [(FIRST_RULE, NO_LINUX + FIRST_RULE)])


class Clients:
    """Starts stock openvpn clients with one profile, and shows what becomes of them."""

    def __init__(self, stage: Stage, profile: str) -> None:
        self._stage = stage
        self._profile = stage.folder / "client.ovpn"
        self._profile.touch(mode=0o600)
        self._profile.write_text(profile, encoding="utf-8")

    @contextmanager
    def connected(self, username: str) -> Iterator[OpenVpnClient]:
        """Have a user connect who is let in."""
        with OpenVpnClient(self._profile, username=username, password=PASSWORD) as client:
            address = client.wait_connected()
            self._stage.say(f"{username}: connected, with address {address}", style="green")
            yield client

    def refused(self, username: str) -> None:
        """Have a user connect who is not let in."""
        with OpenVpnClient(self._profile, username=username, password=PASSWORD) as client:
            self.show_refusal(username, client)

    def show_refusal(self, username: str, client: OpenVpnClient) -> None:
        """Show what openvpn writes when it is refused."""
        client.wait_refused()
        self._stage.say(f"{username}: openvpn writes", style="red")
        self._stage.say(next(line for line in client.log if "AUTH_FAILED" in line), style="red")


def show_logs(stage: Stage, aws: LocalAws, outputs: dict[str, Any]) -> None:
    """Show what both logs have about the last connection attempt."""
    attempts = [
        event
        for event in aws.connection_log(outputs["endpoint_id"])
        if event["connection-log-type"] == "connection-attempt"
    ]
    attempt = attempts[-1]
    decision = decision_about(aws, outputs["log_group_name"], attempt["connection-id"])
    keys = ("connection-attempt-status", "connection-attempt-failure-reason", "connection-id", "username", "port")
    stage.say("connection log:  " + json.dumps({key: attempt[key] for key in keys}))
    keys = ("effect", "reason", "rule", "function_version", "policy_digest")
    stage.say("decision log:    " + json.dumps({key: decision[key] for key in keys}))


def demonstrate(stage: Stage) -> None:
    """Run the demo."""
    problem = unavailable_because()
    if problem:
        raise DemoFailed(f"This demo runs OpenVPN, which cannot run here: {problem}")
    try:
        play(stage)
    except (OpenVpnClientFailed, OpenVpnUnavailable) as failure:
        raise DemoFailed(str(failure)) from None


def play(stage: Stage) -> None:
    """Run the demo where OpenVPN can run."""
    stage.step("Starting localaws: AWS on this machine, with the Client VPN service and a Lambda runtime")
    with LocalAws(region=REGION) as aws:
        example = Example(stage, aws, EXAMPLE)
        stage.step(f"terraform apply of {EXAMPLE}")
        with example.applied():
            first = example.output()
            endpoint_id = first["endpoint_id"]

            stage.step("openvpn serves the endpoint; a directory of two users stands in for the identity provider")
            with OpenVpnServer(aws.endpoint_url, endpoint_id, region=REGION, directory=DIRECTORY) as server:
                stage.say(f"{endpoint_id} at {server.address}", style="dim")
                clients = Clients(stage, server.profile())

                stage.step("Two users connect with stock openvpn: an engineer, and a contractor who is elsewhere")
                with clients.connected("anna@example.com") as anna:
                    clients.refused("greta@partner.example")

                    stage.step("The policy changes, in terraform.tfvars; terraform apply")
                    example.change_policy(changed_policy)
                    stage.say(example.change("apply"))
                    second = example.output()

                    stage.step("The connection that is up stays up; another one of the same user is refused")
                    clients.refused("anna@example.com")
                    if not anna.is_running or anna.connections != 1:
                        raise DemoFailed("The change of policy ended the connection that was up, which it must not.")
                    stage.say("anna@example.com: still connected", style="green")

                    stage.step("The connection is terminated, with EC2's API: its client connects anew, and is refused")
                    aws.client("ec2").terminate_client_vpn_connections(
                        ClientVpnEndpointId=endpoint_id, Username="anna@example.com"
                    )
                    clients.show_refusal("anna@example.com", anna)

                stage.step("What the logs say of it, joined by the id that the user can quote")
                show_logs(stage, aws, second)
    stage.step("Done")
    stage.say("Next: .venv/bin/python -m localaws openvpn --help serves an endpoint of yours; docs/operations.md.")


if __name__ == "__main__":
    sys.exit(run(demonstrate))
