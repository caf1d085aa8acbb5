"""Target networks: the subnets that are associated with an endpoint."""

from __future__ import annotations

from typing import Any

from .core import ClientVpnPart, EndpointOfPart, Transition, hex_id


class TargetNetwork(ClientVpnPart):
    """Association of a subnet with an endpoint."""

    FILTERS = ("association-id", "target-network-id", "vpc-id")

    def __init__(self, endpoint: EndpointOfPart, subnet: Any, state: Transition):
        super().__init__(endpoint, state)
        self.id = f"cvpn-assoc-{hex_id()}"
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
