"""Routes of an endpoint.

https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/cvpn-working-routes.html
"""

from __future__ import annotations

from typing import Any

from localaws.ec2.exceptions import (
    InvalidClientVpnDuplicateRoute,
    InvalidClientVpnRouteNotFound,
    InvalidClientVpnSubnetIdNotFound,
    InvalidParameterValue,
    MissingParameter,
)
from localaws.ec2.resources.route import Route

from .core import ClientVpnBackendCore, apply_filters, check_network


class RouteBackend(ClientVpnBackendCore):
    """Actions on the routes of an endpoint."""

    def create_client_vpn_route(self, arguments: dict[str, Any]) -> Route:
        with self.client_vpn_lock:
            endpoint = self._endpoint_with_association(arguments["ClientVpnEndpointId"])
            cidr = check_network(arguments["DestinationCidrBlock"], "destinationCidrBlock")
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
            return apply_filters(
                self.get_client_vpn_endpoint(endpoint_id).routes, filters, Route.FILTERS, Route.filter_values
            )
