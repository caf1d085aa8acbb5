"""Authorization rules: who may reach a network through an endpoint.

https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/cvpn-working-rules.html
"""

from __future__ import annotations

from typing import Any

from localaws.ec2.exceptions import (
    InvalidClientVpnDuplicateAuthorizationRule,
    InvalidClientVpnEndpointAuthorizationRuleNotFound,
    InvalidParameterCombination,
    MissingParameter,
)
from localaws.ec2.resources.authorization_rule import AuthorizationRule

from .core import ClientVpnBackendCore, apply_filters, check_network


class AuthorizationRuleBackend(ClientVpnBackendCore):
    """Actions on the authorization rules of an endpoint."""

    def authorize_client_vpn_ingress(self, arguments: dict[str, Any]) -> AuthorizationRule:
        with self.client_vpn_lock:
            endpoint = self._endpoint_with_association(arguments["ClientVpnEndpointId"])
            cidr = check_network(arguments["TargetNetworkCidr"], "targetNetworkCidr")
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
            return apply_filters(rules, filters, AuthorizationRule.FILTERS, AuthorizationRule.filter_values)


def _group(arguments: dict[str, Any], all_groups: str) -> str | None:
    group_id = arguments.get("AccessGroupId")
    if group_id and arguments.get(all_groups):
        raise InvalidParameterCombination(f"Specify either AccessGroupId or {all_groups}, not both")
    if not group_id and not arguments.get(all_groups):
        raise MissingParameter(f"AccessGroupId or {all_groups}")
    return group_id
