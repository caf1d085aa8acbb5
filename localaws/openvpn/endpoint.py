"""An endpoint of localaws, as OpenVPN serves it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any

from localaws.api import ACCESS_KEY_ID, SECRET_ACCESS_KEY

from .availability import OpenVpnUnavailable
from .directory import Directory

_CERTIFICATE, _USERS = "certificate-authentication", ("directory-service-authentication", "federated-authentication")


@dataclass(frozen=True)
class Endpoint:
    """Client VPN endpoint.

    Attributes
    ----------
    url
        Address of localaws.
    protocol
        ``udp`` or ``tcp``.
    has_users
        Whether clients sign in with user name and password.
    has_certificates
        Whether clients need a certificate.
    """

    id: str
    url: str
    region: str
    protocol: str
    client_network: ipaddress.IPv4Network
    has_users: bool
    has_certificates: bool

    @classmethod
    def describe(cls, url: str, endpoint_id: str, region: str, directory: Directory) -> Endpoint:
        """Ask EC2 for an endpoint.

        Raises OpenVpnUnavailable for an unknown endpoint, one without an IPv4 client CIDR block, and one with users and
        an empty directory.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = ec2_client(url, region).describe_client_vpn_endpoints(ClientVpnEndpointIds=[endpoint_id])
        except (BotoCoreError, ClientError) as error:
            raise OpenVpnUnavailable(f"localaws does not know {endpoint_id}: {error}") from None
        endpoint: dict[str, Any] = answer["ClientVpnEndpoints"][0]
        if not endpoint.get("ClientCidrBlock"):
            raise OpenVpnUnavailable(f"{endpoint_id} has no IPv4 client CIDR block: only such are served here")
        kinds = [option["Type"] for option in endpoint["AuthenticationOptions"]]
        has_users = any(kind in _USERS for kind in kinds)
        if has_users and not directory.users:
            raise OpenVpnUnavailable(f"{endpoint_id} has users: name a directory of them")
        return cls(
            id=endpoint_id,
            url=url,
            region=region,
            protocol=str(endpoint["TransportProtocol"]),
            client_network=ipaddress.IPv4Network(endpoint["ClientCidrBlock"]),
            has_users=has_users,
            has_certificates=_CERTIFICATE in kinds,
        )


def ec2_client(url: str, region: str) -> Any:
    """Return boto3's client of EC2 at localaws."""
    import boto3

    session = boto3.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=region)
    return session.client("ec2", endpoint_url=url)
