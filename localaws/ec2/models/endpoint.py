"""Client VPN endpoints.

https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/cvpn-working-endpoints.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

from moto.logs.models import logs_backends

from localaws.ec2 import client_vpn_metrics
from localaws.ec2.exceptions import (
    ClientVpnEndpointAssociationExists,
    IdempotentParameterMismatch,
    InvalidParameterValue,
)
from localaws.ec2.resources.endpoint import ClientVpnEndpoint

from .connection import end_connection
from .core import apply_filters
from .endpoint_settings import EndpointSettingsBackend

ENDPOINT_FILTERS = ("endpoint-id", "transport-protocol")


class EndpointBackend(EndpointSettingsBackend):
    """Actions on endpoints."""

    def __init__(self) -> None:
        super().__init__()
        self._client_vpn_tokens: dict[str, tuple[dict[str, Any], str]] = {}

    def create_client_vpn_endpoint(self, arguments: dict[str, Any], tags: dict[str, str]) -> ClientVpnEndpoint:
        with self.client_vpn_lock:
            token = arguments.pop("ClientToken", None)
            if token in self._client_vpn_tokens:
                first_arguments, endpoint_id = self._client_vpn_tokens[token]
                if first_arguments != arguments:
                    raise IdempotentParameterMismatch(token)
                return self.get_client_vpn_endpoint(endpoint_id)
            settings = self._build_endpoint_settings(arguments, {})
            endpoint = ClientVpnEndpoint(self, settings, tags)
            endpoint.client_connect_status = self._transition("applying", "applied")
            self._ensure_connection_log_stream(endpoint)
            self.client_vpn_endpoints[endpoint.id] = endpoint
            client_vpn_metrics.publish_days_to_expiry(endpoint)
            if token:
                self._client_vpn_tokens[token] = (arguments, endpoint.id)
            return endpoint

    def describe_client_vpn_endpoints(
        self, endpoint_ids: list[str], filters: dict[str, list[str]]
    ) -> list[ClientVpnEndpoint]:
        with self.client_vpn_lock:
            self._drop_deleted_endpoints()
            ids = endpoint_ids or list(self.client_vpn_endpoints)
            endpoints = [self._endpoint(endpoint_id) for endpoint_id in ids]
            tag_filters = [name for name in filters if name.startswith("tag:")]

            def values(endpoint: ClientVpnEndpoint) -> dict[str, str | None]:
                tags = {f"tag:{tag['key']}": tag["value"] for tag in endpoint.get_tags()}
                return {
                    "endpoint-id": endpoint.id,
                    "transport-protocol": endpoint.settings["TransportProtocol"],
                    **tags,
                }

            return apply_filters(endpoints, filters, (*ENDPOINT_FILTERS, *tag_filters), values)

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
            # An argument that is not sent keeps its value: a block that is left out is not turned off.
            endpoint.settings = self._build_endpoint_settings(arguments, endpoint.settings)
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
                end_connection(endpoint, connection)
            endpoint.deletion = self._transition("deleting", None)
            return endpoint

    def _ensure_connection_log_stream(self, endpoint: ClientVpnEndpoint) -> None:
        options = endpoint.settings["ConnectionLogOptions"]
        if not options.get("Enabled"):
            endpoint.settings["ConnectionLogOptions"] = {"Enabled": False}
        elif not options.get("CloudwatchLogStream"):
            name = f"{endpoint.id}-{self.region_name}-{datetime.now(UTC).strftime('%Y/%m/%d')}-{token_hex(6)}"
            logs_backends[self.account_id][self.region_name].create_log_stream(options["CloudwatchLogGroup"], name)
            endpoint.settings["ConnectionLogOptions"] = {**options, "CloudwatchLogStream": name}
