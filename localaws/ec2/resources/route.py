"""Routes of an endpoint."""

from __future__ import annotations

from typing import Any

from .core import ClientVpnPart, EndpointOfPart, Transition


class Route(ClientVpnPart):
    """Route of an endpoint. Each association brings a route to the VPC."""

    FILTERS = ("destination-cidr", "origin", "target-subnet")

    def __init__(
        self,
        endpoint: EndpointOfPart,
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
