"""What the tests of OpenVPN share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localaws.openvpn import Directory, OpenVpnServer, User
from tools.openvpn_client import OpenVpnClient

StartOpenVpn = Callable[..., OpenVpnClient]
Serve = Callable[..., OpenVpnServer]

DIRECTORY = Directory({"anna@example.com": User("correct horse", ("engineering", "ops")), "ben": User("battery")})


def connections(ec2: Any, endpoint_id: str) -> list[dict[str, Any]]:
    return list(ec2.describe_client_vpn_connections(ClientVpnEndpointId=endpoint_id)["Connections"])


def statuses(ec2: Any, endpoint_id: str) -> list[str]:
    return [connection["Status"]["Code"] for connection in connections(ec2, endpoint_id)]
