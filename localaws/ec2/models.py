"""Client VPN endpoints and what belongs to them: target networks, authorization rules, routes, connections.

https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/what-is.html
"""

from __future__ import annotations

import ipaddress
import re
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cached_property
from secrets import token_hex
from typing import Any, TypeVar

from cryptography import x509
from moto.acm.exceptions import CertificateNotFound
from moto.acm.models import AWS_ROOT_CA, acm_backends
from moto.awslambda.utils import get_backend as get_lambda_backend
from moto.core.common_models import BaseModel
from moto.core.exceptions import JsonRESTError
from moto.ds.models import ds_backends
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend as MotoEC2Backend
from moto.ec2.models.core import TaggedEC2Resource
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends

from localaws.settings import settings_of

from . import client_vpn_metrics, connection_log
from .connections import Connection, Connections, Peer, Traffic, utc_text
from .exceptions import (
    ClientVpnEndpointAssociationExists,
    ClientVpnTerminateConnectionsLimitExceeded,
    FilterLimitExceeded,
    IdempotentParameterMismatch,
    InvalidClientVpnActiveAssociationNotFound,
    InvalidClientVpnAssociationIdNotFound,
    InvalidClientVpnConnectionIdNotFound,
    InvalidClientVpnConnectionUserNotFound,
    InvalidClientVpnDuplicateAssociation,
    InvalidClientVpnDuplicateAuthorizationRule,
    InvalidClientVpnDuplicateRoute,
    InvalidClientVpnEndpointAuthorizationRuleNotFound,
    InvalidClientVpnEndpointIdNotFound,
    InvalidClientVpnRouteNotFound,
    InvalidClientVpnSubnetIdDuplicateAz,
    InvalidClientVpnSubnetIdNotFound,
    InvalidClientVpnSubnetIdOverlappingCidr,
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
    UnsupportedOperation,
)

T = TypeVar("T")

ENDPOINT_ID_PREFIX = "cvpn-endpoint-"
HANDLER_NAME_PREFIX = "AWSClientVPN-"
MAX_BANNER_LENGTH = 1400
#: In one request. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
MAX_FILTER_VALUES = 200
MAX_DNS_SERVERS = 2
MAX_SECURITY_GROUPS = 5
MAX_TERMINATED_BY_USERNAME = 5
ENDPOINT_FILTERS = ("endpoint-id", "transport-protocol")
PORTS = (443, 1194)
SESSION_TIMEOUT_HOURS = (8, 10, 12, 24)
TRANSPORT_PROTOCOLS = ("tcp", "udp")
ADDRESS_TYPES = ("ipv4", "ipv6", "dual-stack")
LARGEST_CLIENT_CIDR, SMALLEST_CLIENT_CIDR = 12, 22

CERTIFICATE = "certificate-authentication"
DIRECTORY = "directory-service-authentication"
FEDERATED = "federated-authentication"

_LAMBDA_ARN = re.compile(
    r"arn:aws[a-z-]*:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):function:"
    r"(?P<name>[A-Za-z0-9_-]+)(:(?P<qualifier>[A-Za-z0-9_$-]+))?"
)
_NOT_SUPPORTED = ("TransitGatewayConfiguration", "DevicePostureOptions")


class Transition:
    """A state that settles by itself after a while, as most states of Client VPN do."""

    def __init__(self, pending: str, settled: str | None, seconds: float):
        self._pending = pending
        self._settled = settled
        self._settles_at = time.monotonic() + seconds

    @property
    def code(self) -> str:
        """The state's code now; of what has gone, the last one it had.

        It may go between the moment in which it was found and that in which it is described.
        """
        return self._pending if self._settled is None or not self._is_settled else self._settled

    @property
    def gone(self) -> bool:
        """Whether what the state describes has vanished."""
        return self._settled is None and self._is_settled

    @property
    def _is_settled(self) -> bool:
        return time.monotonic() >= self._settles_at


class ClientVpnPart(BaseModel):
    """Whatever an endpoint consists of: it has a status and vanishes some time after it is deleted."""

    def __init__(self, endpoint: ClientVpnEndpoint, state: Transition):
        self.endpoint = endpoint
        self.state = state

    @property
    def gone(self) -> bool:
        return self.state.gone

    def status(self) -> dict[str, Any]:
        return {"Code": self.state.code}

    def filter_values(self) -> dict[str, str | None]:
        """What each documented filter of the Describe action compares with."""
        raise NotImplementedError


class TargetNetwork(ClientVpnPart):
    """The association of a subnet with an endpoint."""

    FILTERS = ("association-id", "target-network-id", "vpc-id")

    def __init__(self, endpoint: ClientVpnEndpoint, subnet: Any, state: Transition):
        super().__init__(endpoint, state)
        self.id = f"cvpn-assoc-{_hex_id()}"
        self.subnet_id: str = subnet.id
        self.vpc_id: str = subnet.vpc_id
        self.zone: str = subnet.availability_zone

    def filter_values(self) -> dict[str, str | None]:
        return {
            "association-id": self.id,
            "target-network-id": self.subnet_id,
            "vpc-id": self.vpc_id,
        }

    def describe(self) -> dict[str, Any]:
        return {
            "AssociationId": self.id,
            "VpcId": self.vpc_id,
            "TargetNetworkId": self.subnet_id,
            "ClientVpnEndpointId": self.endpoint.id,
            "Status": self.status(),
            "SecurityGroups": self.endpoint.settings["SecurityGroupIds"],
        }


class AuthorizationRule(ClientVpnPart):
    """Who may reach a network through an endpoint."""

    FILTERS = ("description", "destination-cidr", "group-id")

    def __init__(
        self,
        endpoint: ClientVpnEndpoint,
        cidr: str,
        group_id: str | None,
        description: str | None,
        state: Transition,
    ):
        super().__init__(endpoint, state)
        self.cidr = cidr
        self.group_id = group_id
        self.description = description

    def filter_values(self) -> dict[str, str | None]:
        return {
            "description": self.description,
            "destination-cidr": self.cidr,
            "group-id": self.group_id,
        }

    def describe(self) -> dict[str, Any]:
        return {
            "ClientVpnEndpointId": self.endpoint.id,
            "Description": self.description,
            # EC2 answers with an empty group ID, not with none, for a rule that authorizes all groups.
            "GroupId": self.group_id or "",
            "AccessAll": self.group_id is None,
            "DestinationCidr": self.cidr,
            "Status": self.status(),
        }


class Route(ClientVpnPart):
    """A route of an endpoint; one to the VPC comes with each association."""

    FILTERS = ("destination-cidr", "origin", "target-subnet")

    def __init__(
        self,
        endpoint: ClientVpnEndpoint,
        cidr: str,
        subnet_id: str,
        description: str | None,
        origin: str,
        state: Transition,
    ):
        super().__init__(endpoint, state)
        self.cidr = cidr
        self.subnet_id = subnet_id
        self.description = description
        self.origin = origin

    def filter_values(self) -> dict[str, str | None]:
        return {
            "destination-cidr": self.cidr,
            "origin": self.origin,
            "target-subnet": self.subnet_id,
        }

    def describe(self) -> dict[str, Any]:
        return {
            "ClientVpnEndpointId": self.endpoint.id,
            "DestinationCidr": self.cidr,
            "TargetSubnet": self.subnet_id,
            "Type": "Nat",
            "Origin": self.origin,
            "Status": self.status(),
            "Description": self.description,
        }


class ClientVpnEndpoint(TaggedEC2Resource):
    """An endpoint. ``settings`` holds its arguments under the names that EC2's API gives them."""

    def __init__(self, ec2_backend: EC2Backend, settings: dict[str, Any], tags: dict[str, str]):
        self.ec2_backend = ec2_backend
        self.id = ENDPOINT_ID_PREFIX + _hex_id()
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

    def forget_what_is_gone(self) -> None:
        """Drops the parts whose deletion has finished."""
        for network in [one for one in self.target_networks.values() if one.gone]:
            del self.target_networks[network.id]
            self.routes = [route for route in self.routes if route.subnet_id != network.subnet_id]
        self.authorization_rules = [rule for rule in self.authorization_rules if not rule.gone]
        self.routes = [route for route in self.routes if not route.gone]

    def forget_ended_connections(self) -> None:
        """Drops the connections that ended too long ago to be described."""
        kept_since = time.time() - settings_of(self.ec2_backend.account_id).ended_connection_seconds
        self.connections.forget_ended_before(kept_since)

    def establish(
        self, connection_id: str, peer: Peer, posture_compliance_statuses: list[str], started_at: float
    ) -> Connection | None:
        """A new connection; None if every address of the client CIDR block is taken."""
        client_ip = self._free_client_ip()
        if client_ip is None:
            return None
        self._client_ips.add(client_ip)
        connection = Connection(connection_id, peer, client_ip, posture_compliance_statuses, started_at)
        self.connections.add(connection)
        return connection

    def end_connection(self, connection: Connection, terminating_seconds: float = 0.0) -> None:
        """Ends an active connection, and frees its address."""
        connection.end(terminating_seconds)
        self.connections.ended(connection)
        self._client_ips.discard(connection.client_ip)

    @property
    def active_connections(self) -> int:
        """How many clients are connected: each has an address."""
        return len(self._client_ips)

    def authorized_networks(self, groups: list[str]) -> list[str]:
        """The CIDR blocks that the authorization rules let a client of these groups reach."""
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
            "AuthenticationOptions": [_described_authentication(one) for one in settings["AuthenticationOptions"]],
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


class ClientVpnBackend:
    """The Client VPN endpoints of one account and Region."""

    account_id: str
    region_name: str
    partition: str

    def __init__(self) -> None:
        self.client_vpn_endpoints: dict[str, ClientVpnEndpoint] = {}
        self.client_vpn_lock = threading.RLock()
        self._client_vpn_tokens: dict[str, tuple[dict[str, Any], str]] = {}

    # Endpoints

    def create_client_vpn_endpoint(self, arguments: dict[str, Any], tags: dict[str, str]) -> ClientVpnEndpoint:
        with self.client_vpn_lock:
            token = arguments.pop("ClientToken", None)
            if token in self._client_vpn_tokens:
                first_arguments, endpoint_id = self._client_vpn_tokens[token]
                if first_arguments != arguments:
                    raise IdempotentParameterMismatch(token)
                return self.get_client_vpn_endpoint(endpoint_id)
            settings = self._checked_endpoint_settings(arguments, {})
            endpoint = ClientVpnEndpoint(self, settings, tags)  # type: ignore[arg-type]
            endpoint.client_connect_status = self._transition("applying", "applied")
            self._ensure_connection_log_stream(endpoint)
            self.client_vpn_endpoints[endpoint.id] = endpoint
            client_vpn_metrics.publish_days_to_expiry(endpoint)
            if token:
                self._client_vpn_tokens[token] = (arguments, endpoint.id)
            return endpoint

    def get_client_vpn_endpoint(self, endpoint_id: str) -> ClientVpnEndpoint:
        with self.client_vpn_lock:
            self._forget_deleted_endpoints()
            return self._endpoint(endpoint_id)

    def describe_client_vpn_endpoints(
        self, endpoint_ids: list[str], filters: dict[str, list[str]]
    ) -> list[ClientVpnEndpoint]:
        with self.client_vpn_lock:
            self._forget_deleted_endpoints()
            wanted = endpoint_ids or list(self.client_vpn_endpoints)
            endpoints = [self._endpoint(endpoint_id) for endpoint_id in wanted]

            tag_filters = [name for name in filters if name.startswith("tag:")]

            def values(endpoint: ClientVpnEndpoint) -> dict[str, str | None]:
                tags = {f"tag:{tag['key']}": tag["value"] for tag in endpoint.get_tags()}
                return {
                    "endpoint-id": endpoint.id,
                    "transport-protocol": endpoint.settings["TransportProtocol"],
                    **tags,
                }

            return _filtered(endpoints, filters, (*ENDPOINT_FILTERS, *tag_filters), values)

    def modify_client_vpn_endpoint(self, arguments: dict[str, Any]) -> ClientVpnEndpoint:
        with self.client_vpn_lock:
            endpoint = self.get_client_vpn_endpoint(arguments.pop("ClientVpnEndpointId"))
            if "DnsServers" in arguments:
                servers = arguments["DnsServers"]
                arguments["DnsServers"] = (
                    (servers.get("CustomDnsServers") or []) if servers.get("Enabled", True) else []
                )
            if "SecurityGroupIds" in arguments and "VpcId" not in arguments:
                raise InvalidParameterValue("Security Groups cannot be modified without specifying Vpc Id")
            # What is not sent stays as it was: a caller who leaves a block out has not turned it off.
            endpoint.settings = self._checked_endpoint_settings(arguments, endpoint.settings)
            if "ClientConnectOptions" in arguments:
                endpoint.client_connect_status = self._transition("applying", "applied")
            self._ensure_connection_log_stream(endpoint)
            return endpoint

    def delete_client_vpn_endpoint(self, endpoint_id: str) -> ClientVpnEndpoint:
        with self.client_vpn_lock:
            endpoint = self.get_client_vpn_endpoint(endpoint_id)
            if endpoint.target_networks:
                raise ClientVpnEndpointAssociationExists(list(endpoint.target_networks))
            for connection in endpoint.connections:
                self._end_connection(endpoint, connection)
            endpoint.deletion = self._transition("deleting", None)
            return endpoint

    def _endpoint(self, endpoint_id: str) -> ClientVpnEndpoint:
        if endpoint_id not in self.client_vpn_endpoints:
            raise InvalidClientVpnEndpointIdNotFound(endpoint_id)
        endpoint = self.client_vpn_endpoints[endpoint_id]
        endpoint.forget_what_is_gone()
        return endpoint

    def _forget_deleted_endpoints(self) -> None:
        for endpoint in [one for one in self.client_vpn_endpoints.values() if one.gone]:
            del self.client_vpn_endpoints[endpoint.id]
            self.tags.pop(endpoint.id, None)  # type: ignore[attr-defined]

    # Target networks

    def associate_client_vpn_target_network(self, arguments: dict[str, Any]) -> TargetNetwork:
        with self.client_vpn_lock:
            endpoint = self.get_client_vpn_endpoint(arguments["ClientVpnEndpointId"])
            subnet_id = arguments.get("SubnetId")
            if not subnet_id:
                raise MissingParameter("SubnetId")
            subnet = self._client_vpn_subnet(subnet_id)
            present = list(endpoint.target_networks.values())
            if any(network.subnet_id == subnet_id for network in present):
                raise InvalidClientVpnDuplicateAssociation(subnet_id, endpoint.id)
            vpc_id = endpoint.settings.get("VpcId")
            if vpc_id and subnet.vpc_id != vpc_id:
                raise InvalidParameterValue(
                    f"The subnet {subnet_id} is in {subnet.vpc_id}, the endpoint {endpoint.id} in {vpc_id}"
                )
            if any(network.zone == subnet.availability_zone for network in present):
                raise InvalidClientVpnSubnetIdDuplicateAz(subnet.availability_zone)
            vpc = self.get_vpc(subnet.vpc_id)  # type: ignore[attr-defined]
            client_cidr = endpoint.settings["ClientCidrBlock"]
            if client_cidr and _overlap(client_cidr, vpc.cidr_block):
                raise InvalidClientVpnSubnetIdOverlappingCidr(client_cidr, vpc.cidr_block)
            endpoint.settings["VpcId"] = subnet.vpc_id
            if not endpoint.settings["SecurityGroupIds"]:
                endpoint.settings["SecurityGroupIds"] = [self._default_security_group(subnet.vpc_id)]
            network = TargetNetwork(endpoint, subnet, self._transition("associating", "associated"))
            endpoint.target_networks[network.id] = network
            endpoint.routes.append(
                Route(
                    endpoint,
                    vpc.cidr_block,
                    subnet_id,
                    "Default Route",
                    "associate",
                    self._transition("creating", "active"),
                )
            )
            return network

    def disassociate_client_vpn_target_network(self, endpoint_id: str, association_id: str) -> TargetNetwork:
        with self.client_vpn_lock:
            network = _target_network(self.get_client_vpn_endpoint(endpoint_id), association_id)
            network.state = self._transition("disassociating", None)
            for route in network.endpoint.routes:
                if route.subnet_id == network.subnet_id:
                    route.state = self._transition("deleting", None)
            return network

    def describe_client_vpn_target_networks(
        self, endpoint_id: str, association_ids: list[str], filters: dict[str, list[str]]
    ) -> list[TargetNetwork]:
        with self.client_vpn_lock:
            endpoint = self.get_client_vpn_endpoint(endpoint_id)
            wanted = association_ids or list(endpoint.target_networks)
            networks = [_target_network(endpoint, association_id) for association_id in wanted]
            return _filtered(networks, filters, TargetNetwork.FILTERS, TargetNetwork.filter_values)

    def apply_security_groups_to_client_vpn_target_network(
        self, endpoint_id: str, vpc_id: str, security_group_ids: list[str]
    ) -> list[str]:
        with self.client_vpn_lock:
            endpoint = self.get_client_vpn_endpoint(endpoint_id)
            if vpc_id not in (network.vpc_id for network in endpoint.target_networks.values()):
                raise InvalidParameterValue(f"The endpoint {endpoint_id} has no target network in {vpc_id}")
            self._check_security_groups(security_group_ids, vpc_id)
            endpoint.settings["SecurityGroupIds"] = list(security_group_ids)
            return list(security_group_ids)

    # Authorization rules

    def authorize_client_vpn_ingress(self, arguments: dict[str, Any]) -> AuthorizationRule:
        with self.client_vpn_lock:
            endpoint = self._endpoint_with_association(arguments["ClientVpnEndpointId"])
            cidr = _network(arguments["TargetNetworkCidr"], "targetNetworkCidr")
            group_id = _group(arguments, "AuthorizeAllGroups")
            if any((rule.cidr, rule.group_id) == (cidr, group_id) for rule in endpoint.authorization_rules):
                raise InvalidClientVpnDuplicateAuthorizationRule(cidr, group_id or "all groups")
            rule = AuthorizationRule(
                endpoint, cidr, group_id, arguments.get("Description"), self._transition("authorizing", "active")
            )
            endpoint.authorization_rules.append(rule)
            return rule

    def revoke_client_vpn_ingress(self, arguments: dict[str, Any]) -> AuthorizationRule:
        with self.client_vpn_lock:
            endpoint = self.get_client_vpn_endpoint(arguments["ClientVpnEndpointId"])
            cidr, group_id = arguments["TargetNetworkCidr"], _group(arguments, "RevokeAllGroups")
            for rule in endpoint.authorization_rules:
                if (rule.cidr, rule.group_id) == (cidr, group_id):
                    rule.state = self._transition("revoking", None)
                    return rule
            raise InvalidClientVpnEndpointAuthorizationRuleNotFound(cidr, group_id or "all groups")

    def describe_client_vpn_authorization_rules(
        self, endpoint_id: str, filters: dict[str, list[str]]
    ) -> list[AuthorizationRule]:
        with self.client_vpn_lock:
            rules = self.get_client_vpn_endpoint(endpoint_id).authorization_rules
            return _filtered(rules, filters, AuthorizationRule.FILTERS, AuthorizationRule.filter_values)

    # Routes

    def create_client_vpn_route(self, arguments: dict[str, Any]) -> Route:
        with self.client_vpn_lock:
            endpoint = self._endpoint_with_association(arguments["ClientVpnEndpointId"])
            cidr = _network(arguments["DestinationCidrBlock"], "destinationCidrBlock")
            subnet_id = arguments.get("TargetVpcSubnetId")
            if not subnet_id:
                raise MissingParameter("TargetVpcSubnetId")
            if subnet_id not in (network.subnet_id for network in endpoint.target_networks.values()):
                raise InvalidClientVpnSubnetIdNotFound(subnet_id)
            if any((route.cidr, route.subnet_id) == (cidr, subnet_id) for route in endpoint.routes):
                raise InvalidClientVpnDuplicateRoute(cidr, subnet_id)
            route = Route(
                endpoint,
                cidr,
                subnet_id,
                arguments.get("Description"),
                "add-route",
                self._transition("creating", "active"),
            )
            endpoint.routes.append(route)
            return route

    def delete_client_vpn_route(self, arguments: dict[str, Any]) -> Route:
        with self.client_vpn_lock:
            endpoint = self.get_client_vpn_endpoint(arguments["ClientVpnEndpointId"])
            cidr, subnet_id = arguments["DestinationCidrBlock"], arguments.get("TargetVpcSubnetId")
            for route in endpoint.routes:
                if route.cidr == cidr and subnet_id in (None, route.subnet_id):
                    if route.origin == "associate":
                        raise InvalidParameterValue(
                            f"The route to {cidr} came with the association of {route.subnet_id} "
                            "and goes with it: it cannot be deleted"
                        )
                    route.state = self._transition("deleting", None)
                    return route
            raise InvalidClientVpnRouteNotFound(cidr, subnet_id or "any subnet")

    def describe_client_vpn_routes(self, endpoint_id: str, filters: dict[str, list[str]]) -> list[Route]:
        with self.client_vpn_lock:
            return _filtered(
                self.get_client_vpn_endpoint(endpoint_id).routes, filters, Route.FILTERS, Route.filter_values
            )

    # Connections

    def describe_client_vpn_connections(
        self, endpoint_id: str, filters: dict[str, list[str]], after: int, limit: int
    ) -> tuple[list[Connection], bool]:
        """A page of connections, after the one of a number, and whether there are more."""
        with self.client_vpn_lock:
            endpoint = self.get_client_vpn_endpoint(endpoint_id)
            _check_filters(filters, Connection.FILTERS)
            endpoint.forget_ended_connections()
            return endpoint.connections.page(filters, after, limit)

    def terminate_client_vpn_connections(
        self, endpoint_id: str, connection_id: str | None, username: str | None
    ) -> list[dict[str, Any]]:
        with self.client_vpn_lock:
            endpoint = self.get_client_vpn_endpoint(endpoint_id)
            if connection_id and username:
                raise InvalidParameterCombination("Specify either ConnectionId or Username, not both")
            if connection_id:
                if connection_id not in endpoint.connections:
                    raise InvalidClientVpnConnectionIdNotFound(connection_id)
                chosen = [endpoint.connections[connection_id]]
            elif username:
                chosen = [one for one in endpoint.connections.of_user(username) if one.active]
                if not chosen:
                    raise InvalidClientVpnConnectionUserNotFound(username)
                if len(chosen) > MAX_TERMINATED_BY_USERNAME:
                    raise ClientVpnTerminateConnectionsLimitExceeded(username, len(chosen), MAX_TERMINATED_BY_USERNAME)
            else:
                raise MissingParameter("ConnectionId or Username")
            statuses = []
            for connection in chosen:
                previous = connection.status()
                self._end_connection(endpoint, connection, settings_of(self.account_id).transition_seconds)
                statuses.append(
                    {
                        "ConnectionId": connection.id,
                        "PreviousStatus": previous,
                        "CurrentStatus": connection.status(),
                    }
                )
            return statuses

    def establish_client_vpn_connection(
        self,
        endpoint: ClientVpnEndpoint,
        connection_id: str,
        peer: Peer,
        posture_compliance_statuses: list[str],
        started_at: float,
    ) -> Connection | None:
        """What follows on an attempt that is allowed; None if the endpoint has no address for it."""
        with self.client_vpn_lock:
            connection = endpoint.establish(connection_id, peer, posture_compliance_statuses, started_at)
            client_vpn_metrics.publish_active_connections(endpoint)
            return connection

    def add_client_vpn_connections(self, endpoint_id: str, peers: Iterable[Peer]) -> list[str]:
        """Connections that are there at once, of clients that nobody is asked about; their ids.

        Either all of them are there afterwards or, if the endpoint has too few addresses, as many as it has.
        """
        now = time.time()
        with self.client_vpn_lock:
            endpoint = self.get_client_vpn_endpoint(endpoint_id)
            added = []
            for peer in peers:
                connection = endpoint.establish(f"cvpn-connection-{_hex_id()}", peer, [], now)
                if connection is None:
                    break
                added.append(connection.id)
            client_vpn_metrics.publish_active_connections(endpoint)
            return added

    def update_client_vpn_connection(self, connection_id: str, traffic: Traffic, *, ended: bool) -> None:
        """What the client's end of a connection tells: its traffic so far, and that it has gone."""
        with self.client_vpn_lock:
            endpoint, connection = self._client_vpn_connection(connection_id)
            added, connection.traffic = traffic.since(connection.traffic), traffic
            client_vpn_metrics.publish_traffic(endpoint, added)
            if ended:
                self._end_connection(endpoint, connection)

    def _client_vpn_connection(self, connection_id: str) -> tuple[ClientVpnEndpoint, Connection]:
        for endpoint in self.client_vpn_endpoints.values():
            if connection_id in endpoint.connections:
                return endpoint, endpoint.connections[connection_id]
        raise InvalidClientVpnConnectionIdNotFound(connection_id)

    def _end_connection(
        self, endpoint: ClientVpnEndpoint, connection: Connection, terminating_seconds: float = 0.0
    ) -> None:
        # A client that is being disconnected says so too.
        if not connection.active:
            return
        endpoint.end_connection(connection, terminating_seconds)
        connection_log.write(endpoint, connection_log.reset_event(endpoint, connection))
        client_vpn_metrics.publish_active_connections(endpoint)

    # Certificates and client configuration

    def import_client_vpn_client_certificate_revocation_list(self, endpoint_id: str, text: str) -> None:
        with self.client_vpn_lock:
            endpoint = self.get_client_vpn_endpoint(endpoint_id)
            if CERTIFICATE not in endpoint.authentication_types:
                raise InvalidParameterValue(
                    f"The endpoint {endpoint_id} does not use mutual authentication: "
                    "it has no client certificates to revoke"
                )
            try:
                x509.load_pem_x509_crl(text.encode())
            except ValueError:
                raise InvalidParameterValue(
                    "The certificate revocation list is not one in PEM format: it begins with -----BEGIN X509 CRL-----"
                ) from None
            endpoint.certificate_revocation_list = text
            endpoint.revocation_list_status = self._transition("pending", "active")
            client_vpn_metrics.publish_days_to_expiry(endpoint)

    def export_client_vpn_client_certificate_revocation_list(self, endpoint_id: str) -> dict[str, Any]:
        with self.client_vpn_lock:
            endpoint = self.get_client_vpn_endpoint(endpoint_id)
            if endpoint.certificate_revocation_list is None:
                return {}
            return {
                "CertificateRevocationList": endpoint.certificate_revocation_list,
                "Status": {"Code": endpoint.revocation_list_status.code},
            }

    def export_client_vpn_client_configuration(self, endpoint_id: str) -> str:
        """The .ovpn file as EC2 exports it: no client certificate, and a random subdomain to be resolved."""
        with self.client_vpn_lock:
            endpoint = self.get_client_vpn_endpoint(endpoint_id)
        settings = endpoint.settings
        certificate = acm_backends[self.account_id][self.region_name].get_certificate(settings["ServerCertificateArn"])
        authority = _authority(certificate)
        lines = [
            "client",
            "dev tun",
            f"proto {settings['TransportProtocol']}",
            f"remote {endpoint.dns_name} {settings['VpnPort']}",
            "remote-random-hostname",
            "resolv-retry infinite",
            "nobind",
            "remote-cert-tls server",
            "cipher AES-256-GCM",
            "verb 3",
            "<ca>",
            authority,
            "</ca>",
            "",
        ]
        if DIRECTORY in endpoint.authentication_types:
            lines.append("auth-user-pass")
        if FEDERATED in endpoint.authentication_types:
            lines += ["auth-federate", "auth-retry interact", "auth-nocache"]
        lines += ["reneg-sec 0", ""]
        return "\n".join(lines)

    # Checks

    def _checked_endpoint_settings(self, arguments: dict[str, Any], present: dict[str, Any]) -> dict[str, Any]:
        """The endpoint's settings with the arguments applied over those present, or EC2's error."""
        for name in _NOT_SUPPORTED:
            if name in arguments:
                raise UnsupportedOperation(f"{name} is not available here")
        settings = {**present, **arguments}
        creating = not present
        if creating:
            for required in ("ServerCertificateArn", "AuthenticationOptions", "ConnectionLogOptions"):
                if not settings.get(required):
                    raise MissingParameter(required)
            self._check_authentication(settings["AuthenticationOptions"])
            settings["ClientCidrBlock"] = _client_cidr(settings)
        settings.setdefault("TransportProtocol", "udp")
        settings.setdefault("VpnPort", 443)
        settings.setdefault("SplitTunnel", False)
        settings.setdefault("SessionTimeoutHours", SESSION_TIMEOUT_HOURS[-1])
        settings.setdefault("DisconnectOnSessionTimeout", True)
        settings.setdefault("DnsServers", [])
        settings.setdefault("SecurityGroupIds", [])
        settings.setdefault("ClientConnectOptions", {"Enabled": False})
        settings.setdefault("ClientLoginBannerOptions", {"Enabled": False})
        settings.setdefault("ClientRouteEnforcementOptions", {"Enforced": False})
        settings.setdefault("EndpointIpAddressType", "ipv4")
        settings.setdefault("TrafficIpAddressType", "ipv4")
        kinds = {option["Type"] for option in settings["AuthenticationOptions"]}
        settings.setdefault("SelfServicePortal", "disabled" if kinds == {CERTIFICATE} else "enabled")

        _one_of(settings, "TransportProtocol", TRANSPORT_PROTOCOLS)
        _one_of(settings, "VpnPort", PORTS)
        _one_of(settings, "SessionTimeoutHours", SESSION_TIMEOUT_HOURS)
        _one_of(settings, "SelfServicePortal", ("enabled", "disabled"))
        _one_of(settings, "EndpointIpAddressType", ADDRESS_TYPES)
        _one_of(settings, "TrafficIpAddressType", ADDRESS_TYPES)
        if settings["SelfServicePortal"] == "enabled" and kinds == {CERTIFICATE}:
            raise InvalidParameterValue(
                "The self-service portal is not available for endpoints that use mutual authentication alone"
            )
        self._check_dns_servers(settings["DnsServers"])
        if creating or "ServerCertificateArn" in arguments:
            self._check_certificate(settings["ServerCertificateArn"], "ServerCertificateArn")
        if creating or "ConnectionLogOptions" in arguments:
            self._check_connection_log(settings["ConnectionLogOptions"])
        if "ClientConnectOptions" in arguments:
            settings["ClientConnectOptions"] = self._checked_client_connect(arguments["ClientConnectOptions"])
        if "ClientLoginBannerOptions" in arguments:
            settings["ClientLoginBannerOptions"] = _checked_banner(arguments["ClientLoginBannerOptions"])
        if "VpcId" in arguments or "SecurityGroupIds" in arguments:
            self._check_vpc(settings, changed_vpc="VpcId" in arguments and "SecurityGroupIds" not in arguments)
        return settings

    def _check_authentication(self, options: list[dict[str, Any]]) -> None:
        kinds = [option.get("Type") for option in options]
        if len(options) > 2 or len(set(kinds)) != len(kinds) or {DIRECTORY, FEDERATED} <= set(kinds):
            raise InvalidParameterValue(
                f"Authentication options {', '.join(map(str, kinds))} cannot be combined: use one, "
                f"or {CERTIFICATE} with one of {DIRECTORY} and {FEDERATED}"
            )
        for option in options:
            match option.get("Type"):
                case "certificate-authentication":
                    arn = option.get("MutualAuthentication", {}).get("ClientRootCertificateChainArn")
                    if not arn:
                        raise MissingParameter("ClientRootCertificateChainArn")
                    self._check_certificate(arn, "ClientRootCertificateChainArn")
                case "directory-service-authentication":
                    directory_id = option.get("ActiveDirectory", {}).get("DirectoryId")
                    if not directory_id:
                        raise MissingParameter("DirectoryId")
                    if directory_id not in ds_backends[self.account_id][self.region_name].directories:
                        raise InvalidParameterValue(f"The directory {directory_id} does not exist")
                case "federated-authentication":
                    federated = option.get("FederatedAuthentication", {})
                    if not federated.get("SAMLProviderArn"):
                        raise MissingParameter("SAMLProviderArn")
                    for name in ("SAMLProviderArn", "SelfServiceSAMLProviderArn"):
                        if federated.get(name):
                            self._check_saml_provider(federated[name])
                case other:
                    raise InvalidParameterValue(
                        f"Value ( {other} ) for parameter Type is invalid. "
                        f"Expecting one of {CERTIFICATE}, {DIRECTORY}, {FEDERATED}."
                    )

    def _check_certificate(self, arn: str, name: str) -> None:
        try:
            acm_backends[self.account_id][self.region_name].get_certificate(arn)
        except CertificateNotFound:
            raise InvalidParameterValue(
                f"Certificate {arn} ({name}) does not exist in ACM in {self.region_name}"
            ) from None

    def _check_saml_provider(self, arn: str) -> None:
        providers = iam_backends[self.account_id][self.partition].list_saml_providers()
        if arn not in (provider.arn for provider in providers):
            raise InvalidParameterValue(f"The SAML provider {arn} does not exist")

    def _check_dns_servers(self, servers: list[str]) -> None:
        if len(servers) > MAX_DNS_SERVERS:
            raise InvalidParameterValue(
                f"{len(servers)} DNS servers were given; an endpoint takes at most {MAX_DNS_SERVERS}"
            )
        for server in servers:
            try:
                ipaddress.ip_address(server)
            except ValueError:
                raise InvalidParameterValue(f"DNS server {server} is not an IP address") from None

    def _check_connection_log(self, options: dict[str, Any]) -> None:
        if not options.get("Enabled"):
            return
        group_name = options.get("CloudwatchLogGroup")
        if not group_name:
            raise InvalidParameterValue("CloudwatchLogGroup is required if connection logging is enabled")
        group = logs_backends[self.account_id][self.region_name].groups.get(group_name)
        if group is None:
            raise InvalidParameterValue(f"The CloudWatch Logs log group {group_name} does not exist")
        stream = options.get("CloudwatchLogStream")
        if stream and stream not in group.streams:
            raise InvalidParameterValue(f"The log stream {stream} does not exist in log group {group_name}")

    def _checked_client_connect(self, options: dict[str, Any]) -> dict[str, Any]:
        enabled = bool(options.get("Enabled", False))
        arn = options.get("LambdaFunctionArn")
        if not enabled:
            return {"Enabled": False}
        if not arn:
            raise InvalidParameterValue("LambdaFunctionArn is required if the client connect handler is enabled")
        match = _LAMBDA_ARN.fullmatch(arn)
        if not match:
            raise InvalidParameterValue(f"{arn} is not the ARN of a Lambda function")
        if not match["name"].startswith(HANDLER_NAME_PREFIX):
            raise InvalidParameterValue(
                f"The name of the client connect handler has to begin with {HANDLER_NAME_PREFIX}, "
                f"unlike {match['name']}"
            )
        if (match["region"], match["account"]) != (self.region_name, self.account_id):
            raise InvalidParameterValue(
                f"The client connect handler {arn} has to be in the endpoint's Region and account, "
                f"{self.region_name} and {self.account_id}"
            )
        try:
            get_lambda_backend(self.account_id, self.region_name).get_function(match["name"], match["qualifier"])
        except JsonRESTError as error:
            raise InvalidParameterValue(f"The client connect handler {arn} cannot be used: {error.message}") from None
        return {"Enabled": True, "LambdaFunctionArn": arn}

    def _check_vpc(self, settings: dict[str, Any], changed_vpc: bool) -> None:
        groups = settings["SecurityGroupIds"]
        vpc_id = settings.get("VpcId")
        if not vpc_id:
            raise InvalidParameterValue("VpcId is required if SecurityGroupIds are given")
        if vpc_id not in self.vpcs:  # type: ignore[attr-defined]
            raise EC2ClientError("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")
        if changed_vpc or not groups:
            # As documented: without security groups of its own, the endpoint gets the VPC's default one.
            settings["SecurityGroupIds"] = [self._default_security_group(vpc_id)]
        else:
            self._check_security_groups(groups, vpc_id)

    def _check_security_groups(self, security_group_ids: list[str], vpc_id: str) -> None:
        if len(security_group_ids) > MAX_SECURITY_GROUPS:
            raise InvalidParameterValue(
                f"{len(security_group_ids)} security groups were given; an endpoint takes at most {MAX_SECURITY_GROUPS}"
            )
        for group_id in security_group_ids:
            group = self.get_security_group_from_id(group_id)  # type: ignore[attr-defined]
            if group is None or group.vpc_id != vpc_id:
                raise EC2ClientError(
                    "InvalidSecurityGroupID.NotFound",
                    f"The security group '{group_id}' does not exist in {vpc_id}",
                )

    def _default_security_group(self, vpc_id: str) -> str:
        group = self.get_security_group_from_name("default", vpc_id=vpc_id)  # type: ignore[attr-defined]
        return str(group.id)

    def _client_vpn_subnet(self, subnet_id: str) -> Any:
        try:
            return self.get_subnet(subnet_id)  # type: ignore[attr-defined]
        except EC2ClientError:
            raise InvalidClientVpnSubnetIdNotFound(subnet_id) from None

    def _endpoint_with_association(self, endpoint_id: str) -> ClientVpnEndpoint:
        endpoint = self.get_client_vpn_endpoint(endpoint_id)
        if not endpoint.has_associations:
            raise InvalidClientVpnActiveAssociationNotFound(endpoint_id)
        return endpoint

    def _ensure_connection_log_stream(self, endpoint: ClientVpnEndpoint) -> None:
        options = endpoint.settings["ConnectionLogOptions"]
        if not options.get("Enabled"):
            endpoint.settings["ConnectionLogOptions"] = {"Enabled": False}
        elif not options.get("CloudwatchLogStream"):
            name = f"{endpoint.id}-{self.region_name}-{datetime.now(UTC).strftime('%Y/%m/%d')}-{token_hex(6)}"
            logs_backends[self.account_id][self.region_name].create_log_stream(options["CloudwatchLogGroup"], name)
            endpoint.settings["ConnectionLogOptions"] = {**options, "CloudwatchLogStream": name}

    def _transition(self, pending: str, settled: str | None) -> Transition:
        return Transition(pending, settled, settings_of(self.account_id).transition_seconds)


class EC2Backend(ClientVpnBackend, MotoEC2Backend):
    """moto's EC2 of one account and Region, and its Client VPN endpoints."""

    def __init__(self, region_name: str, account_id: str):
        MotoEC2Backend.__init__(self, region_name, account_id)
        ClientVpnBackend.__init__(self)

    def describe_tags(self, filters: dict[str, list[str]] | None = None) -> list[dict[str, str]]:
        # moto cannot tell the type of an ID with two words before its number, so the type is filtered here.
        filters = dict(filters or {})
        wanted_types = filters.pop("resource-type", None)
        tags: list[dict[str, str]] = super().describe_tags(filters)
        for tag in tags:
            if tag["resource_id"].startswith(ENDPOINT_ID_PREFIX):
                tag["resource_type"] = "client-vpn-endpoint"
        return [tag for tag in tags if wanted_types is None or tag["resource_type"] in wanted_types]


def _hex_id() -> str:
    return token_hex(9)[:17]


def _target_network(endpoint: ClientVpnEndpoint, association_id: str) -> TargetNetwork:
    if association_id not in endpoint.target_networks:
        raise InvalidClientVpnAssociationIdNotFound(association_id)
    return endpoint.target_networks[association_id]


def _filtered(
    items: Iterable[T],
    filters: dict[str, list[str]],
    names: tuple[str, ...],
    values: Callable[[T], dict[str, str | None]],
) -> list[T]:
    _check_filters(filters, names)
    if not filters:
        return list(items)
    found = []
    for item in items:
        known = values(item)
        if all(known.get(name) in wanted for name, wanted in filters.items()):
            found.append(item)
    return found


def _check_filters(filters: dict[str, list[str]], names: tuple[str, ...]) -> None:
    for name in filters:
        if name not in names:
            raise InvalidParameterValue(f"The filter '{name}' is invalid")
    if sum(map(len, filters.values())) > MAX_FILTER_VALUES:
        raise FilterLimitExceeded(MAX_FILTER_VALUES)


def _one_of(settings: dict[str, Any], name: str, allowed: tuple[Any, ...]) -> None:
    if settings[name] not in allowed:
        raise InvalidParameterValue(
            f"Value ( {settings[name]} ) for parameter {name} is invalid. "
            f"Expecting one of {', '.join(map(str, allowed))}."
        )


def _network(text: str, name: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise InvalidParameterValue(
            f"Value ( {text} ) for parameter {name} is invalid. Expecting a CIDR block."
        ) from None
    return text


def _client_cidr(settings: dict[str, Any]) -> str | None:
    text = settings.get("ClientCidrBlock")
    if not text:
        if settings.get("TrafficIpAddressType") == "ipv6":
            return None
        raise MissingParameter("ClientCidrBlock")
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError:
        raise InvalidParameterValue(f"ClientCidrBlock {text} is not an IPv4 CIDR block") from None
    if not LARGEST_CLIENT_CIDR <= network.prefixlen <= SMALLEST_CLIENT_CIDR:
        raise InvalidParameterValue(
            f"ClientCidrBlock {text} has to have a size of at least /{SMALLEST_CLIENT_CIDR} "
            f"and at most /{LARGEST_CLIENT_CIDR}"
        )
    return str(text)


def _checked_banner(options: dict[str, Any]) -> dict[str, Any]:
    if not options.get("Enabled"):
        return {"Enabled": False}
    text = options.get("BannerText")
    if not text:
        raise InvalidParameterValue("BannerText is required if the client login banner is enabled")
    if len(text) > MAX_BANNER_LENGTH:
        raise InvalidParameterValue(f"BannerText has {len(text)} characters; at most {MAX_BANNER_LENGTH} are allowed")
    return {"Enabled": True, "BannerText": text}


def _group(arguments: dict[str, Any], all_groups: str) -> str | None:
    group_id = arguments.get("AccessGroupId")
    if group_id and arguments.get(all_groups):
        raise InvalidParameterCombination(f"Specify either AccessGroupId or {all_groups}, not both")
    if not group_id and not arguments.get(all_groups):
        raise MissingParameter(f"AccessGroupId or {all_groups}")
    return group_id


def _authority(certificate: Any) -> str:
    """Who issued a certificate, in PEM: its chain or, for a self-signed one, itself."""
    # moto appends Amazon's root certificate to every chain, also to none.
    chain: bytes = certificate.chain.replace(AWS_ROOT_CA, b"").strip()
    return (chain or certificate.cert).decode().strip()


def _overlap(first: str, second: str) -> bool:
    return ipaddress.ip_network(first).overlaps(ipaddress.ip_network(second))


def _described_authentication(option: dict[str, Any]) -> dict[str, Any]:
    # The Describe shapes spell three members otherwise than the Create shapes do.
    described: dict[str, Any] = {"Type": option["Type"]}
    if "ActiveDirectory" in option:
        described["ActiveDirectory"] = {"DirectoryId": option["ActiveDirectory"]["DirectoryId"]}
    if "MutualAuthentication" in option:
        described["MutualAuthentication"] = {
            "ClientRootCertificateChain": option["MutualAuthentication"]["ClientRootCertificateChainArn"]
        }
    if "FederatedAuthentication" in option:
        federated = option["FederatedAuthentication"]
        described["FederatedAuthentication"] = {
            "SamlProviderArn": federated["SAMLProviderArn"],
            "SelfServiceSamlProviderArn": federated.get("SelfServiceSAMLProviderArn"),
        }
    return described
