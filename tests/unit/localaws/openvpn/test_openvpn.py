"""The front door: stock OpenVPN clients go through the client connect handler."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from localaws import LocalAws
from localaws.openvpn import (
    ClientEvent,
    Directory,
    OpenVpnServer,
    OpenVpnUnavailable,
    ProfileNotWritten,
    User,
    written_profiles,
)
from tests.unit.localaws.helpers import MakeEndpoint, MakeFunction, eventually
from tools.openvpn_client import OpenVpnClient

StartOpenVpn = Callable[..., OpenVpnClient]
Serve = Callable[..., OpenVpnServer]

pytestmark = pytest.mark.usefixtures("openvpn")

# Lets in unless a file says what to tell the client instead; the file's text can name fields of the request.
SOURCE = """
    import os

    def handler(event, context):
        try:
            with open(os.environ["MESSAGE_FILE"], encoding="utf-8") as file:
                message = file.read().format_map(event)
        except FileNotFoundError:
            message = ""
        return {
            "allow": not message,
            "error-msg-on-denied-connection": message,
            "posture-compliance-statuses": [],
            "schema-version": event["schema-version"],
        }
"""
DIRECTORY = Directory({"anna@example.com": User("correct horse", ("engineering", "ops")), "ben": User("battery")})


@pytest.fixture
def message_file(tmp_path: Path) -> Path:
    """The file of the message that clients are refused with; as long as it does not exist, they are let in."""
    return tmp_path / "message"


@pytest.fixture
def handler_arn(make_function: MakeFunction, message_file: Path) -> str:
    variables = {"MESSAGE_FILE": str(message_file)}
    return str(make_function(SOURCE, Environment={"Variables": variables})["FunctionArn"])


@pytest.fixture
def handled(make_endpoint: MakeEndpoint, handler_arn: str) -> MakeEndpoint:
    """Makes endpoints that call the handler."""

    def make(**arguments: Any) -> str:
        return make_endpoint(ClientConnectOptions={"Enabled": True, "LambdaFunctionArn": handler_arn}, **arguments)

    return make


@pytest.fixture
def with_users(handled: MakeEndpoint, make_directory: Callable[[], str]) -> MakeEndpoint:
    """Makes endpoints whose users sign in."""

    def make(*more: dict[str, Any], **arguments: Any) -> str:
        users = {
            "Type": "directory-service-authentication",
            "ActiveDirectory": {"DirectoryId": make_directory()},
        }
        return handled(AuthenticationOptions=[users, *more], **arguments)

    return make


@pytest.fixture
def serve(aws: LocalAws) -> Iterator[Serve]:
    """Serves endpoints until the test is over."""
    with ExitStack() as servers:

        def start(endpoint_id: str, **arguments: Any) -> OpenVpnServer:
            server = OpenVpnServer(aws.endpoint_url, endpoint_id, region=aws.settings.region, **arguments)
            return servers.enter_context(server)

        yield start


def connections(ec2: Any, endpoint_id: str) -> list[dict[str, Any]]:
    return list(ec2.describe_client_vpn_connections(ClientVpnEndpointId=endpoint_id)["Connections"])


def statuses(ec2: Any, endpoint_id: str) -> list[str]:
    return [connection["Status"]["Code"] for connection in connections(ec2, endpoint_id)]


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


def test_everything_is_gone_after_close(
    ec2: Any, handled: MakeEndpoint, serve: Serve, start_openvpn: StartOpenVpn
) -> None:
    endpoint_id = handled()
    events: list[ClientEvent] = []
    server = serve(endpoint_id, on_event=events.append)
    client = start_openvpn(server.profile("anna"))
    address = client.wait_connected()
    processes = children()

    server.close()

    assert statuses(ec2, endpoint_id) == ["terminated"]
    assert [(event.kind, event.client, event.detail) for event in events] == [
        ("connected", "anna", address),
        ("disconnected", "anna", address),
    ]
    assert {event.connection_id for event in events} == {connections(ec2, endpoint_id)[0]["ConnectionId"]}
    assert len(children()) == len(processes) - 1
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("localaws-openvpn")]
    server.close()


def test_an_openvpn_that_dies_takes_its_connections_along(
    ec2: Any, handled: MakeEndpoint, serve: Serve, start_openvpn: StartOpenVpn
) -> None:
    before = children()
    endpoint_id = handled()
    server = serve(endpoint_id)
    (process,) = children() - before
    start_openvpn(server.profile("anna")).wait_connected()

    os.kill(process, signal.SIGKILL)

    assert server.ended.wait(10)
    server.close()
    assert statuses(ec2, endpoint_id) == ["terminated"]


def children() -> set[int]:
    """The OpenVPN processes that this process has started."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        # A process may end while it is looked at.
        with contextlib.suppress(OSError):
            name, _, rest = (folder / "stat").read_text().partition(" (")[2].rpartition(") ")
            if (name, rest.split()[1]) == ("openvpn", str(os.getpid())):
                found.add(int(folder.name))
    return found


def test_users_without_a_directory_are_refused_at_the_start(with_users: MakeEndpoint, serve: Serve) -> None:
    endpoint_id = with_users()
    with pytest.raises(OpenVpnUnavailable, match=f"{endpoint_id} has users: name a directory"):
        serve(endpoint_id)


def test_an_unknown_endpoint_is_refused_at_the_start(serve: Serve) -> None:
    with pytest.raises(OpenVpnUnavailable, match="cvpn-endpoint-00000000000000000 does not exist"):
        serve("cvpn-endpoint-00000000000000000")


@pytest.mark.slow
def test_a_port_that_is_taken_is_said_in_openvpns_words(handled: MakeEndpoint, serve: Serve) -> None:
    taken = serve(handled()).port
    with pytest.raises(OpenVpnUnavailable, match="Address already in use"):
        serve(handled(), port=taken)


@pytest.mark.slow
def test_a_profile_needs_a_common_name_where_clients_have_certificates(handled: MakeEndpoint, serve: Serve) -> None:
    with pytest.raises(ValueError, match="common name"):
        serve(handled()).profile()


# The command


class Command:
    """A running ``python -m localaws openvpn``, and what it has printed."""

    def __init__(self, aws: LocalAws, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "localaws", "openvpn", *arguments],
            env={**os.environ, **aws.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self) -> tuple[str, str]:
        """What it has printed, after SIGTERM."""
        self.process.terminate()
        return self.process.communicate(timeout=30)


@pytest.mark.slow
def test_the_command_serves_until_it_is_told_to_end(
    aws: LocalAws, ec2: Any, handled: MakeEndpoint, start_openvpn: StartOpenVpn, message_file: Path, tmp_path: Path
) -> None:
    endpoint_id = handled()
    folder = tmp_path / "profiles"
    command = Command(aws, endpoint_id, "--client", "anna", "--client", "ben", "--profiles", str(folder))
    try:
        files = [folder / "anna.ovpn", folder / "ben.ovpn"]
        eventually(lambda: all(file.exists() and file.read_text() for file in files), True, 20)
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        address = start_openvpn(files[0].read_text()).wait_connected()
        message_file.write_text("Closed.")
        assert start_openvpn(files[1].read_text()).wait_refused() == "Closed."
        (up,) = connections(ec2, endpoint_id)
    finally:
        printed, progress = command.end()

    assert command.process.returncode == 0
    connected, denied, disconnected = (re.sub(r" +", " ", line) for line in printed.splitlines())
    assert re.fullmatch(rf"\d\d:\d\d:\d\d connected anna {up['ConnectionId']} {address}", connected)
    assert re.fullmatch(r"\d\d:\d\d:\d\d denied ben cvpn-connection-[0-9a-f]{17} Closed\.", denied)
    assert re.fullmatch(rf"\d\d:\d\d:\d\d disconnected anna {up['ConnectionId']} {address}", disconnected)
    assert f"client profile: {files[0]}" in progress
    assert list(folder.iterdir()) == []


@pytest.mark.slow
def test_the_command_overwrites_no_file(aws: LocalAws, handled: MakeEndpoint, tmp_path: Path) -> None:
    (tmp_path / "client.ovpn").write_text("mine")
    command = Command(aws, handled(), "--profiles", str(tmp_path))
    printed, progress = command.process.communicate(timeout=30)
    assert (command.process.returncode, printed) == (1, "")
    assert (
        progress == f"{tmp_path / 'client.ovpn'} exists already: remove it, or name another folder for the profiles\n"
    )
    assert (tmp_path / "client.ovpn").read_text() == "mine"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--client", "a/b"], "'a/b' cannot be the name of a file: write a common name without slashes\n"),
        (["--client", ".hidden"], "'.hidden' cannot be the name of a file"),
        (["--directory", "nowhere.json"], "nowhere.json cannot be read: No such file or directory\n"),
    ],
)
def test_what_the_command_cannot_use_is_one_line_and_exit_1(
    aws: LocalAws, handled: MakeEndpoint, tmp_path: Path, arguments: list[str], problem: str
) -> None:
    command = Command(aws, handled(), "--profiles", str(tmp_path / "profiles"), *arguments)
    printed, progress = command.process.communicate(timeout=30)
    assert (command.process.returncode, printed) == (1, "")
    assert progress.startswith(problem)
    assert progress.count("\n") == 1
    assert not (tmp_path / "profiles").exists()


@pytest.mark.slow
def test_common_names_without_certificates_are_refused(with_users: MakeEndpoint, serve: Serve, tmp_path: Path) -> None:
    server = serve(with_users(), directory=DIRECTORY)
    with (
        pytest.raises(ProfileNotWritten, match=f"the clients of {server.endpoint_id} have no certificates"),
        written_profiles(server, tmp_path, ["anna"]),
    ):
        pass
    with written_profiles(server, tmp_path) as files:
        assert files == [tmp_path / "client.ovpn"]
        assert "auth-user-pass" in files[0].read_text()
    assert not files[0].exists()
