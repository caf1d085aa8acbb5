"""A handler that answers as a client's common name says, and an endpoint that calls it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localaws import ConnectionAttempt, LocalAws
from tests.unit.localaws.clientvpn.scripted_handler import NAME, SCRIPTED, Attempt
from tests.unit.localaws.helpers import MakeEndpoint, MakeFunction


@pytest.fixture
def handler(make_function: MakeFunction, functions: Any) -> str:
    """The ARN of an alias of a handler that does what the client's name says."""
    make_function(SCRIPTED, Timeout=20)
    alias = functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
    return str(alias["AliasArn"])


@pytest.fixture
def endpoint_id(make_endpoint: MakeEndpoint, handler: str) -> str:
    return make_endpoint(ClientConnectOptions={"Enabled": True, "LambdaFunctionArn": handler})


@pytest.fixture
def attempt(aws: LocalAws, endpoint_id: str) -> Attempt:
    """Connects a client whose common name tells the handler what to do."""

    def run(**script: Any) -> ConnectionAttempt:
        return aws.connect(endpoint_id, common_name=json.dumps(script))

    return run
