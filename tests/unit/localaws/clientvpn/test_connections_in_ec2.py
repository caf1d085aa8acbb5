"""Connections as EC2's API describes, pages and terminates them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localaws import LocalAws
from tests.unit.localaws.clientvpn.scripted_handler import Attempt
from tests.unit.localaws.helpers import MakeEndpoint, code, eventually, refused


def connections(ec2: Any, endpoint_id: str, **arguments: Any) -> list[dict[str, Any]]:
    answer = ec2.describe_client_vpn_connections(ClientVpnEndpointId=endpoint_id, **arguments)
    found: list[dict[str, Any]] = answer["Connections"]
    return found


def test_connections_are_described_until_they_are_terminated(
    aws: LocalAws, ec2: Any, endpoint_id: str, attempt: Attempt
) -> None:
    outcome = attempt()
    attempt(change={"allow": False})
    (connection,) = connections(ec2, endpoint_id)
    assert connection["ConnectionId"] == outcome.connection_id
    assert connection["CommonName"] == "{}"
    assert connection["Status"] == {"Code": "active"}
    assert connection["PostureComplianceStatuses"] == ["compliant"]
    assert connection["ClientIp"] == outcome.log_event["client-ip"]
    answer = ec2.terminate_client_vpn_connections(ClientVpnEndpointId=endpoint_id, ConnectionId=outcome.connection_id)
    assert answer["ConnectionStatuses"] == [
        {
            "ConnectionId": outcome.connection_id,
            "PreviousStatus": {"Code": "active"},
            "CurrentStatus": {"Code": "terminating"},
        }
    ]
    eventually(lambda: [one["Status"]["Code"] for one in connections(ec2, endpoint_id)], ["terminated"])


def test_connections_are_terminated_by_user_name_up_to_five(
    aws: LocalAws, ec2: Any, make_endpoint: MakeEndpoint, make_directory: Callable[[], str]
) -> None:
    directory = {"Type": "directory-service-authentication", "ActiveDirectory": {"DirectoryId": make_directory()}}
    endpoint_id = make_endpoint(AuthenticationOptions=[directory])
    for name in ("ann", "ann", *["bob"] * 6):
        aws.connect(endpoint_id, username=name)
    ann = [{"Name": "username", "Values": ["ann"]}]
    assert len(connections(ec2, endpoint_id, Filters=ann)) == 2
    terminate = {"ClientVpnEndpointId": endpoint_id}
    answer = ec2.terminate_client_vpn_connections(**terminate, Username="ann")
    assert len(answer["ConnectionStatuses"]) == 2
    assert answer["Username"] == "ann"
    error = refused(ec2.terminate_client_vpn_connections, **terminate, Username="bob")
    assert code(error) == "ClientVpnTerminateConnectionsLimitExceeded"
    error = refused(ec2.terminate_client_vpn_connections, **terminate, Username="eve")
    assert code(error) == "InvalidClientVpnConnection.UserNotFound"
    error = refused(ec2.terminate_client_vpn_connections, **terminate, ConnectionId="cvpn-connection-0")
    assert code(error) == "InvalidClientVpnConnection.IdNotFound"
    assert code(refused(ec2.terminate_client_vpn_connections, **terminate)) == "MissingParameter"


def test_connections_are_paged(aws: LocalAws, ec2: Any, make_endpoint: MakeEndpoint) -> None:
    endpoint_id = make_endpoint()
    made = [aws.connect(endpoint_id).connection_id for _ in range(12)]
    pages = ec2.get_paginator("describe_client_vpn_connections").paginate(
        ClientVpnEndpointId=endpoint_id, PaginationConfig={"PageSize": 5}
    )
    sizes, found = [], []
    for page in pages:
        sizes.append(len(page["Connections"]))
        found += [connection["ConnectionId"] for connection in page["Connections"]]
    assert sizes == [5, 5, 2]
    assert found == made
    addresses = {connection["ClientIp"] for connection in connections(ec2, endpoint_id)}
    assert len(addresses) == 12
    error = refused(connections, ec2, endpoint_id, MaxResults=1001)
    assert code(error) == "InvalidParameterValue"
    error = refused(connections, ec2, endpoint_id, NextToken="nonsense")
    assert code(error) == "InvalidParameterValue"
