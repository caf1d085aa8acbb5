"""What the Client VPN actions share: unknown endpoints, tags, filters, pages, client tokens and dry runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.unit.localaws.helpers import MakeEndpoint, code, refused


def described(ec2: Any, endpoint_id: str) -> dict[str, Any]:
    answer = ec2.describe_client_vpn_endpoints(ClientVpnEndpointIds=[endpoint_id])
    endpoint: dict[str, Any] = answer["ClientVpnEndpoints"][0]
    return endpoint


def test_every_action_refuses_an_unknown_endpoint(ec2: Any) -> None:
    unknown = "cvpn-endpoint-00000000000000000"
    calls: list[tuple[Callable[..., Any], dict[str, Any]]] = [
        (ec2.modify_client_vpn_endpoint, {}),
        (ec2.delete_client_vpn_endpoint, {}),
        (ec2.associate_client_vpn_target_network, {"SubnetId": "subnet-1"}),
        (ec2.disassociate_client_vpn_target_network, {"AssociationId": "cvpn-assoc-1"}),
        (ec2.describe_client_vpn_target_networks, {}),
        (
            ec2.apply_security_groups_to_client_vpn_target_network,
            {"VpcId": "vpc-1", "SecurityGroupIds": ["sg-1"]},
        ),
        (ec2.authorize_client_vpn_ingress, {"TargetNetworkCidr": "10.0.0.0/16", "AuthorizeAllGroups": True}),
        (ec2.revoke_client_vpn_ingress, {"TargetNetworkCidr": "10.0.0.0/16", "RevokeAllGroups": True}),
        (ec2.describe_client_vpn_authorization_rules, {}),
        (
            ec2.create_client_vpn_route,
            {"DestinationCidrBlock": "0.0.0.0/0", "TargetVpcSubnetId": "subnet-1"},
        ),
        (
            ec2.delete_client_vpn_route,
            {"DestinationCidrBlock": "0.0.0.0/0", "TargetVpcSubnetId": "subnet-1"},
        ),
        (ec2.describe_client_vpn_routes, {}),
        (ec2.describe_client_vpn_connections, {}),
        (ec2.terminate_client_vpn_connections, {"Username": "ann"}),
        (ec2.import_client_vpn_client_certificate_revocation_list, {"CertificateRevocationList": "x"}),
        (ec2.export_client_vpn_client_certificate_revocation_list, {}),
        (ec2.export_client_vpn_client_configuration, {}),
    ]
    for call, arguments in calls:
        error = refused(call, ClientVpnEndpointId=unknown, **arguments)
        assert code(error) == "InvalidClientVpnEndpointId.NotFound"


def test_tags_are_those_of_ec2(ec2: Any, make_endpoint: MakeEndpoint) -> None:
    endpoint_id = make_endpoint(
        TagSpecifications=[{"ResourceType": "client-vpn-endpoint", "Tags": [{"Key": "team", "Value": "net"}]}]
    )
    ec2.create_tags(Resources=[endpoint_id], Tags=[{"Key": "stage", "Value": "test"}])
    assert described(ec2, endpoint_id)["Tags"] == [
        {"Key": "team", "Value": "net"},
        {"Key": "stage", "Value": "test"},
    ]
    ec2.delete_tags(Resources=[endpoint_id], Tags=[{"Key": "team"}])
    listed = ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": ["client-vpn-endpoint"]}])["Tags"]
    assert listed == [
        {"Key": "stage", "ResourceId": endpoint_id, "ResourceType": "client-vpn-endpoint", "Value": "test"}
    ]


def test_an_unknown_endpoint_cannot_be_tagged(ec2: Any) -> None:
    error = refused(ec2.create_tags, Resources=["cvpn-endpoint-00000000000000000"], Tags=[{"Key": "a", "Value": "b"}])
    assert code(error) == "InvalidClientVpnEndpointId.NotFound"


def test_other_resources_are_still_tagged_by_moto(ec2: Any) -> None:
    vpc_id = ec2.create_vpc(CidrBlock="10.4.0.0/16")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc_id], Tags=[{"Key": "a", "Value": "b"}])
    assert ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"][0]["Tags"] == [{"Key": "a", "Value": "b"}]


def test_endpoints_are_filtered_and_paged(ec2: Any, make_endpoint: MakeEndpoint) -> None:
    made = [make_endpoint(TransportProtocol="tcp") for _ in range(7)]
    make_endpoint()
    wanted = [{"Name": "transport-protocol", "Values": ["tcp"]}]
    first = ec2.describe_client_vpn_endpoints(Filters=wanted, MaxResults=5)
    second = ec2.describe_client_vpn_endpoints(Filters=wanted, MaxResults=5, NextToken=first["NextToken"])
    assert len(first["ClientVpnEndpoints"]) == 5
    assert "NextToken" not in second
    found = [*first["ClientVpnEndpoints"], *second["ClientVpnEndpoints"]]
    assert [one["ClientVpnEndpointId"] for one in found] == made
    error = refused(ec2.describe_client_vpn_endpoints, Filters=[{"Name": "colour", "Values": ["red"]}])
    assert code(error) == "InvalidParameterValue"


def test_a_client_token_makes_creation_idempotent(make_endpoint: MakeEndpoint) -> None:
    first = make_endpoint(ClientToken="once")
    assert make_endpoint(ClientToken="once") == first
    assert code(refused(make_endpoint, ClientToken="once", VpnPort=1194)) == "IdempotentParameterMismatch"


def test_a_dry_run_changes_nothing(ec2: Any, make_endpoint: MakeEndpoint) -> None:
    def only() -> list[dict[str, Any]]:
        wanted = [{"Name": "transport-protocol", "Values": ["tcp"]}]
        endpoints: list[dict[str, Any]] = ec2.describe_client_vpn_endpoints(Filters=wanted)["ClientVpnEndpoints"]
        return [one for one in endpoints if one.get("Description") == "dry"]

    arguments = {"TransportProtocol": "tcp", "Description": "dry"}
    assert code(refused(make_endpoint, DryRun=True, **arguments)) == "DryRunOperation"
    assert only() == []
    endpoint_id = make_endpoint(**arguments)
    assert code(refused(ec2.delete_client_vpn_endpoint, ClientVpnEndpointId=endpoint_id, DryRun=True)) == (
        "DryRunOperation"
    )
    assert [one["Status"]["Code"] for one in only()] == ["pending-associate"]
