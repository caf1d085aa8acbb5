"""Target networks, authorization rules and routes of Client VPN endpoints."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.localaws.helpers import MakeEndpoint, code, eventually, refused


@dataclass
class Vpc:
    id: str
    cidr: str
    subnets: list[str]
    default_group: str


@pytest.fixture(scope="module")
def vpc(ec2: Any) -> Vpc:
    """A VPC with two subnets in one Availability Zone and one in another."""
    cidr = "10.50.0.0/16"
    vpc_id = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
    zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]
    subnets = [
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.50.{number}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for number, zone in enumerate([zones[0], zones[0], zones[1]])
    ]
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["SecurityGroups"]
    return Vpc(vpc_id, cidr, subnets, groups[0]["GroupId"])


def networks(ec2: Any, endpoint_id: str) -> list[dict[str, Any]]:
    answer = ec2.describe_client_vpn_target_networks(ClientVpnEndpointId=endpoint_id)
    found: list[dict[str, Any]] = answer["ClientVpnTargetNetworks"]
    return found


def routes(ec2: Any, endpoint_id: str) -> dict[str, str]:
    found = ec2.describe_client_vpn_routes(ClientVpnEndpointId=endpoint_id)["Routes"]
    return {route["DestinationCidr"]: route["Status"]["Code"] for route in found}


def rules(ec2: Any, endpoint_id: str) -> list[tuple[str, str, str]]:
    found = ec2.describe_client_vpn_authorization_rules(ClientVpnEndpointId=endpoint_id)["AuthorizationRules"]
    return [(rule["DestinationCidr"], rule["GroupId"], rule["Status"]["Code"]) for rule in found]


def status(ec2: Any, endpoint_id: str) -> str:
    answer = ec2.describe_client_vpn_endpoints(ClientVpnEndpointIds=[endpoint_id])
    return str(answer["ClientVpnEndpoints"][0]["Status"]["Code"])


@pytest.fixture
def associated(ec2: Any, vpc: Vpc, make_endpoint: MakeEndpoint) -> str:
    """An endpoint with one target network, ready."""
    endpoint_id = make_endpoint()
    ec2.associate_client_vpn_target_network(ClientVpnEndpointId=endpoint_id, SubnetId=vpc.subnets[0])
    eventually(lambda: status(ec2, endpoint_id), "available")
    return endpoint_id


def test_an_association_makes_an_endpoint_available(ec2: Any, vpc: Vpc, make_endpoint: MakeEndpoint) -> None:
    endpoint_id = make_endpoint()
    answer = ec2.associate_client_vpn_target_network(ClientVpnEndpointId=endpoint_id, SubnetId=vpc.subnets[0])
    assert answer["Status"]["Code"] == "associating"
    assert status(ec2, endpoint_id) == "pending-associate"
    eventually(lambda: status(ec2, endpoint_id), "available")
    network = networks(ec2, endpoint_id)[0]
    assert network["AssociationId"] == answer["AssociationId"]
    assert network["TargetNetworkId"] == vpc.subnets[0]
    assert network["VpcId"] == vpc.id
    assert network["SecurityGroups"] == [vpc.default_group]
    assert network["Status"]["Code"] == "associated"


@pytest.fixture(params=[0.011, 0.013, 0.017, 0.019])
def ticking(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes on by some seconds whenever the backend looks at it, so that time passes within each call."""
    readings = itertools.count(time.monotonic(), request.param)
    clock = SimpleNamespace(monotonic=lambda: next(readings), time=time.time)
    monkeypatch.setattr("localaws.ec2.resources.core.time", clock)


@pytest.mark.usefixtures("ticking")
def test_what_goes_while_it_is_described_is_there_or_not(ec2: Any, vpc: Vpc, make_endpoint: MakeEndpoint) -> None:
    endpoint_id = make_endpoint()
    made = ec2.associate_client_vpn_target_network(ClientVpnEndpointId=endpoint_id, SubnetId=vpc.subnets[0])
    ec2.disassociate_client_vpn_target_network(ClientVpnEndpointId=endpoint_id, AssociationId=made["AssociationId"])
    while found := networks(ec2, endpoint_id):
        assert [network["Status"]["Code"] for network in found] == ["disassociating"]
    ec2.delete_client_vpn_endpoint(ClientVpnEndpointId=endpoint_id)
    described = ec2.describe_client_vpn_endpoints
    while found := [one for one in described()["ClientVpnEndpoints"] if one["ClientVpnEndpointId"] == endpoint_id]:
        assert [endpoint["Status"]["Code"] for endpoint in found] == ["deleting"]


def test_an_association_brings_a_route_to_the_vpc(ec2: Any, vpc: Vpc, associated: str) -> None:
    route = ec2.describe_client_vpn_routes(ClientVpnEndpointId=associated)["Routes"][0]
    assert route["DestinationCidr"] == vpc.cidr
    assert route["TargetSubnet"] == vpc.subnets[0]
    assert route["Origin"] == "associate"
    assert route["Type"] == "Nat"


def test_a_subnet_is_associated_once(ec2: Any, vpc: Vpc, associated: str) -> None:
    error = refused(ec2.associate_client_vpn_target_network, ClientVpnEndpointId=associated, SubnetId=vpc.subnets[0])
    assert code(error) == "InvalidClientVpnDuplicateAssociationException"


def test_an_availability_zone_is_associated_once(ec2: Any, vpc: Vpc, associated: str) -> None:
    error = refused(ec2.associate_client_vpn_target_network, ClientVpnEndpointId=associated, SubnetId=vpc.subnets[1])
    assert code(error) == "InvalidClientVpnSubnetId.DuplicateAz"
    ec2.associate_client_vpn_target_network(ClientVpnEndpointId=associated, SubnetId=vpc.subnets[2])
    assert len(networks(ec2, associated)) == 2


def test_a_client_cidr_block_may_not_overlap_the_vpc(ec2: Any, vpc: Vpc, make_endpoint: MakeEndpoint) -> None:
    endpoint_id = make_endpoint(ClientCidrBlock="10.48.0.0/12")
    error = refused(ec2.associate_client_vpn_target_network, ClientVpnEndpointId=endpoint_id, SubnetId=vpc.subnets[0])
    assert code(error) == "InvalidClientVpnSubnetId.OverlappingCidr"


def test_an_unknown_subnet_cannot_be_associated(ec2: Any, make_endpoint: MakeEndpoint) -> None:
    error = refused(
        ec2.associate_client_vpn_target_network,
        ClientVpnEndpointId=make_endpoint(),
        SubnetId="subnet-0123456789abcdef0",
    )
    assert code(error) == "InvalidClientVpnSubnetId.NotFound"


def test_an_endpoint_with_associations_cannot_be_deleted(ec2: Any, associated: str) -> None:
    error = refused(ec2.delete_client_vpn_endpoint, ClientVpnEndpointId=associated)
    assert code(error) == "ClientVpnEndpointAssociationExists"


def test_a_disassociation_takes_the_routes_along(ec2: Any, associated: str) -> None:
    association_id = networks(ec2, associated)[0]["AssociationId"]
    answer = ec2.disassociate_client_vpn_target_network(ClientVpnEndpointId=associated, AssociationId=association_id)
    assert answer["Status"]["Code"] == "disassociating"
    eventually(lambda: networks(ec2, associated), [])
    assert routes(ec2, associated) == {}
    assert status(ec2, associated) == "pending-associate"
    error = refused(
        ec2.disassociate_client_vpn_target_network, ClientVpnEndpointId=associated, AssociationId=association_id
    )
    assert code(error) == "InvalidClientVpnAssociationIdNotFound"


def test_security_groups_can_be_applied_to_a_target_network(ec2: Any, vpc: Vpc, associated: str) -> None:
    group_id = ec2.create_security_group(GroupName="apply", Description="vpn", VpcId=vpc.id)["GroupId"]
    answer = ec2.apply_security_groups_to_client_vpn_target_network(
        ClientVpnEndpointId=associated, VpcId=vpc.id, SecurityGroupIds=[group_id]
    )
    assert answer["SecurityGroupIds"] == [group_id]
    assert networks(ec2, associated)[0]["SecurityGroups"] == [group_id]


def test_rules_and_routes_need_an_association(ec2: Any, vpc: Vpc, make_endpoint: MakeEndpoint) -> None:
    endpoint_id = make_endpoint()
    for call, arguments in (
        (ec2.authorize_client_vpn_ingress, {"TargetNetworkCidr": vpc.cidr, "AuthorizeAllGroups": True}),
        (
            ec2.create_client_vpn_route,
            {"DestinationCidrBlock": "0.0.0.0/0", "TargetVpcSubnetId": vpc.subnets[0]},
        ),
    ):
        error = refused(call, ClientVpnEndpointId=endpoint_id, **arguments)
        assert code(error) == "InvalidClientVpnActiveAssociationNotFound"


def test_an_authorization_rule_is_authorizing_then_active_then_revoked(ec2: Any, vpc: Vpc, associated: str) -> None:
    rule = {"ClientVpnEndpointId": associated, "TargetNetworkCidr": vpc.cidr}
    answer = ec2.authorize_client_vpn_ingress(**rule, AuthorizeAllGroups=True)
    assert answer["Status"]["Code"] == "authorizing"
    eventually(lambda: rules(ec2, associated), [(vpc.cidr, "", "active")])
    answer = ec2.revoke_client_vpn_ingress(**rule, RevokeAllGroups=True)
    assert answer["Status"]["Code"] == "revoking"
    eventually(lambda: rules(ec2, associated), [])


def test_one_network_can_be_authorized_for_several_groups(ec2: Any, vpc: Vpc, associated: str) -> None:
    rule = {"ClientVpnEndpointId": associated, "TargetNetworkCidr": vpc.cidr}
    for group in ("engineering", "ops"):
        ec2.authorize_client_vpn_ingress(**rule, AccessGroupId=group)
    assert [group for _, group, _ in rules(ec2, associated)] == ["engineering", "ops"]
    error = refused(ec2.authorize_client_vpn_ingress, **rule, AccessGroupId="ops")
    assert code(error) == "InvalidClientVpnDuplicateAuthorizationRule"
    found = ec2.describe_client_vpn_authorization_rules(
        ClientVpnEndpointId=associated, Filters=[{"Name": "group-id", "Values": ["ops"]}]
    )["AuthorizationRules"]
    assert [(one["GroupId"], one["AccessAll"]) for one in found] == [("ops", False)]


def test_a_rule_needs_a_group_or_all_groups(ec2: Any, vpc: Vpc, associated: str) -> None:
    rule = {"ClientVpnEndpointId": associated, "TargetNetworkCidr": vpc.cidr}
    assert code(refused(ec2.authorize_client_vpn_ingress, **rule)) == "MissingParameter"
    both = refused(ec2.authorize_client_vpn_ingress, **rule, AccessGroupId="ops", AuthorizeAllGroups=True)
    assert code(both) == "InvalidParameterCombination"


def test_a_rule_that_is_not_there_cannot_be_revoked(ec2: Any, vpc: Vpc, associated: str) -> None:
    error = refused(
        ec2.revoke_client_vpn_ingress,
        ClientVpnEndpointId=associated,
        TargetNetworkCidr=vpc.cidr,
        RevokeAllGroups=True,
    )
    assert code(error) == "InvalidClientVpnEndpointAuthorizationRuleNotFound"


def test_a_route_is_creating_then_active_then_deleted(ec2: Any, vpc: Vpc, associated: str) -> None:
    route = {"DestinationCidrBlock": "0.0.0.0/0", "TargetVpcSubnetId": vpc.subnets[0]}
    answer = ec2.create_client_vpn_route(ClientVpnEndpointId=associated, Description="out", **route)
    assert answer["Status"]["Code"] == "creating"
    eventually(lambda: routes(ec2, associated).get("0.0.0.0/0"), "active")
    duplicate = refused(ec2.create_client_vpn_route, ClientVpnEndpointId=associated, **route)
    assert code(duplicate) == "InvalidClientVpnDuplicateRoute"
    deleted = ec2.delete_client_vpn_route(ClientVpnEndpointId=associated, **route)
    assert deleted["Status"]["Code"] == "deleting"
    eventually(lambda: routes(ec2, associated).get("0.0.0.0/0"), None)
    absent = refused(ec2.delete_client_vpn_route, ClientVpnEndpointId=associated, **route)
    assert code(absent) == "InvalidClientVpnRouteNotFound"


def test_a_route_goes_through_a_target_network(ec2: Any, vpc: Vpc, associated: str) -> None:
    error = refused(
        ec2.create_client_vpn_route,
        ClientVpnEndpointId=associated,
        DestinationCidrBlock="0.0.0.0/0",
        TargetVpcSubnetId=vpc.subnets[2],
    )
    assert code(error) == "InvalidClientVpnSubnetId.NotFound"


def test_the_route_of_an_association_cannot_be_deleted(ec2: Any, vpc: Vpc, associated: str) -> None:
    error = refused(
        ec2.delete_client_vpn_route,
        ClientVpnEndpointId=associated,
        DestinationCidrBlock=vpc.cidr,
        TargetVpcSubnetId=vpc.subnets[0],
    )
    assert code(error) == "InvalidParameterValue"


def test_what_is_no_network_is_refused(ec2: Any, associated: str) -> None:
    error = refused(
        ec2.authorize_client_vpn_ingress,
        ClientVpnEndpointId=associated,
        TargetNetworkCidr="everywhere",
        AuthorizeAllGroups=True,
    )
    assert code(error) == "InvalidParameterValue"
