"""The front door: stock OpenVPN clients go through the client connect handler."""

from __future__ import annotations

import re
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from localaws import LocalAws
from localaws.openvpn import OpenVpnServer
from tests.unit.localaws.helpers import MakeEndpoint, eventually
from tests.unit.localaws.openvpn.helpers import DIRECTORY, Serve, StartOpenVpn, connections, statuses

pytestmark = pytest.mark.usefixtures("openvpn")


def invocations(aws: LocalAws) -> float:
    return aws.metric_sum("AWS/Lambda", "Invocations", {"FunctionName": "AWSClientVPN-test"})


def test_a_client_that_is_let_in_has_the_address_that_ec2_says(
    ec2: Any, handled: MakeEndpoint, serve: Serve, start_openvpn: StartOpenVpn
) -> None:
    endpoint_id = handled()
    client = start_openvpn(serve(endpoint_id).profile("anna's laptop"))

    address = client.wait_connected()

    (connection,) = connections(ec2, endpoint_id)
    assert (connection["ClientIp"], connection["CommonName"]) == (address, "anna's laptop")
    assert connection["Status"]["Code"] == "active"
    assert address.startswith("10.100.")

    client.close()
    eventually(lambda: statuses(ec2, endpoint_id), ["terminated"])


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("Ask IT.", marks=pytest.mark.slow),
        'Say "please", {common-name}.',
        r"C:\vpn\new",
        pytest.param("Jürgen fragen – 电话", marks=pytest.mark.slow),
        pytest.param("a, b; c,,d", marks=pytest.mark.slow),
        "  spaces  kept",
        pytest.param("'", marks=pytest.mark.slow),
    ],
)
def test_a_client_that_is_refused_shows_the_message_and_nothing_else(
    handled: MakeEndpoint, serve: Serve, start_openvpn: StartOpenVpn, message_file: Path, message: str
) -> None:
    message_file.write_text(message, encoding="utf-8")
    client = start_openvpn(serve(handled()).profile("anna"))

    assert client.wait_refused() == message.replace("{common-name}", "anna")


@pytest.mark.slow
def test_a_message_that_openvpn_has_no_room_for_is_cut_between_characters(
    handled: MakeEndpoint, serve: Serve, start_openvpn: StartOpenVpn, message_file: Path
) -> None:
    message_file.write_text("a" + "ü" * 254, encoding="utf-8")
    client = start_openvpn(serve(handled()).profile("anna"))

    assert client.wait_refused() == "a" + "ü" * 125 + "…"


def test_what_the_client_says_of_itself_reaches_the_handler(
    handled: MakeEndpoint, serve: Serve, start_openvpn: StartOpenVpn, message_file: Path
) -> None:
    message_file.write_text(
        "{common-name}|{username}|{platform}|{client-openvpn-version}|{aws-client-version}|{public-ip}"
    )
    version = subprocess.run(
        ["openvpn", "--version"], env={"PATH": "/usr/bin:/usr/sbin"}, capture_output=True, text=True, check=False
    )
    number = re.match(r"OpenVPN (\S+)", version.stdout)
    assert number

    client = start_openvpn(serve(handled()).profile("anna"), environment={"UV_AWS_CLIENT_APP_VER": "5.3.4"})

    assert client.wait_refused() == f"anna||linux|{number[1]}|5.3.4|127.0.0.1"


def test_user_and_groups_come_from_the_directory_and_the_certificate_from_the_client(
    with_users: MakeEndpoint,
    serve: Serve,
    start_openvpn: StartOpenVpn,
    message_file: Path,
    certificate_arn: str,
) -> None:
    message_file.write_text("{common-name}|{username}|{groups}")
    mutual = {"ClientRootCertificateChainArn": certificate_arn}
    endpoint_id = with_users({"Type": "certificate-authentication", "MutualAuthentication": mutual})
    profile = serve(endpoint_id, directory=DIRECTORY).profile("laptop-17")

    client = start_openvpn(profile, username="anna@example.com", password="correct horse")

    assert client.wait_refused() == "laptop-17|anna@example.com|['engineering', 'ops']"


@pytest.mark.slow
def test_a_wrong_password_is_refused_without_a_word_and_never_reaches_the_handler(
    aws: LocalAws, with_users: MakeEndpoint, serve: Serve, start_openvpn: StartOpenVpn
) -> None:
    before = invocations(aws)
    endpoint_id = with_users()
    client = start_openvpn(serve(endpoint_id, directory=DIRECTORY).profile(), username="ben", password="wrong")

    assert client.wait_refused() == ""

    assert invocations(aws) == before
    assert aws.metric_sum("AWS/ClientVPN", "AuthenticationFailures", {"Endpoint": endpoint_id}) == 1


@pytest.mark.slow
def test_a_certificate_of_another_authority_never_reaches_the_handler(
    aws: LocalAws, ec2: Any, handled: MakeEndpoint, serve: Serve, start_openvpn: StartOpenVpn
) -> None:
    before = invocations(aws)
    endpoint_id = handled()
    server, other = serve(endpoint_id), serve(endpoint_id)
    own, foreign = server.profile("anna"), other.profile("anna")

    start_openvpn(own[: own.index("<cert>")] + foreign[foreign.index("<cert>") :])
    eventually(lambda: any("VERIFY ERROR" in line for line in server.log), True)

    assert invocations(aws) == before
    assert connections(ec2, endpoint_id) == []


@pytest.mark.slow
def test_a_handler_that_fails_is_told_in_aws_words(
    handled: MakeEndpoint, serve: Serve, start_openvpn: StartOpenVpn, message_file: Path
) -> None:
    message_file.write_text("{no-such-field}")
    client = start_openvpn(serve(handled()).profile("anna"))

    assert client.wait_refused() == "Error establishing connection. Please contact your administrator."


@pytest.mark.slow
def test_a_localaws_that_has_ended_lets_nobody_in(
    certificate_arn: str, start_openvpn: StartOpenVpn, serve: Serve
) -> None:
    with LocalAws(account_id="444444444444") as other, ExitStack() as cleanup:
        arn = other.import_certificate("vpn.example.com")
        endpoint = other.client("ec2").create_client_vpn_endpoint(
            ClientCidrBlock="10.101.0.0/22",
            ServerCertificateArn=arn,
            AuthenticationOptions=[
                {"Type": "certificate-authentication", "MutualAuthentication": {"ClientRootCertificateChainArn": arn}}
            ],
            ConnectionLogOptions={"Enabled": False},
        )
        server = cleanup.enter_context(
            OpenVpnServer(other.endpoint_url, endpoint["ClientVpnEndpointId"], region=other.settings.region)
        )
        other.close()
        client = start_openvpn(server.profile("anna"))

        assert client.wait_refused() == "Error establishing connection. Please contact your administrator."


def test_a_terminated_client_is_asked_about_anew(
    ec2: Any, handled: MakeEndpoint, serve: Serve, start_openvpn: StartOpenVpn, message_file: Path
) -> None:
    endpoint_id = handled()
    client = start_openvpn(serve(endpoint_id).profile("anna"))
    client.wait_connected()
    (connection,) = connections(ec2, endpoint_id)

    ec2.terminate_client_vpn_connections(ClientVpnEndpointId=endpoint_id, ConnectionId=connection["ConnectionId"])
    client.wait_connected(2)
    first, second = connections(ec2, endpoint_id)
    assert (first["Status"]["Code"], second["Status"]["Code"]) == ("terminated", "active")
    assert first["ConnectionId"] == connection["ConnectionId"] != second["ConnectionId"]

    message_file.write_text("Closed.")
    ec2.terminate_client_vpn_connections(ClientVpnEndpointId=endpoint_id, ConnectionId=second["ConnectionId"])
    assert client.wait_refused() == "Closed."
    assert statuses(ec2, endpoint_id) == ["terminated", "terminated"]


@pytest.mark.slow
def test_terminating_by_user_name_disconnects_all_of_the_user_and_nobody_else(
    ec2: Any, with_users: MakeEndpoint, serve: Serve, start_openvpn: StartOpenVpn, message_file: Path
) -> None:
    endpoint_id = with_users()
    profile = serve(endpoint_id, directory=DIRECTORY).profile()
    anna = [start_openvpn(profile, username="anna@example.com", password="correct horse") for _ in range(2)]
    ben = start_openvpn(profile, username="ben", password="battery")
    addresses = {client.wait_connected() for client in [*anna, ben]}
    assert len(addresses) == 3

    message_file.write_text("Closed.")
    ec2.terminate_client_vpn_connections(ClientVpnEndpointId=endpoint_id, Username="anna@example.com")

    assert [client.wait_refused() for client in anna] == ["Closed.", "Closed."]
    (active,) = [one for one in connections(ec2, endpoint_id) if one["Status"]["Code"] == "active"]
    assert active["Username"] == "ben"
    assert ben.is_running
    assert ben.connections == 1


@pytest.mark.slow
def test_a_change_of_policy_and_a_renegotiation_leave_a_connection_up(
    aws: LocalAws, ec2: Any, handled: MakeEndpoint, serve: Serve, start_openvpn: StartOpenVpn, message_file: Path
) -> None:
    before = invocations(aws)
    endpoint_id = handled()
    client = start_openvpn(serve(endpoint_id).profile("anna").replace("reneg-sec 0", "reneg-sec 1"))
    client.wait_connected()

    message_file.write_text("Closed.")
    client.wait_for("TLS: soft reset")
    eventually(
        lambda: sum("Data Channel: cipher" in line or "Control Channel:" in line for line in client.log) > 2, True
    )

    assert statuses(ec2, endpoint_id) == ["active"]
    assert client.connections == 1
    assert invocations(aws) == before + 1


@pytest.mark.slow
def test_bytes_are_counted(ec2: Any, handled: MakeEndpoint, serve: Serve, start_openvpn: StartOpenVpn) -> None:
    endpoint_id = handled()
    client = start_openvpn(serve(endpoint_id).profile("anna"))
    client.wait_connected()
    eventually(lambda: int(connections(ec2, endpoint_id)[0]["IngressBytes"]) > 0, True)


@pytest.mark.slow
def test_tcp_is_served_as_well(handled: MakeEndpoint, serve: Serve, start_openvpn: StartOpenVpn) -> None:
    server = serve(handled(TransportProtocol="tcp"))
    assert server.address == f"tcp 127.0.0.1:{server.port}"
    assert start_openvpn(server.profile("anna")).wait_connected()
