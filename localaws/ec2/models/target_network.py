"""Target networks: the subnets that are associated with an endpoint.

https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/cvpn-working-target.html
"""

from __future__ import annotations

import ipaddress
from typing import Any

from moto.ec2.exceptions import EC2ClientError

from localaws.ec2.exceptions import (
    InvalidClientVpnAssociationIdNotFound,
    InvalidClientVpnDuplicateAssociation,
    InvalidClientVpnSubnetIdDuplicateAz,
    InvalidClientVpnSubnetIdNotFound,
    InvalidClientVpnSubnetIdOverlappingCidr,
    InvalidParameterValue,
    MissingParameter,
)
from localaws.ec2.resources.endpoint import ClientVpnEndpoint
from localaws.ec2.resources.route import Route
from localaws.ec2.resources.target_network import TargetNetwork

from .core import ClientVpnBackendCore, apply_filters


class TargetNetworkBackend(ClientVpnBackendCore):
    """Actions on the target networks of an endpoint."""

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
            endpoint = self.get_client_vpn_endpoint(endpoint_id)
            network = _target_network(endpoint, association_id)
            network.state = self._transition("disassociating", None)
            for route in endpoint.routes:
                if route.subnet_id == network.subnet_id:
                    route.state = self._transition("deleting", None)
            return network

    def describe_client_vpn_target_networks(
        self, endpoint_id: str, association_ids: list[str], filters: dict[str, list[str]]
    ) -> list[TargetNetwork]:
        with self.client_vpn_lock:
            endpoint = self.get_client_vpn_endpoint(endpoint_id)
            ids = association_ids or list(endpoint.target_networks)
            networks = [_target_network(endpoint, association_id) for association_id in ids]
            return apply_filters(networks, filters, TargetNetwork.FILTERS, TargetNetwork.filter_values)

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

    def _client_vpn_subnet(self, subnet_id: str) -> Any:
        try:
            return self.get_subnet(subnet_id)  # type: ignore[attr-defined]
        except EC2ClientError:
            raise InvalidClientVpnSubnetIdNotFound(subnet_id) from None


def _target_network(endpoint: ClientVpnEndpoint, association_id: str) -> TargetNetwork:
    if association_id not in endpoint.target_networks:
        raise InvalidClientVpnAssociationIdNotFound(association_id)
    return endpoint.target_networks[association_id]


def _overlap(first: str, second: str) -> bool:
    return ipaddress.ip_network(first).overlaps(ipaddress.ip_network(second))
