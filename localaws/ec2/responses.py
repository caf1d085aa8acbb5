"""The Client VPN actions of EC2's API, added to moto's.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateClientVpnEndpoint.html and its neighbours.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models import validate_resource_ids
from moto.ec2.responses import EC2Response as MotoEC2Response
from moto.ec2.responses._base_response import EC2BaseResponse

from localaws.results import ExactResult

from .exceptions import InvalidParameterValue
from .resources.core import ENDPOINT_ID_PREFIX

MIN_RESULTS, MAX_RESULTS = 5, 1000


class ClientVpnResponse(EC2BaseResponse):
    """One method per action; the arguments go to the backend as EC2's API model names them."""

    def _arguments(self) -> dict[str, Any]:
        self.error_on_dryrun()
        return {name: value for name, value in self.params.items() if value is not None and name != "DryRun"}

    def _limit(self) -> int:
        limit: int = self._get_int_param("MaxResults", MAX_RESULTS)
        if not MIN_RESULTS <= limit <= MAX_RESULTS:
            raise InvalidParameterValue(
                f"Value ( {limit} ) for parameter maxResults is invalid. "
                f"Expecting a value between {MIN_RESULTS} and {MAX_RESULTS}."
            )
        return limit

    def _page(self, key: str, items: list[dict[str, Any]]) -> ActionResult:
        start = _position(self._get_param("NextToken"))
        end = start + self._limit()
        return ActionResult({key: items[start:end], "NextToken": _token(end) if end < len(items) else None})

    def create_client_vpn_endpoint(self) -> ActionResult:
        arguments = self._arguments()
        tags = self._parse_tag_specification("client-vpn-endpoint").get("client-vpn-endpoint", {})
        arguments.pop("TagSpecifications", None)
        endpoint = self.ec2_backend.create_client_vpn_endpoint(arguments, tags)
        return ActionResult(
            {
                "ClientVpnEndpointId": endpoint.id,
                "Status": endpoint.status(),
                "DnsName": endpoint.dns_name,
            }
        )

    def describe_client_vpn_endpoints(self) -> ActionResult:
        self.error_on_dryrun()
        endpoints = self.ec2_backend.describe_client_vpn_endpoints(
            self._get_param("ClientVpnEndpointIds", []), self._filters_from_querystring()
        )
        return self._page("ClientVpnEndpoints", [endpoint.describe() for endpoint in endpoints])

    def modify_client_vpn_endpoint(self) -> ActionResult:
        self.ec2_backend.modify_client_vpn_endpoint(self._arguments())
        return ActionResult({"Return": True})

    def delete_client_vpn_endpoint(self) -> ActionResult:
        endpoint = self.ec2_backend.delete_client_vpn_endpoint(self._arguments()["ClientVpnEndpointId"])
        return ActionResult({"Status": endpoint.status()})

    def associate_client_vpn_target_network(self) -> ActionResult:
        association = self.ec2_backend.associate_client_vpn_target_network(self._arguments())
        return ActionResult({"AssociationId": association.id, "Status": association.status()})

    def disassociate_client_vpn_target_network(self) -> ActionResult:
        arguments = self._arguments()
        association = self.ec2_backend.disassociate_client_vpn_target_network(
            arguments["ClientVpnEndpointId"], arguments["AssociationId"]
        )
        return ActionResult({"AssociationId": association.id, "Status": association.status()})

    def describe_client_vpn_target_networks(self) -> ActionResult:
        arguments = self._arguments()
        associations = self.ec2_backend.describe_client_vpn_target_networks(
            arguments["ClientVpnEndpointId"],
            arguments.get("AssociationIds", []),
            self._filters_from_querystring(),
        )
        return self._page("ClientVpnTargetNetworks", [one.describe() for one in associations])

    def apply_security_groups_to_client_vpn_target_network(self) -> ActionResult:
        arguments = self._arguments()
        groups = self.ec2_backend.apply_security_groups_to_client_vpn_target_network(
            arguments["ClientVpnEndpointId"], arguments["VpcId"], arguments["SecurityGroupIds"]
        )
        return ActionResult({"SecurityGroupIds": groups})

    def authorize_client_vpn_ingress(self) -> ActionResult:
        rule = self.ec2_backend.authorize_client_vpn_ingress(self._arguments())
        return ActionResult({"Status": rule.status()})

    def revoke_client_vpn_ingress(self) -> ActionResult:
        rule = self.ec2_backend.revoke_client_vpn_ingress(self._arguments())
        return ActionResult({"Status": rule.status()})

    def describe_client_vpn_authorization_rules(self) -> ActionResult:
        rules = self.ec2_backend.describe_client_vpn_authorization_rules(
            self._arguments()["ClientVpnEndpointId"], self._filters_from_querystring()
        )
        return self._page("AuthorizationRules", [rule.describe() for rule in rules])

    def create_client_vpn_route(self) -> ActionResult:
        route = self.ec2_backend.create_client_vpn_route(self._arguments())
        return ActionResult({"Status": route.status()})

    def delete_client_vpn_route(self) -> ActionResult:
        route = self.ec2_backend.delete_client_vpn_route(self._arguments())
        return ActionResult({"Status": route.status()})

    def describe_client_vpn_routes(self) -> ActionResult:
        routes = self.ec2_backend.describe_client_vpn_routes(
            self._arguments()["ClientVpnEndpointId"], self._filters_from_querystring()
        )
        return self._page("Routes", [route.describe() for route in routes])

    def describe_client_vpn_connections(self) -> ActionResult:
        endpoint_id = self._arguments()["ClientVpnEndpointId"]
        connections, more = self.ec2_backend.describe_client_vpn_connections(
            endpoint_id,
            self._filters_from_querystring(),
            after=_position(self._get_param("NextToken")),
            limit=self._limit(),
        )
        described = [connection.describe(endpoint_id) for connection in connections]
        return ExactResult({"Connections": described, "NextToken": _token(connections[-1].number) if more else None})

    def terminate_client_vpn_connections(self) -> ActionResult:
        arguments = self._arguments()
        endpoint_id = arguments["ClientVpnEndpointId"]
        username = arguments.get("Username")
        statuses = self.ec2_backend.terminate_client_vpn_connections(
            endpoint_id, arguments.get("ConnectionId"), username
        )
        return ActionResult({"ClientVpnEndpointId": endpoint_id, "Username": username, "ConnectionStatuses": statuses})

    def import_client_vpn_client_certificate_revocation_list(self) -> ActionResult:
        arguments = self._arguments()
        self.ec2_backend.import_client_vpn_client_certificate_revocation_list(
            arguments["ClientVpnEndpointId"], arguments["CertificateRevocationList"]
        )
        return ActionResult({"Return": True})

    def export_client_vpn_client_certificate_revocation_list(self) -> ActionResult:
        return ActionResult(
            self.ec2_backend.export_client_vpn_client_certificate_revocation_list(
                self._arguments()["ClientVpnEndpointId"]
            )
        )

    def export_client_vpn_client_configuration(self) -> ActionResult:
        return ActionResult(
            {
                "ClientConfiguration": self.ec2_backend.export_client_vpn_client_configuration(
                    self._arguments()["ClientVpnEndpointId"]
                )
            }
        )


def _token(position: int) -> str:
    return urlsafe_b64encode(f"position={position}".encode()).decode()


def _position(token: str | None) -> int:
    if token is None:
        return 0
    try:
        name, _, position = urlsafe_b64decode(token).decode().partition("=")
        if name == "position":
            return int(position)
    except ValueError:
        pass
    raise InvalidParameterValue(f"Value ( {token} ) for parameter nextToken is invalid.")


class EC2Response(ClientVpnResponse, MotoEC2Response):
    """moto's EC2 and the Client VPN actions."""

    def create_tags(self) -> ActionResult:
        if not self._client_vpn_endpoints_in_resources():
            return super().create_tags()
        self.error_on_dryrun()
        tags = {tag["Key"]: tag["Value"] for tag in self._get_param("Tags", [])}
        self.ec2_backend.create_tags(self._get_param("Resources", []), tags)
        return EmptyResult()

    def delete_tags(self) -> ActionResult:
        if not self._client_vpn_endpoints_in_resources():
            return super().delete_tags()
        self.error_on_dryrun()
        resources = self._get_param("Resources", [])
        tags = {tag["Key"]: tag.get("Value") for tag in self._get_param("Tags", [])}
        if tags:
            self.ec2_backend.delete_tags(resources, tags)
        else:
            for resource in resources:
                self.ec2_backend.tags.pop(resource, None)
        return EmptyResult()

    def _client_vpn_endpoints_in_resources(self) -> bool:
        # moto derives a resource's type from the text before its first "-", which "cvpn-endpoint" defeats.
        resources = self._get_param("Resources", [])
        others = [resource for resource in resources if not resource.startswith(ENDPOINT_ID_PREFIX)]
        if len(others) == len(resources):
            return False
        if others:
            validate_resource_ids(others)
            self.ec2_backend.do_resources_exist(others)
        for resource in resources:
            if resource.startswith(ENDPOINT_ID_PREFIX):
                self.ec2_backend.get_client_vpn_endpoint(resource)
        return True
