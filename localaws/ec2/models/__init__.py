"""EC2, with Client VPN endpoints: one module an entity, as in moto.

A module here has the actions on an entity, the module of the same name in ``resources`` has the entity. An endpoint
holds its parts, and each action takes the endpoint: in one module, they would import each other.
"""

from __future__ import annotations

from moto.ec2.models import EC2Backend as MotoEC2Backend

from localaws.ec2.resources.core import ENDPOINT_ID_PREFIX

from .authorization_rule import AuthorizationRuleBackend
from .client_configuration import ClientConfigurationBackend
from .connection import ConnectionBackend
from .endpoint import EndpointBackend
from .route import RouteBackend
from .target_network import TargetNetworkBackend


class ClientVpnBackend(
    EndpointBackend,
    TargetNetworkBackend,
    AuthorizationRuleBackend,
    RouteBackend,
    ConnectionBackend,
    ClientConfigurationBackend,
):
    """All actions on Client VPN endpoints."""


class EC2Backend(ClientVpnBackend, MotoEC2Backend):
    """moto's EC2 of one account and Region, and its Client VPN endpoints."""

    def __init__(self, region_name: str, account_id: str):
        MotoEC2Backend.__init__(self, region_name, account_id)
        ClientVpnBackend.__init__(self)

    def describe_tags(self, filters: dict[str, list[str]] | None = None) -> list[dict[str, str]]:
        # moto cannot tell the type of an ID with two words before its number, so the type is filtered here.
        filters = dict(filters or {})
        types = filters.pop("resource-type", None)
        tags: list[dict[str, str]] = super().describe_tags(filters)
        for tag in tags:
            if tag["resource_id"].startswith(ENDPOINT_ID_PREFIX):
                tag["resource_type"] = "client-vpn-endpoint"
        return [tag for tag in tags if types is None or tag["resource_type"] in types]
