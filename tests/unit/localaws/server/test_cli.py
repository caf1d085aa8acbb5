"""The command line."""

from __future__ import annotations

import json
import socket

import pytest
from click.testing import CliRunner, Result

from localaws import LocalAws
from localaws.cli import main
from tests.unit.localaws.helpers import MakeEndpoint, MakeFunction

DENIES = """
    def handler(event, context):
        return {
            "allow": False,
            "error-msg-on-denied-connection": "Not " + event["common-name"] + " on " + event["platform"],
            "posture-compliance-statuses": [],
            "schema-version": event["schema-version"],
        }
"""


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner(env={"AWS_ENDPOINT_URL": None, **environment}).invoke(main, arguments, prog_name="localaws")


@pytest.fixture
def denying(make_endpoint: MakeEndpoint, make_function: MakeFunction) -> str:
    arn = make_function(DENIES)["FunctionArn"]
    return make_endpoint(ClientConnectOptions={"Enabled": True, "LambdaFunctionArn": arn})


def test_connect_prints_what_the_client_sees_and_then_the_log_event(aws: LocalAws, denying: str) -> None:
    result = run("connect", denying, "--common-name", "ann", "--platform", "win", AWS_ENDPOINT_URL=aws.endpoint_url)
    message, event = result.stdout.split("\n", 1)
    assert result.exit_code == 2
    assert message == "Not ann on win"
    assert json.loads(event)["connection-attempt-failure-reason"] == "client-connect-failed"


def test_connect_says_the_address_of_a_client_that_was_let_in(aws: LocalAws, make_endpoint: MakeEndpoint) -> None:
    result = run("connect", make_endpoint(), "--endpoint-url", aws.endpoint_url)
    assert result.exit_code == 0
    assert result.stdout.startswith("Connected, with address 10.100.0.")


def test_a_certificate_is_imported_for_an_endpoint_to_have(aws: LocalAws) -> None:
    result = run("import-certificate", "vpn.example.com", **aws.environment)
    assert result.exit_code == 0
    certificate = aws.client("acm").describe_certificate(CertificateArn=result.stdout.strip())["Certificate"]
    assert certificate["DomainName"] == "vpn.example.com"


def test_connect_can_print_json(aws: LocalAws, denying: str) -> None:
    result = run("connect", denying, "--group", "a", "-o", "json", AWS_ENDPOINT_URL=aws.endpoint_url)
    attempt = json.loads(result.stdout)
    assert attempt["allowed"] is False
    assert attempt["message"] == "Not  on "
    assert attempt["log_event"]["connection-attempt-status"] == "failed"


def test_why_there_was_no_answer_goes_to_stderr(
    aws: LocalAws, make_endpoint: MakeEndpoint, make_function: MakeFunction
) -> None:
    arn = make_function("def handler(event, context):\n    return {}\n")["FunctionArn"]
    endpoint_id = make_endpoint(ClientConnectOptions={"Enabled": True, "LambdaFunctionArn": arn})
    result = run("connect", endpoint_id, AWS_ENDPOINT_URL=aws.endpoint_url)
    assert result.stdout.startswith("Error establishing connection. Please contact your administrator.\n{")
    assert result.stderr == "client-connect-handler-invalid-response: allow is missing\n"


def test_an_unknown_endpoint_is_one_line_and_exit_1(aws: LocalAws) -> None:
    result = run("connect", "cvpn-endpoint-00000000000000000", AWS_ENDPOINT_URL=aws.endpoint_url)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == (
        "InvalidClientVpnEndpointId.NotFound: Endpoint cvpn-endpoint-00000000000000000 does not exist\n"
    )


def test_without_a_server_connect_says_how_to_name_one() -> None:
    result = run("connect", "cvpn-endpoint-00000000000000000")
    assert result.exit_code == 1
    assert "AWS_ENDPOINT_URL" in result.stderr


def test_a_mistyped_option_is_exit_1_not_a_denial() -> None:
    assert run("connect", "cvpn-endpoint-00000000000000000", "--plattform", "win").exit_code == 1


def test_serve_says_when_its_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("serve", "--port", str(port))
    assert result.exit_code == 1
    assert f"127.0.0.1:{port}" in result.stderr


@pytest.mark.parametrize("command", ["serve", "connect", "install-runtimes", "openvpn"])
def test_every_command_explains_itself(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) > 5
    # What keeps click from filling lines is not to be seen.
    assert "\\b" not in result.stdout
