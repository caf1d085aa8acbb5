"""Connections that are up: their traffic, their end, and what EC2's API, the log and the metrics tell of them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from localaws import LocalAws, LocalAwsError
from localaws.certificates import CertificateAuthority, self_signed_certificate
from tests.unit.localaws.helpers import MakeEndpoint, code, eventually, metric_values, refused

LOG_GROUP = "connections"


@pytest.fixture
def endpoint_id(aws: LocalAws, make_endpoint: MakeEndpoint) -> Iterator[str]:
    """An endpoint without a handler, with a connection log."""
    logs = aws.client("logs")
    logs.create_log_group(logGroupName=LOG_GROUP)
    yield make_endpoint(ConnectionLogOptions={"Enabled": True, "CloudwatchLogGroup": LOG_GROUP})
    logs.delete_log_group(logGroupName=LOG_GROUP)


def events(aws: LocalAws, connection_id: str) -> list[dict[str, Any]]:
    """What the connection log says of a connection, whose endpoint may be gone."""
    found = [json.loads(message) for message in aws.log_messages(LOG_GROUP)]
    return [event for event in found if event["connection-id"] == connection_id]


def described(ec2: Any, endpoint_id: str, connection_id: str) -> dict[str, Any]:
    answer = ec2.describe_client_vpn_connections(
        ClientVpnEndpointId=endpoint_id, Filters=[{"Name": "connection-id", "Values": [connection_id]}]
    )
    (connection,) = answer["Connections"]
    return dict(connection)


def test_the_end_of_a_connection_is_described_and_logged_with_its_traffic(
    aws: LocalAws, ec2: Any, endpoint_id: str
) -> None:
    up = aws.connect(endpoint_id, common_name="ann", platform="linux", public_ip="198.51.100.9", port=50096)
    aws.report_traffic(up.connection_id, ingress_bytes=1000, egress_bytes=200)
    connection = described(ec2, endpoint_id, up.connection_id)
    assert (connection["IngressBytes"], connection["EgressBytes"]) == ("1000", "200")
    assert connection["ConnectionEndTime"] == "-"
    aws.disconnect(up.connection_id, ingress_bytes=1500, egress_bytes=250)
    connection = described(ec2, endpoint_id, up.connection_id)
    assert connection["Status"] == {"Code": "terminated"}
    assert (connection["IngressBytes"], connection["EgressBytes"]) == ("1500", "250")
    attempt, reset = events(aws, up.connection_id)
    assert attempt == up.log_event
    assert list(reset) == list(attempt)
    assert reset["connection-log-type"] == "connection-reset"
    assert reset["connection-attempt-status"] == "NA"
    assert reset["connection-attempt-failure-reason"] == "NA"
    assert reset["connection-end-time"] == connection["ConnectionEndTime"]
    assert reset["connection-start-time"] == attempt["connection-start-time"]
    started, ended = map(datetime.fromisoformat, (reset["connection-start-time"], reset["connection-end-time"]))
    assert int(reset["connection-duration-seconds"]) == (ended - started).total_seconds()
    assert (reset["ingress-bytes"], reset["egress-bytes"]) == ("1500", "250")
    same = ("client-ip", "common-name", "device-type", "device-ip", "port")
    assert {name: reset[name] for name in same} == {
        "client-ip": up.client_ip,
        "common-name": "ann",
        "device-type": "linux",
        "device-ip": "198.51.100.9",
        "port": "50096",
    }


def test_traffic_and_active_connections_are_metrics(aws: LocalAws, endpoint_id: str) -> None:
    first, second = (aws.connect(endpoint_id, common_name="ann").connection_id for _ in range(2))
    aws.report_traffic(first, ingress_bytes=1000, egress_bytes=10)
    aws.report_traffic(first, ingress_bytes=1600, egress_bytes=10)
    aws.disconnect(second, ingress_bytes=5)
    dimensions = {"Endpoint": endpoint_id}
    assert aws.metric_sum("AWS/ClientVPN", "IngressBytes", dimensions) == 1605
    assert aws.metric_sum("AWS/ClientVPN", "EgressBytes", dimensions) == 10
    assert metric_values(aws, "AWS/ClientVPN", "ActiveConnectionsCount", dimensions) == [1, 2, 1]


def test_a_connection_ends_once_whoever_ends_it(aws: LocalAws, ec2: Any, endpoint_id: str) -> None:
    connection_id = aws.connect(endpoint_id, common_name="ann").connection_id
    terminate = {"ClientVpnEndpointId": endpoint_id, "ConnectionId": connection_id}
    enders: list[Callable[[], Any]] = [
        lambda: ec2.terminate_client_vpn_connections(**terminate),
        lambda: aws.disconnect(connection_id, ingress_bytes=7),
    ] * 4
    threads = [threading.Thread(target=end) for end in enders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [event["connection-log-type"] for event in events(aws, connection_id)] == [
        "connection-attempt",
        "connection-reset",
    ]
    eventually(lambda: described(ec2, endpoint_id, connection_id)["Status"]["Code"], "terminated")
    answer = ec2.terminate_client_vpn_connections(**terminate)
    assert answer["ConnectionStatuses"] == [
        {
            "ConnectionId": connection_id,
            "PreviousStatus": {"Code": "terminated"},
            "CurrentStatus": {"Code": "terminated"},
        }
    ]
    assert described(ec2, endpoint_id, connection_id)["IngressBytes"] == "7"


def test_the_connections_of_a_deleted_endpoint_end(aws: LocalAws, ec2: Any, endpoint_id: str) -> None:
    connection_id = aws.connect(endpoint_id, common_name="ann").connection_id
    ec2.delete_client_vpn_endpoint(ClientVpnEndpointId=endpoint_id)
    assert events(aws, connection_id)[-1]["connection-log-type"] == "connection-reset"


def test_an_address_is_given_to_one_client_at_a_time(aws: LocalAws, make_endpoint: MakeEndpoint) -> None:
    endpoint_id = make_endpoint()
    held = aws.connect(endpoint_id).client_ip
    aws.add_connections(endpoint_id, ({} for _ in range(1000)))
    given = []
    # A block of /22 has 1,020 addresses for clients: more connections than are left, one after the other.
    for _ in range(40):
        attempt = aws.connect(endpoint_id)
        given.append(attempt.client_ip)
        aws.disconnect(attempt.connection_id)
    assert held not in given
    assert len(set(given)) == 19


def test_an_endpoint_whose_addresses_are_all_taken_lets_nobody_in_until_one_is_free(
    aws: LocalAws, make_endpoint: MakeEndpoint
) -> None:
    endpoint_id = make_endpoint()
    taken = aws.add_connections(endpoint_id, ({} for _ in range(1020)))
    refused_attempt = aws.connect(endpoint_id)
    assert (refused_attempt.allowed, refused_attempt.client_ip) == (False, None)
    assert refused_attempt.message == "Error establishing connection. Please contact your administrator."
    aws.disconnect(taken[3])
    assert aws.connect(endpoint_id).allowed


def test_connections_that_ended_long_ago_are_no_longer_described() -> None:
    with LocalAws(account_id="444444444444", ended_connection_seconds=0.5) as aws:
        arn = aws.import_certificate("vpn.example.com")
        mutual = {"ClientRootCertificateChainArn": arn}
        ec2 = aws.client("ec2")
        endpoint_id = ec2.create_client_vpn_endpoint(
            ClientCidrBlock="10.100.0.0/22",
            ServerCertificateArn=arn,
            AuthenticationOptions=[{"Type": "certificate-authentication", "MutualAuthentication": mutual}],
            ConnectionLogOptions={"Enabled": False},
        )["ClientVpnEndpointId"]
        ended, up = (aws.connect(endpoint_id).connection_id for _ in range(2))
        aws.disconnect(ended)

        def ids() -> list[str]:
            answer = ec2.describe_client_vpn_connections(ClientVpnEndpointId=endpoint_id)
            return [one["ConnectionId"] for one in answer["Connections"]]

        assert ids() == [ended, up]
        eventually(ids, [up])
        error = refused(ec2.terminate_client_vpn_connections, ClientVpnEndpointId=endpoint_id, ConnectionId=ended)
        assert code(error) == "InvalidClientVpnConnection.IdNotFound"


def test_authorization_rules_say_which_networks_a_client_reaches(
    aws: LocalAws, ec2: Any, make_endpoint: MakeEndpoint, make_directory: Callable[[], str]
) -> None:
    directory = {"Type": "directory-service-authentication", "ActiveDirectory": {"DirectoryId": make_directory()}}
    endpoint_id = make_endpoint(AuthenticationOptions=[directory])
    vpc_id = ec2.create_vpc(CidrBlock="10.61.0.0/16")["Vpc"]["VpcId"]
    subnet_id = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.61.0.0/24")["Subnet"]["SubnetId"]
    association = {"ClientVpnEndpointId": endpoint_id, "SubnetId": subnet_id}
    ec2.associate_client_vpn_target_network(**association)

    def associated() -> str:
        answer = ec2.describe_client_vpn_target_networks(ClientVpnEndpointId=endpoint_id)
        return str(answer["ClientVpnTargetNetworks"][0]["Status"]["Code"])

    eventually(associated, "associated")
    for cidr, group in (("10.0.0.0/16", None), ("10.1.0.0/16", "ops"), ("10.2.0.0/16", "sales")):
        who = {"AccessGroupId": group} if group else {"AuthorizeAllGroups": True}
        ec2.authorize_client_vpn_ingress(ClientVpnEndpointId=endpoint_id, TargetNetworkCidr=cidr, **who)

    def states() -> list[str]:
        answer = ec2.describe_client_vpn_authorization_rules(ClientVpnEndpointId=endpoint_id)
        return [rule["Status"]["Code"] for rule in answer["AuthorizationRules"]]

    eventually(states, ["active"] * 3)
    networks = ["10.0.0.0/16", "10.1.0.0/16"]
    assert aws.connect(endpoint_id, username="ann", groups=["ops"]).authorized_networks == networks
    assert aws.connect(endpoint_id, username="bob").authorized_networks == ["10.0.0.0/16"]


def test_what_expires_is_counted_in_days(aws: LocalAws, ec2: Any, make_endpoint: MakeEndpoint) -> None:
    endpoint_id = make_endpoint()
    text = CertificateAuthority().revocation_list(validity=timedelta(days=10, hours=1))
    ec2.import_client_vpn_client_certificate_revocation_list(
        ClientVpnEndpointId=endpoint_id, CertificateRevocationList=text
    )
    assert metric_values(aws, "AWS/ClientVPN", "CrlDaysToExpiry", {"Endpoint": endpoint_id}) == [10]
    pem = self_signed_certificate("idp.example.com").certificate_pem.decode()
    certificate = "".join(pem.splitlines()[1:-1])
    provider = aws.client("iam").create_saml_provider(
        Name="idp",
        SAMLMetadataDocument=f"<ds:X509Certificate>{certificate}</ds:X509Certificate>".ljust(1000),
    )["SAMLProviderArn"]
    federated = {"Type": "federated-authentication", "FederatedAuthentication": {"SAMLProviderArn": provider}}
    endpoint_id = make_endpoint(AuthenticationOptions=[federated])
    assert metric_values(aws, "AWS/ClientVPN", "IdpCertDaysToExpiry", {"Endpoint": endpoint_id}) == [29]


def test_a_failed_log_in_is_logged_with_the_user(
    aws: LocalAws, endpoint_id: str, make_endpoint: MakeEndpoint, make_directory: Callable[[], str]
) -> None:
    directory = {"Type": "directory-service-authentication", "ActiveDirectory": {"DirectoryId": make_directory()}}
    with_users = make_endpoint(
        AuthenticationOptions=[directory],
        ConnectionLogOptions={"Enabled": True, "CloudwatchLogGroup": LOG_GROUP},
    )
    attempt = aws.connect(with_users, username="eve", authenticated=False)
    (event,) = events(aws, attempt.connection_id)
    assert event["connection-attempt-failure-reason"] == "authentication-failed"
    assert event["username"] == "eve"
    assert aws.metric_sum("AWS/ClientVPN", "AuthenticationFailures", {"Endpoint": with_users}) == 1


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("", b"{", "not JSON"),
        ("", b"[]", "has to be a JSON object"),
        ("", b"{}", "EndpointId is missing"),
        ("", b'{"EndpointId": 7}', "EndpointId is 7"),
        ("", b'{"EndpointId": "cvpn-endpoint-1", "Attributes": []}', "Attributes is []"),
        ("", b'{"EndpointId": "cvpn-endpoint-1", "Authenticated": "no"}', "Authenticated is 'no'"),
        ("", b'{"EndpointId": "cvpn-endpoint-1", "Port": true}', "Port is True"),
        ("", b'{"EndpointId": "cvpn-endpoint-1", "Port": 65536}', "Port is 65536"),
        ("", b'{"EndpointId": "cvpn-endpoint-1", "Colour": "red"}', "Unknown key Colour"),
        ("/cvpn-connection-1/end", b'{"IngressBytes": -1}', "IngressBytes is -1"),
        ("/cvpn-connection-1/end", b'{"IngressBytes": 1.5}', "IngressBytes is 1.5"),
        ("/cvpn-connection-1/traffic", b'{"Bytes": 1}', "Unknown key Bytes"),
        ("/cvpn-connection-1/restart", b"{}", "There is no POST"),
    ],
)
def test_a_malformed_request_is_answered_with_what_is_wrong(aws: LocalAws, path: str, body: bytes, told: str) -> None:
    url = f"{aws.endpoint_url}/localaws-api/client-vpn/connections{path}"
    answer = requests.post(url, body, timeout=20)
    assert answer.status_code in (400, 404)
    assert told in answer.json()["Error"]["Message"]


def test_connections_that_do_not_exist_have_the_code_of_ec2(aws: LocalAws, ec2: Any, endpoint_id: str) -> None:
    for call in (aws.disconnect, aws.report_traffic):
        with pytest.raises(LocalAwsError) as refusal:
            call("cvpn-connection-00000000000000000")
        assert refusal.value.code == "InvalidClientVpnConnection.IdNotFound"
    error = refused(ec2.describe_client_vpn_connections, ClientVpnEndpointId="cvpn-endpoint-00000000000000000")
    assert code(error) == "InvalidClientVpnEndpointId.NotFound"
    unknown = [{"Name": "client-ip", "Values": ["10.0.0.1"]}]
    error = refused(ec2.describe_client_vpn_connections, ClientVpnEndpointId=endpoint_id, Filters=unknown)
    assert code(error) == "InvalidParameterValue"
    both = {"ConnectionId": "cvpn-connection-00000000000000000", "Username": "ann"}
    error = refused(ec2.terminate_client_vpn_connections, ClientVpnEndpointId=endpoint_id, **both)
    assert code(error) == "InvalidParameterCombination"
