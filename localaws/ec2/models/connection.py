"""Connections of clients to an endpoint.

https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/cvpn-working-connections.html
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from localaws.ec2 import client_vpn_metrics, connection_log
from localaws.ec2.exceptions import (
    ClientVpnTerminateConnectionsLimitExceeded,
    InvalidClientVpnConnectionIdNotFound,
    InvalidClientVpnConnectionUserNotFound,
    InvalidParameterCombination,
    MissingParameter,
)
from localaws.ec2.resources.connection import Connection, Peer, Traffic
from localaws.ec2.resources.core import hex_id
from localaws.ec2.resources.endpoint import ClientVpnEndpoint
from localaws.settings import settings_of

from .core import ClientVpnBackendCore, check_filters

MAX_TERMINATED_BY_USERNAME = 5


class ConnectionBackend(ClientVpnBackendCore):
    """Actions on the connections of an endpoint, and what the Client VPN service does with them."""

    def describe_client_vpn_connections(
        self, endpoint_id: str, filters: dict[str, list[str]], after: int, limit: int
    ) -> tuple[list[Connection], bool]:
        """Return a page of connections after the connection of that number, and whether there are more."""
        with self.client_vpn_lock:
            endpoint = self.get_client_vpn_endpoint(endpoint_id)
            check_filters(filters, Connection.FILTERS)
            endpoint.drop_old_connections()
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
                connections = [endpoint.connections[connection_id]]
            elif username:
                connections = [one for one in endpoint.connections.of_user(username) if one.active]
                if not connections:
                    raise InvalidClientVpnConnectionUserNotFound(username)
                if len(connections) > MAX_TERMINATED_BY_USERNAME:
                    raise ClientVpnTerminateConnectionsLimitExceeded(
                        username, len(connections), MAX_TERMINATED_BY_USERNAME
                    )
            else:
                raise MissingParameter("ConnectionId or Username")
            statuses = []
            for connection in connections:
                previous = connection.status()
                end_connection(endpoint, connection, settings_of(self.account_id).transition_seconds)
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
        """Establish the connection of an attempt that is allowed. None: the endpoint has no free address."""
        with self.client_vpn_lock:
            connection = endpoint.establish(connection_id, peer, posture_compliance_statuses, started_at)
            client_vpn_metrics.publish_active_connections(endpoint)
            return connection

    def add_client_vpn_connections(self, endpoint_id: str, peers: Iterable[Peer]) -> list[str]:
        """Establish connections without asking the handler, and return their IDs.

        The endpoint takes as many as it has addresses for.
        """
        now = time.time()
        with self.client_vpn_lock:
            endpoint = self.get_client_vpn_endpoint(endpoint_id)
            ids = []
            for peer in peers:
                connection = endpoint.establish(f"cvpn-connection-{hex_id()}", peer, [], now)
                if connection is None:
                    break
                ids.append(connection.id)
            client_vpn_metrics.publish_active_connections(endpoint)
            return ids

    def update_client_vpn_connection(self, connection_id: str, traffic: Traffic, *, ended: bool) -> None:
        """Take the traffic of a connection so far from its client, and whether the client has gone."""
        with self.client_vpn_lock:
            endpoint, connection = self._client_vpn_connection(connection_id)
            client_vpn_metrics.publish_traffic(endpoint, traffic.since(connection.traffic))
            connection.traffic = traffic
            if ended:
                end_connection(endpoint, connection)

    def _client_vpn_connection(self, connection_id: str) -> tuple[ClientVpnEndpoint, Connection]:
        for endpoint in self.client_vpn_endpoints.values():
            if connection_id in endpoint.connections:
                return endpoint, endpoint.connections[connection_id]
        raise InvalidClientVpnConnectionIdNotFound(connection_id)


def end_connection(endpoint: ClientVpnEndpoint, connection: Connection, terminating_seconds: float = 0.0) -> None:
    """End a connection, with its event in the connection log and its metric."""
    # A client that is disconnected reports its end too.
    if not connection.active:
        return
    endpoint.end_connection(connection, terminating_seconds)
    connection_log.write(endpoint, connection_log.reset_event(endpoint, connection))
    client_vpn_metrics.publish_active_connections(endpoint)
