"""Client VPN endpoints: creating, describing, modifying and deleting them, and what EC2 refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from localaws import LocalAws
from localaws.certificates import CertificateAuthority
from tests.unit.localaws.helpers import ACCOUNT, MakeEndpoint, MakeFunction, code, eventually, refused

HANDLER = "def handler(event, context):\n    return {}\n"


def described(ec2: Any, endpoint_id: str) -> dict[str, Any]:
    answer = ec2.describe_client_vpn_endpoints(ClientVpnEndpointIds=[endpoint_id])
    endpoint: dict[str, Any] = answer["ClientVpnEndpoints"][0]
    return endpoint


def test_an_endpoint_has_the_defaults_of_ec2(ec2: Any, make_endpoint: MakeEndpoint) -> None:
    endpoint_id = make_endpoint()
    endpoint = described(ec2, endpoint_id)
    assert endpoint["Status"] == {"Code": "pending-associate"}
    assert endpoint["TransportProtocol"] == "udp"
    assert endpoint["VpnPort"] == 443
    assert endpoint["SessionTimeoutHours"] == 24
    assert endpoint["SplitTunnel"] is False
    assert endpoint["DisconnectOnSessionTimeout"] is True
    assert endpoint["ClientConnectOptions"]["Enabled"] is False
    assert endpoint["ClientLoginBannerOptions"] == {"Enabled": False}
    assert endpoint["ClientRouteEnforcementOptions"] == {"Enforced": False}
    assert endpoint["DnsServers"] == []
    assert endpoint["SecurityGroupIds"] == []
    assert "SelfServicePortalUrl" not in endpoint
    assert "VpcId" not in endpoint


def test_ids_and_dns_names_have_the_form_of_aws(ec2: Any, make_endpoint: MakeEndpoint) -> None:
    endpoint_id = make_endpoint()
    prefix, number = endpoint_id.rsplit("-", 1)
    assert prefix == "cvpn-endpoint"
    assert len(number) == 17
    assert set(number) <= set("0123456789abcdef")
    dns_name = described(ec2, endpoint_id)["DnsName"]
    assert dns_name == f"*.{endpoint_id}.prod.clientvpn.eu-central-1.amazonaws.com"


def test_every_argument_comes_back(
    aws: LocalAws, ec2: Any, make_endpoint: MakeEndpoint, make_function: MakeFunction
) -> None:
    arn = make_function(HANDLER)["FunctionArn"]
    aws.client("logs").create_log_group(logGroupName="connections")
    aws.client("logs").create_log_stream(logGroupName="connections", logStreamName="all")
    vpc_id = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    group_id = ec2.create_security_group(GroupName="vpn", Description="vpn", VpcId=vpc_id)["GroupId"]
    given = {
        "ClientCidrBlock": "10.64.0.0/12",
        "ConnectionLogOptions": {
            "Enabled": True,
            "CloudwatchLogGroup": "connections",
            "CloudwatchLogStream": "all",
        },
        "DnsServers": ["10.1.0.2", "10.1.0.3"],
        "TransportProtocol": "tcp",
        "VpnPort": 1194,
        "Description": "for everybody",
        "SplitTunnel": True,
        "SecurityGroupIds": [group_id],
        "VpcId": vpc_id,
        "SessionTimeoutHours": 8,
        "ClientLoginBannerOptions": {"Enabled": True, "BannerText": "Welcome"},
        "ClientRouteEnforcementOptions": {"Enforced": True},
        "DisconnectOnSessionTimeout": False,
    }
    endpoint = described(
        ec2,
        make_endpoint(**given, ClientConnectOptions={"Enabled": True, "LambdaFunctionArn": arn}),
    )
    assert {name: endpoint[name] for name in given} == given
    assert endpoint["ClientConnectOptions"]["LambdaFunctionArn"] == arn


def test_two_kinds_of_authentication_can_be_used_at_once(
    aws: LocalAws, ec2: Any, make_endpoint: MakeEndpoint, certificate_arn: str
) -> None:
    metadata = "<EntityDescriptor>" + "x" * 1000 + "</EntityDescriptor>"
    provider = aws.client("iam").create_saml_provider(Name="idp", SAMLMetadataDocument=metadata)
    saml_arn = provider["SAMLProviderArn"]
    endpoint_id = make_endpoint(
        AuthenticationOptions=[
            {"Type": "federated-authentication", "FederatedAuthentication": {"SAMLProviderArn": saml_arn}},
            {
                "Type": "certificate-authentication",
                "MutualAuthentication": {"ClientRootCertificateChainArn": certificate_arn},
            },
        ]
    )
    endpoint = described(ec2, endpoint_id)
    assert endpoint["AuthenticationOptions"] == [
        {"Type": "federated-authentication", "FederatedAuthentication": {"SamlProviderArn": saml_arn}},
        {
            "Type": "certificate-authentication",
            "MutualAuthentication": {"ClientRootCertificateChain": certificate_arn},
        },
    ]
    assert endpoint["SelfServicePortalUrl"] == (f"https://self-service.clientvpn.amazonaws.com/endpoints/{endpoint_id}")


def test_an_endpoint_can_use_a_directory(
    ec2: Any, make_endpoint: MakeEndpoint, make_directory: Callable[[], str]
) -> None:
    directory_id = make_directory()
    options = {
        "Type": "directory-service-authentication",
        "ActiveDirectory": {"DirectoryId": directory_id},
    }
    endpoint = described(ec2, make_endpoint(AuthenticationOptions=[options]))
    assert endpoint["AuthenticationOptions"] == [options]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"ClientCidrBlock": "10.0.0.0/28"}, "at least /22"),
        ({"ClientCidrBlock": "10.0.0.0/11"}, "at most /12"),
        ({"ClientCidrBlock": "10.0.0.1/22"}, "not an IPv4 CIDR block"),
        ({"ClientCidrBlock": "2001:db8::/22"}, "not an IPv4 CIDR block"),
        ({"DnsServers": ["10.0.0.1", "10.0.0.2", "10.0.0.3"]}, "at most 2"),
        ({"DnsServers": ["resolver.example.com"]}, "not an IP address"),
        ({"VpnPort": 1195}, "443, 1194"),
        ({"SessionTimeoutHours": 9}, "8, 10, 12, 24"),
        ({"ConnectionLogOptions": {"Enabled": True}}, "CloudwatchLogGroup is required"),
        (
            {"ConnectionLogOptions": {"Enabled": True, "CloudwatchLogGroup": "nowhere"}},
            "log group nowhere does not exist",
        ),
        ({"ClientLoginBannerOptions": {"Enabled": True}}, "BannerText is required"),
        ({"ClientLoginBannerOptions": {"Enabled": True, "BannerText": "x" * 1401}}, "at most 1400"),
        ({"SecurityGroupIds": ["sg-0123456789abcdef0"]}, "VpcId is required"),
        ({"ServerCertificateArn": "arn:aws:acm:eu-central-1:210987654321:certificate/none"}, "does not exist in ACM"),
        ({"SelfServicePortal": "enabled"}, "self-service portal"),
        ({"ClientConnectOptions": {"Enabled": True}}, "LambdaFunctionArn is required"),
        ({"ClientConnectOptions": {"Enabled": True, "LambdaFunctionArn": "handler"}}, "not the ARN"),
    ],
)
def test_an_argument_that_ec2_does_not_take_is_refused(
    make_endpoint: MakeEndpoint, arguments: dict[str, Any], told: str
) -> None:
    error = refused(make_endpoint, **arguments)
    assert code(error) == "InvalidParameterValue"
    assert told in str(error)


def test_a_banner_of_1400_characters_is_accepted(ec2: Any, make_endpoint: MakeEndpoint) -> None:
    options = {"Enabled": True, "BannerText": "x" * 1400}
    assert described(ec2, make_endpoint(ClientLoginBannerOptions=options))["ClientLoginBannerOptions"] == options


@pytest.mark.parametrize("missing", ["ServerCertificateArn", "AuthenticationOptions"])
def test_what_ec2_requires_cannot_be_empty(make_endpoint: MakeEndpoint, missing: str) -> None:
    empty: dict[str, Any] = {"ServerCertificateArn": "", "AuthenticationOptions": []}
    assert code(refused(make_endpoint, **{missing: empty[missing]})) == "MissingParameter"


def test_authentication_that_does_not_go_together_is_refused(make_endpoint: MakeEndpoint) -> None:
    options = [
        {"Type": "directory-service-authentication", "ActiveDirectory": {"DirectoryId": "d-1234567890"}},
        {"Type": "federated-authentication", "FederatedAuthentication": {"SAMLProviderArn": "arn"}},
    ]
    assert "cannot be combined" in str(refused(make_endpoint, AuthenticationOptions=options))


def test_a_handler_without_the_prefix_is_refused(make_endpoint: MakeEndpoint, make_function: MakeFunction) -> None:
    arn = make_function(HANDLER, name="connect-handler")["FunctionArn"]
    error = refused(make_endpoint, ClientConnectOptions={"Enabled": True, "LambdaFunctionArn": arn})
    assert code(error) == "InvalidParameterValue"
    assert "AWSClientVPN-" in str(error)


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:AWSClientVPN-absent",
        f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:AWSClientVPN-test:absent",
        f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:AWSClientVPN-test",
        "arn:aws:lambda:eu-central-1:999999999999:function:AWSClientVPN-test",
    ],
    ids=["no such function", "no such alias", "another Region", "another account"],
)
def test_a_handler_that_the_endpoint_cannot_reach_is_refused(
    make_endpoint: MakeEndpoint, make_function: MakeFunction, arn: str
) -> None:
    make_function(HANDLER)
    error = refused(make_endpoint, ClientConnectOptions={"Enabled": True, "LambdaFunctionArn": arn})
    assert code(error) == "InvalidParameterValue"


def test_more_than_five_security_groups_are_refused(ec2: Any, make_endpoint: MakeEndpoint) -> None:
    vpc_id = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    groups = [
        ec2.create_security_group(GroupName=f"vpn-{number}", Description="vpn", VpcId=vpc_id)["GroupId"]
        for number in range(6)
    ]
    assert "at most 5" in str(refused(make_endpoint, VpcId=vpc_id, SecurityGroupIds=groups))
    assert described(ec2, make_endpoint(VpcId=vpc_id, SecurityGroupIds=groups[:5]))["SecurityGroupIds"] == groups[:5]


def test_an_endpoint_in_a_vpc_gets_its_default_security_group(ec2: Any, make_endpoint: MakeEndpoint) -> None:
    vpc_id = ec2.create_vpc(CidrBlock="10.3.0.0/16")["Vpc"]["VpcId"]
    default = ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"][0]["GroupId"]
    assert described(ec2, make_endpoint(VpcId=vpc_id))["SecurityGroupIds"] == [default]


def test_a_connection_log_without_a_stream_gets_one(aws: LocalAws, ec2: Any, make_endpoint: MakeEndpoint) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="no-stream")
    options = {"Enabled": True, "CloudwatchLogGroup": "no-stream"}
    endpoint_id = make_endpoint(ConnectionLogOptions=options)
    stream = described(ec2, endpoint_id)["ConnectionLogOptions"]["CloudwatchLogStream"]
    assert stream.startswith(f"{endpoint_id}-eu-central-1-")
    streams = logs.describe_log_streams(logGroupName="no-stream")["logStreams"]
    assert [one["logStreamName"] for one in streams] == [stream]


def test_what_a_modification_leaves_out_stays_as_it_was(
    ec2: Any, make_endpoint: MakeEndpoint, make_function: MakeFunction
) -> None:
    arn = make_function(HANDLER)["FunctionArn"]
    endpoint_id = make_endpoint(
        ClientConnectOptions={"Enabled": True, "LambdaFunctionArn": arn},
        ClientLoginBannerOptions={"Enabled": True, "BannerText": "Welcome"},
        DnsServers=["10.0.0.2"],
    )
    eventually(lambda: described(ec2, endpoint_id)["ClientConnectOptions"]["Status"]["Code"], "applied")
    before = described(ec2, endpoint_id)
    ec2.modify_client_vpn_endpoint(ClientVpnEndpointId=endpoint_id, Description="new")
    assert described(ec2, endpoint_id) == {**before, "Description": "new"}


def test_a_handler_is_turned_off_by_saying_so(
    ec2: Any, make_endpoint: MakeEndpoint, make_function: MakeFunction
) -> None:
    arn = make_function(HANDLER)["FunctionArn"]
    endpoint_id = make_endpoint(ClientConnectOptions={"Enabled": True, "LambdaFunctionArn": arn})
    ec2.modify_client_vpn_endpoint(ClientVpnEndpointId=endpoint_id, ClientConnectOptions={"Enabled": False})
    options = described(ec2, endpoint_id)["ClientConnectOptions"]
    assert options == {"Enabled": False, "Status": {"Code": "applying"}}
    eventually(lambda: described(ec2, endpoint_id)["ClientConnectOptions"]["Status"]["Code"], "applied")


def test_dns_servers_are_removed_by_disabling_them(ec2: Any, make_endpoint: MakeEndpoint) -> None:
    endpoint_id = make_endpoint(DnsServers=["10.0.0.2"])
    ec2.modify_client_vpn_endpoint(
        ClientVpnEndpointId=endpoint_id, DnsServers={"Enabled": True, "CustomDnsServers": ["10.0.0.3", "10.0.0.4"]}
    )
    assert described(ec2, endpoint_id)["DnsServers"] == ["10.0.0.3", "10.0.0.4"]
    ec2.modify_client_vpn_endpoint(ClientVpnEndpointId=endpoint_id, DnsServers={"Enabled": False})
    assert described(ec2, endpoint_id)["DnsServers"] == []


def test_a_modification_is_checked_like_a_creation(ec2: Any, make_endpoint: MakeEndpoint) -> None:
    endpoint_id = make_endpoint()
    eventually(lambda: described(ec2, endpoint_id)["ClientConnectOptions"]["Status"]["Code"], "applied")
    before = described(ec2, endpoint_id)
    for arguments in (
        {"VpnPort": 80},
        {"SessionTimeoutHours": 1},
        {"DnsServers": {"Enabled": True, "CustomDnsServers": ["10.0.0.1", "10.0.0.2", "10.0.0.3"]}},
        {"ConnectionLogOptions": {"Enabled": True}},
        {"SecurityGroupIds": ["sg-0123456789abcdef0"]},
    ):
        error = refused(ec2.modify_client_vpn_endpoint, ClientVpnEndpointId=endpoint_id, **arguments)
        assert code(error) == "InvalidParameterValue"
    assert described(ec2, endpoint_id) == before


def test_a_deleted_endpoint_is_deleting_and_then_unknown(ec2: Any, make_endpoint: MakeEndpoint) -> None:
    endpoint_id = make_endpoint()
    deleted = ec2.delete_client_vpn_endpoint(ClientVpnEndpointId=endpoint_id)
    assert deleted["Status"]["Code"] == "deleting"
    assert described(ec2, endpoint_id)["Status"]["Code"] == "deleting"

    def known() -> list[str]:
        return [one["ClientVpnEndpointId"] for one in ec2.describe_client_vpn_endpoints()["ClientVpnEndpoints"]]

    eventually(lambda: endpoint_id in known(), False)
    assert code(refused(described, ec2=ec2, endpoint_id=endpoint_id)) == "InvalidClientVpnEndpointId.NotFound"


def test_device_posture_is_said_to_be_missing(make_endpoint: MakeEndpoint) -> None:
    options = {"Enabled": True, "TrustProviders": [{"TrustProviderType": "jamf", "TenantId": "t"}]}
    assert code(refused(make_endpoint, DevicePostureOptions=options)) == "UnsupportedOperation"


def test_the_client_configuration_names_the_endpoint_and_its_authority(
    aws: LocalAws, ec2: Any, make_endpoint: MakeEndpoint, certificate_arn: str
) -> None:
    endpoint_id = make_endpoint(TransportProtocol="tcp", VpnPort=1194)
    text = ec2.export_client_vpn_client_configuration(ClientVpnEndpointId=endpoint_id)["ClientConfiguration"]
    lines = text.splitlines()
    assert f"remote {endpoint_id}.prod.clientvpn.eu-central-1.amazonaws.com 1194" in lines
    assert "proto tcp" in lines
    authority = aws.client("acm").get_certificate(CertificateArn=certificate_arn)["Certificate"]
    assert authority.strip() in text
    assert "auth-user-pass" not in lines


def test_a_revocation_list_can_be_imported_and_exported(ec2: Any, make_endpoint: MakeEndpoint) -> None:
    endpoint_id = make_endpoint()
    text = CertificateAuthority().revocation_list()
    ec2.import_client_vpn_client_certificate_revocation_list(
        ClientVpnEndpointId=endpoint_id, CertificateRevocationList=text
    )
    exported = ec2.export_client_vpn_client_certificate_revocation_list(ClientVpnEndpointId=endpoint_id)
    assert exported["CertificateRevocationList"] == text
    for no_list in ("nothing", "-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n"):
        error = refused(
            ec2.import_client_vpn_client_certificate_revocation_list,
            ClientVpnEndpointId=endpoint_id,
            CertificateRevocationList=no_list,
        )
        assert code(error) == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("clientvpn.amazonaws.com", "AWSServiceRoleForClientVPN"),
        ("clientvpn-connections.amazonaws.com", "AWSServiceRoleForClientVPNConnections"),
    ],
)
def test_the_service_linked_roles_have_the_names_of_aws(aws: LocalAws, service: str, name: str) -> None:
    role = aws.client("iam").create_service_linked_role(AWSServiceName=service)["Role"]
    assert role["RoleName"] == name
