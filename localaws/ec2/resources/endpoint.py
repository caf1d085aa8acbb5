"""Client VPN endpoints."""

from __future__ import annotations

import ipaddress
import time
from functools import cached_property
from typing import Any

from moto.ec2.models.core import TaggedEC2Resource

from localaws.settings import settings_of

from .authorization_rule import AuthorizationRule
from .connection import Connection, Connections, Peer, utc_text
from .core import ENDPOINT_ID_PREFIX, Backend, Transition, hex_id
from .route import Route
from .target_network import TargetNetwork

CERTIFICATE = "certificate-authentication"
DIRECTORY = "directory-service-authentication"
FEDERATED = "federated-authentication"


class ClientVpnEndpoint(TaggedEC2Resource):
    """Client VPN endpoint. ``settings`` holds its arguments under the names of EC2's API."""

    def __init__(self, ec2_backend: Backend, settings: dict[str, Any], tags: dict[str, str]):
        self.ec2_backend: Backend = ec2_backend
        self.id = ENDPOINT_ID_PREFIX + hex_id()
        self.settings = settings
        self.creation_time = utc_text(time.time(), "T")
        self.dns_name = f"{self.id}.prod.clientvpn.{ec2_backend.region_name}.amazonaws.com"
        self.deletion: Transition | None = None
        self.client_connect_status = Transition("applied", "applied", 0)
        self.certificate_revocation_list: str | None = None
        self.revocation_list_status = Transition("active", "active", 0)
        self.target_networks: dict[str, TargetNetwork] = {}
        self.authorization_rules: list[AuthorizationRule] = []
        self.routes: list[Route] = []
        self.connections = Connections()
        self._client_ips: set[str] = set()
        self._last_client_ip = 0
        self.add_tags(tags)

    @property
    def gone(self) -> bool:
        return self.deletion is not None and self.deletion.gone

    @property
    def has_associations(self) -> bool:
        return any(network.state.code == "associated" for network in self.target_networks.values())

    @property
    def authentication_types(self) -> list[str]:
        return [option["Type"] for option in self.settings["AuthenticationOptions"]]

    @property
    def has_users(self) -> bool:
        """Whether clients authenticate as a user, with Active Directory or SAML."""
        return any(kind in (DIRECTORY, FEDERATED) for kind in self.authentication_types)

    @property
    def saml_provider_arn(self) -> str | None:
        for option in self.settings["AuthenticationOptions"]:
            if option["Type"] == FEDERATED:
                return str(option["FederatedAuthentication"]["SAMLProviderArn"])
        return None

    def status(self) -> dict[str, Any]:
        if self.deletion is not None:
            return {"Code": self.deletion.code}
        return {"Code": "available" if self.has_associations else "pending-associate"}

    def drop_deleted_parts(self) -> None:
        """Drop the parts whose deletion is complete."""
        for network in [one for one in self.target_networks.values() if one.gone]:
            del self.target_networks[network.id]
            self.routes = [route for route in self.routes if route.subnet_id != network.subnet_id]
        self.authorization_rules = [rule for rule in self.authorization_rules if not rule.gone]
        self.routes = [route for route in self.routes if not route.gone]

    def drop_old_connections(self) -> None:
        """Drop the connections that ended too long ago for DescribeClientVpnConnections."""
        oldest_end = time.time() - settings_of(self.ec2_backend.account_id).ended_connection_seconds
        self.connections.drop_ended_before(oldest_end)

    def establish(
        self, connection_id: str, peer: Peer, posture_compliance_statuses: list[str], started_at: float
    ) -> Connection | None:
        """Add a connection, and return it. None: the client CIDR block has no free address."""
        client_ip = self._free_client_ip()
        if client_ip is None:
            return None
        self._client_ips.add(client_ip)
        connection = Connection(connection_id, peer, client_ip, posture_compliance_statuses, started_at)
        self.connections.add(connection)
        return connection

    def end_connection(self, connection: Connection, terminating_seconds: float = 0.0) -> None:
        """End an active connection, and free its address."""
        connection.end(terminating_seconds)
        self.connections.note_end(connection)
        self._client_ips.discard(connection.client_ip)

    @property
    def active_connections(self) -> int:
        """Number of active connections: each has an address."""
        return len(self._client_ips)

    def authorized_networks(self, groups: list[str]) -> list[str]:
        """Return the CIDR blocks that the authorization rules let a client of these groups reach."""
        rules = [rule for rule in self.authorization_rules if rule.state.code == "active"]
        cidrs = [rule.cidr for rule in rules if rule.group_id is None or rule.group_id in groups]
        return list(dict.fromkeys(cidrs))

    @cached_property
    def _client_network(self) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
        # Clients of an IPv6 endpoint have addresses of AWS's own choice. A block cannot be changed.
        return ipaddress.ip_network(self.settings["ClientCidrBlock"] or "fd00::/108")

    def _free_client_ip(self) -> str | None:
        network = self._client_network
        # The network's own and the first two addresses are the service's.
        usable = network.num_addresses - 4
        if len(self._client_ips) >= usable:
            return None
        while True:
            self._last_client_ip = self._last_client_ip % usable + 1
            client_ip = str(network.network_address + 1 + self._last_client_ip)
            if client_ip not in self._client_ips:
                return client_ip

    def describe(self) -> dict[str, Any]:
        settings = self.settings
        portal = settings["SelfServicePortal"] == "enabled"
        return {
            "ClientVpnEndpointId": self.id,
            "Description": settings.get("Description"),
            "Status": self.status(),
            "CreationTime": self.creation_time,
            "DnsName": f"*.{self.dns_name}",
            "ClientCidrBlock": settings["ClientCidrBlock"],
            "DnsServers": settings["DnsServers"],
            "SplitTunnel": settings["SplitTunnel"],
            "VpnProtocol": "openvpn",
            "TransportProtocol": settings["TransportProtocol"],
            "VpnPort": settings["VpnPort"],
            "AssociatedTargetNetworks": [
                {"NetworkId": network.subnet_id, "NetworkType": "vpc"}
                for network in self.target_networks.values()
                if network.state.code == "associated"
            ],
            "ServerCertificateArn": settings["ServerCertificateArn"],
            "AuthenticationOptions": [_describe_authentication(one) for one in settings["AuthenticationOptions"]],
            "ConnectionLogOptions": settings["ConnectionLogOptions"],
            "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in self.get_tags()],
            "SecurityGroupIds": settings["SecurityGroupIds"],
            "VpcId": settings.get("VpcId"),
            "SelfServicePortalUrl": f"https://self-service.clientvpn.amazonaws.com/endpoints/{self.id}"
            if portal
            else None,
            "ClientConnectOptions": {
                **settings["ClientConnectOptions"],
                "Status": {"Code": self.client_connect_status.code},
            },
            "SessionTimeoutHours": settings["SessionTimeoutHours"],
            "ClientLoginBannerOptions": settings["ClientLoginBannerOptions"],
            "ClientRouteEnforcementOptions": settings["ClientRouteEnforcementOptions"],
            "DisconnectOnSessionTimeout": settings["DisconnectOnSessionTimeout"],
            "EndpointIpAddressType": settings["EndpointIpAddressType"],
            "TrafficIpAddressType": settings["TrafficIpAddressType"],
        }


def _describe_authentication(option: dict[str, Any]) -> dict[str, Any]:
    # The Describe shapes spell three members otherwise than the Create shapes do.
    answer: dict[str, Any] = {"Type": option["Type"]}
    if "ActiveDirectory" in option:
        answer["ActiveDirectory"] = {"DirectoryId": option["ActiveDirectory"]["DirectoryId"]}
    if "MutualAuthentication" in option:
        answer["MutualAuthentication"] = {
            "ClientRootCertificateChain": option["MutualAuthentication"]["ClientRootCertificateChainArn"]
        }
    if "FederatedAuthentication" in option:
        federated = option["FederatedAuthentication"]
        answer["FederatedAuthentication"] = {
            "SamlProviderArn": federated["SAMLProviderArn"],
            "SelfServiceSamlProviderArn": federated.get("SelfServiceSAMLProviderArn"),
        }
    return answer
