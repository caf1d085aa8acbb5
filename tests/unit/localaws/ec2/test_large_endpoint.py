"""An endpoint with as many connections as AWS lets one have."""

from __future__ import annotations

from typing import Any

import pytest

from localaws import LocalAws, LocalAwsError
from tests.unit.localaws.helpers import MakeEndpoint, code, eventually, metric_values, refused

LARGEST = 126_000
FEW = 2_500


def described(ec2: Any, endpoint_id: str, size: int = 1000, **arguments: Any) -> list[dict[str, Any]]:
    pages = ec2.get_paginator("describe_client_vpn_connections").paginate(
        ClientVpnEndpointId=endpoint_id, PaginationConfig={"PageSize": size}, **arguments
    )
    return [connection for page in pages for connection in page["Connections"]]


def by(name: str, *values: str) -> dict[str, Any]:
    return {"Filters": [{"Name": name, "Values": list(values)}]}


@pytest.fixture
def endpoint_id(make_endpoint: MakeEndpoint, make_directory: Any) -> str:
    directory = {"Type": "directory-service-authentication", "ActiveDirectory": {"DirectoryId": make_directory()}}
    return make_endpoint(ClientCidrBlock="10.0.0.0/14", AuthenticationOptions=[directory])


@pytest.mark.parametrize("number_of_connections", [2_000, pytest.param(LARGEST, marks=pytest.mark.slow)])
def test_an_endpoint_can_have_many_connections(
    aws: LocalAws, ec2: Any, make_endpoint: MakeEndpoint, number_of_connections: int
) -> None:
    endpoint_id = make_endpoint(ClientCidrBlock="10.0.0.0/14")
    clients = ({"common_name": f"client-{number}"} for number in range(number_of_connections))
    ids = aws.add_connections(endpoint_id, clients)
    assert len(set(ids)) == number_of_connections
    # To read all of them takes half a minute, most of it boto3's.
    pages = iter(ec2.get_paginator("describe_client_vpn_connections").paginate(ClientVpnEndpointId=endpoint_id))
    connections = [connection for _ in range(2) for connection in next(pages)["Connections"]]
    assert [one["ConnectionId"] for one in connections] == ids[:2_000]
    assert len({one["ClientIp"] for one in connections}) == 2_000
    (last,) = described(ec2, endpoint_id, **by("connection-id", ids[-1]))
    assert last["CommonName"] == f"client-{number_of_connections - 1}"
    assert metric_values(aws, "AWS/ClientVPN", "ActiveConnectionsCount", {"Endpoint": endpoint_id}) == [
        number_of_connections
    ]


def test_connections_that_were_added_are_like_any_other(aws: LocalAws, ec2: Any, endpoint_id: str) -> None:
    (first,) = aws.add_connections(endpoint_id, [{"username": "anna <a&b>", "public_ip": "198.51.100.7"}])
    attempt = aws.connect(endpoint_id, username="anna <a&b>")
    assert attempt.allowed
    added, connected = described(ec2, endpoint_id)
    assert (added["ConnectionId"], connected["ConnectionId"]) == (first, attempt.connection_id)
    assert {name for name in added if added[name] != connected[name]} <= {
        "ConnectionId",
        "ClientIp",
        "ConnectionEstablishedTime",
        "PostureComplianceStatuses",
        "Timestamp",
    }
    assert added["Username"] == "anna <a&b>"
    assert added["Status"] == {"Code": "active"}
    answer = ec2.terminate_client_vpn_connections(ClientVpnEndpointId=endpoint_id, ConnectionId=first)
    assert answer["ConnectionStatuses"][0]["CurrentStatus"] == {"Code": "terminating"}
    eventually(lambda: described(ec2, endpoint_id, **by("connection-id", first))[0]["Status"]["Code"], "terminated")
    # The next attempt of the same user is another connection.
    assert aws.connect(endpoint_id, username="anna <a&b>").connection_id not in (first, attempt.connection_id)


def test_connections_are_found_by_ids_and_by_user(aws: LocalAws, ec2: Any, endpoint_id: str) -> None:
    ids = aws.add_connections(endpoint_id, ({"username": f"user-{number % 1000}"} for number in range(FEW)))

    def found(**arguments: Any) -> list[str]:
        return [one["ConnectionId"] for one in described(ec2, endpoint_id, 5, **arguments)]

    # In the order in which they began, whatever they were asked for in.
    assert found(**by("connection-id", ids[9], ids[3], "cvpn-connection-00000000000000000")) == [ids[3], ids[9]]
    assert found(**by("username", "user-7", "user-3")) == [ids[3], ids[7], ids[1003], ids[1007], ids[2003], ids[2007]]
    both = by("username", "user-7")["Filters"] + by("connection-id", *ids[:20])["Filters"]
    assert found(Filters=both) == [ids[7]]
    assert found(**by("username", "nobody")) == []
    too_many = by("connection-id", *ids[:201])
    error = refused(ec2.describe_client_vpn_connections, ClientVpnEndpointId=endpoint_id, **too_many)
    assert code(error) == "FilterLimitExceeded"


def test_a_page_has_no_more_than_1000_connections(ec2: Any, endpoint_id: str) -> None:
    # That it has no fewer than 5, boto3 sees to.
    error = refused(ec2.describe_client_vpn_connections, ClientVpnEndpointId=endpoint_id, MaxResults=1001)
    assert code(error) == "InvalidParameterValue"


def test_no_connection_is_missed_while_others_end_and_are_forgotten() -> None:
    with LocalAws(account_id="777777777777", ended_connection_seconds=0.0) as aws:
        ec2, arn = aws.client("ec2"), aws.import_certificate("vpn.example.com")
        endpoint_id = ec2.create_client_vpn_endpoint(
            ClientCidrBlock="10.0.0.0/22",
            ServerCertificateArn=arn,
            AuthenticationOptions=[
                {"Type": "certificate-authentication", "MutualAuthentication": {"ClientRootCertificateChainArn": arn}}
            ],
            ConnectionLogOptions={"Enabled": False},
        )["ClientVpnEndpointId"]
        ids = aws.add_connections(endpoint_id, [{"common_name": "anna"}] * 100)
        seen, token = [], None
        while True:
            more: dict[str, Any] = {"NextToken": token} if token else {}
            page = ec2.describe_client_vpn_connections(ClientVpnEndpointId=endpoint_id, MaxResults=10, **more)
            seen += [one["ConnectionId"] for one in page["Connections"]]
            for connection in page["Connections"]:
                aws.disconnect(connection["ConnectionId"])
            token = page.get("NextToken")
            if token is None:
                break
        assert seen == ids
        assert described(ec2, endpoint_id) == []


def test_more_connections_than_addresses_are_refused(aws: LocalAws, make_endpoint: MakeEndpoint) -> None:
    endpoint_id = make_endpoint()
    with pytest.raises(LocalAwsError, match="addresses for 1020 of 1021"):
        aws.add_connections(endpoint_id, [{}] * 1021)
    with pytest.raises(LocalAwsError, match="which is not a string"):
        aws.add_connections(endpoint_id, [{"username": 7}])
    with pytest.raises(LocalAwsError, match="does not exist"):
        aws.add_connections("cvpn-endpoint-00000000000000000", [{}])
