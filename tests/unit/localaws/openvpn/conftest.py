"""Endpoints with a handler whose answer is in a file, and OpenVPN servers in front of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from localaws import LocalAws
from localaws.openvpn import OpenVpnServer
from tests.unit.localaws.helpers import MakeEndpoint, MakeFunction
from tests.unit.localaws.openvpn.helpers import Serve

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
