"""What the backends of all entities share: the endpoints, filters, and checks of more than one entity."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

from moto.ec2.exceptions import EC2ClientError

from localaws.ec2.exceptions import (
    FilterLimitExceeded,
    InvalidClientVpnActiveAssociationNotFound,
    InvalidClientVpnEndpointIdNotFound,
    InvalidParameterValue,
)
from localaws.ec2.resources.core import Transition
from localaws.ec2.resources.endpoint import ClientVpnEndpoint
from localaws.settings import settings_of

T = TypeVar("T")

MAX_FILTER_VALUES = 200
"""In one request. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html"""

MAX_SECURITY_GROUPS = 5


class ClientVpnBackendCore:
    """The Client VPN endpoints of one account and Region."""

    account_id: str
    region_name: str
    partition: str

    def __init__(self) -> None:
        self.client_vpn_endpoints: dict[str, ClientVpnEndpoint] = {}
        self.client_vpn_lock = threading.RLock()

    def get_client_vpn_endpoint(self, endpoint_id: str) -> ClientVpnEndpoint:
        with self.client_vpn_lock:
            self._drop_deleted_endpoints()
            return self._endpoint(endpoint_id)

    def _endpoint(self, endpoint_id: str) -> ClientVpnEndpoint:
        if endpoint_id not in self.client_vpn_endpoints:
            raise InvalidClientVpnEndpointIdNotFound(endpoint_id)
        endpoint = self.client_vpn_endpoints[endpoint_id]
        endpoint.drop_deleted_parts()
        return endpoint

    def _drop_deleted_endpoints(self) -> None:
        for endpoint in [one for one in self.client_vpn_endpoints.values() if one.gone]:
            del self.client_vpn_endpoints[endpoint.id]
            self.tags.pop(endpoint.id, None)  # type: ignore[attr-defined]

    def _endpoint_with_association(self, endpoint_id: str) -> ClientVpnEndpoint:
        endpoint = self.get_client_vpn_endpoint(endpoint_id)
        if not endpoint.has_associations:
            raise InvalidClientVpnActiveAssociationNotFound(endpoint_id)
        return endpoint

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

    def _transition(self, pending: str, settled: str | None) -> Transition:
        return Transition(pending, settled, settings_of(self.account_id).transition_seconds)


def apply_filters(
    items: Iterable[T],
    filters: dict[str, list[str]],
    names: tuple[str, ...],
    values: Callable[[T], dict[str, str | None]],
) -> list[T]:
    """Return the items that match all filters. ``values`` gives an item's value for each filter."""
    check_filters(filters, names)
    if not filters:
        return list(items)
    matches = []
    for item in items:
        own = values(item)
        if all(own.get(name) in accepted for name, accepted in filters.items()):
            matches.append(item)
    return matches


def check_filters(filters: dict[str, list[str]], names: tuple[str, ...]) -> None:
    """Raise EC2's error for a filter that the action does not have, and for too many values."""
    for name in filters:
        if name not in names:
            raise InvalidParameterValue(f"The filter '{name}' is invalid")
    if sum(map(len, filters.values())) > MAX_FILTER_VALUES:
        raise FilterLimitExceeded(MAX_FILTER_VALUES)


def check_network(text: str, name: str) -> str:
    """Return the text of a parameter that is a CIDR block, or raise EC2's error."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise InvalidParameterValue(
            f"Value ( {text} ) for parameter {name} is invalid. Expecting a CIDR block."
        ) from None
    return text
