"""The six ways in which a client connect handler fails a connection, each for its own cause."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from localaws import ConnectionAttempt, LocalAws
from tests.unit.localaws.helpers import endpoint_with_handler, eventually, make_zip

NO_ANSWER = "Error establishing connection. Please contact your administrator."
NAME = "AWSClientVPN-test"
METRICS = (
    "ClientConnectHandlerDeniedConnections",
    "ClientConnectHandlerTimeouts",
    "ClientConnectHandlerOtherExecutionErrors",
    "ClientConnectHandlerThrottlingErrors",
    "ClientConnectHandlerInvalidResponses",
    "ClientConnectHandlerFailedServiceErrors",
)
ANSWER = """{
    "allow": %s,
    "error-msg-on-denied-connection": "Ask %%s." %% event["common-name"],
    "posture-compliance-statuses": [],
    "schema-version": event["schema-version"],
}"""


def handler(body: str) -> str:
    """The source of a handler with this body."""
    return f"import os, time\ndef handler(event, context):\n    {body}\n"


@dataclass
class World:
    """A localaws of its own with a handler, and an endpoint that calls it."""

    aws: LocalAws
    endpoint_id: str

    def connect(self) -> ConnectionAttempt:
        return self.aws.connect(self.endpoint_id, common_name="IT")

    def moved(self) -> dict[str, float]:
        """The metrics of the endpoint's handler that are not 0."""
        sums = {name: self.aws.metric_sum("AWS/ClientVPN", name, {"Endpoint": self.endpoint_id}) for name in METRICS}
        return {name: value for name, value in sums.items() if value}


@dataclass
class Cause:
    """What makes an attempt fail, and what is seen of it."""

    reason: str
    metric: str
    message: str
    source: str
    function: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


CAUSES = {
    "the handler denies": Cause(
        "client-connect-failed",
        "ClientConnectHandlerDeniedConnections",
        "Ask IT.",
        handler("return " + ANSWER % "False"),
    ),
    "the handler does not answer in time": Cause(
        "client-connect-handler-timed-out",
        "ClientConnectHandlerTimeouts",
        NO_ANSWER,
        handler("time.sleep(20)"),
        function={"Timeout": 30},
        settings={"client_connect_timeout": 1},
    ),
    "the handler raises": Cause(
        "client-connect-handler-other-execution-error",
        "ClientConnectHandlerOtherExecutionErrors",
        NO_ANSWER,
        handler("raise RuntimeError('no policy')"),
    ),
    "the handler exits": Cause(
        "client-connect-handler-other-execution-error",
        "ClientConnectHandlerOtherExecutionErrors",
        NO_ANSWER,
        handler("os._exit(3)"),
    ),
    "the handler runs out of memory": Cause(
        "client-connect-handler-other-execution-error",
        "ClientConnectHandlerOtherExecutionErrors",
        NO_ANSWER,
        handler("return len(b'x' * (400 * 1024 * 1024))"),
        function={"MemorySize": 128, "Timeout": 20},
    ),
    "the handler takes longer than its function may": Cause(
        "client-connect-handler-other-execution-error",
        "ClientConnectHandlerOtherExecutionErrors",
        NO_ANSWER,
        handler("time.sleep(20)"),
        function={"Timeout": 1},
    ),
    "the bundle answers something else": Cause(
        "client-connect-handler-invalid-response",
        "ClientConnectHandlerInvalidResponses",
        NO_ANSWER,
        handler("return {'statusCode': 200, 'body': 'OK'}"),
    ),
}


@pytest.fixture
def world() -> Iterator[Callable[..., World]]:
    """Makes worlds, one at a time."""
    with ExitStack() as stack:

        def make(source: str, function: dict[str, Any] | None = None, **settings: Any) -> World:
            aws = stack.enter_context(LocalAws(account_id="333333333333", **settings))
            endpoint_id = endpoint_with_handler(aws, make_zip(source), NAME, **(function or {}))
            return World(aws, endpoint_id)

        yield make


def check(world: World, attempt: ConnectionAttempt, cause: Cause, events: list[dict[str, Any]]) -> None:
    """Compares what client, log and metrics show of an attempt with what they should."""
    assert not attempt.allowed
    assert attempt.failure_reason == cause.reason
    assert attempt.message == cause.message
    (event,) = [event for event in events if event["connection-id"] == attempt.connection_id]
    assert event["connection-attempt-status"] == "failed"
    assert event["connection-attempt-failure-reason"] == cause.reason
    assert event["client-ip"] == "NA"
    assert world.moved() == {cause.metric: 1}
    described = world.aws.client("ec2").describe_client_vpn_connections(ClientVpnEndpointId=world.endpoint_id)
    assert attempt.connection_id not in [one["ConnectionId"] for one in described["Connections"]]


@pytest.mark.parametrize("cause", CAUSES.values(), ids=CAUSES)
def test_each_cause_has_its_reason_its_text_and_its_metric(world: Callable[..., World], cause: Cause) -> None:
    here = world(cause.source, cause.function, **cause.settings)
    attempt = here.connect()
    check(here, attempt, cause, here.aws.connection_log(here.endpoint_id))


WAITING = """
    import os, time

    def handler(event, context):
        open(os.path.join(os.environ["FOLDER"], event["connection-id"]), "w").close()
        while not os.path.exists(os.path.join(os.environ["FOLDER"], "go")):
            time.sleep(0.01)
        return {
            "allow": True,
            "error-msg-on-denied-connection": "",
            "posture-compliance-statuses": [],
            "schema-version": event["schema-version"],
        }
"""


def test_a_handler_whose_concurrency_is_used_up_is_throttled(world: Callable[..., World], tmp_path: Path) -> None:
    here = world(WAITING, {"Timeout": 30, "Environment": {"Variables": {"FOLDER": str(tmp_path)}}})
    here.aws.client("lambda").put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=2)
    with ThreadPoolExecutor(2) as pool:
        in_flight = [pool.submit(here.connect) for _ in range(2)]
        eventually(lambda: len(list(tmp_path.iterdir())), 2)
        attempt = here.connect()
        (tmp_path / "go").touch()
        assert [one.result().allowed for one in in_flight] == [True, True]
    cause = Cause("client-connect-handler-throttled", "ClientConnectHandlerThrottlingErrors", NO_ANSWER, WAITING)
    check(here, attempt, cause, here.aws.connection_log(here.endpoint_id))
    assert here.connect().allowed


def test_an_invocation_that_client_vpn_gave_up_on_goes_on_and_holds_its_concurrency(
    world: Callable[..., World], tmp_path: Path
) -> None:
    variables = {"FOLDER": str(tmp_path)}
    here = world(WAITING, {"Timeout": 30, "Environment": {"Variables": variables}}, client_connect_timeout=0.5)
    here.aws.client("lambda").put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=1)
    assert here.connect().failure_reason == "client-connect-handler-timed-out"
    assert here.connect().failure_reason == "client-connect-handler-throttled"

    (tmp_path / "go").touch()

    # For Lambda it was a success.
    of_function = {"FunctionName": NAME}
    eventually(lambda: here.aws.metric_sum("AWS/Lambda", "Invocations", of_function), 1)
    assert here.aws.metric_sum("AWS/Lambda", "Errors", of_function) == 0
    assert here.connect().allowed


def test_a_lambda_that_does_not_answer_is_a_service_error(world: Callable[..., World]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    here = world(handler("return " + ANSWER % "True"), lambda_endpoint_url=f"http://127.0.0.1:{port}")
    attempt = here.connect()
    cause = Cause(
        "client-connect-handler-service-error", "ClientConnectHandlerFailedServiceErrors", NO_ANSWER, "(not run)"
    )
    check(here, attempt, cause, here.aws.connection_log(here.endpoint_id))


def test_a_failed_authentication_asks_no_handler(world: Callable[..., World]) -> None:
    here = world(handler("return " + ANSWER % "True"))
    attempt = here.aws.connect(here.endpoint_id, common_name="IT", authenticated=False)
    assert (attempt.allowed, attempt.message, attempt.failure_reason) == (False, "", "authentication-failed")
    assert attempt.request is None
    # Of mutual authentication AWS logs successes alone.
    assert here.aws.log_messages("connections") == []
    assert here.aws.metric_sum("AWS/ClientVPN", "AuthenticationFailures", {"Endpoint": here.endpoint_id}) == 1
    assert here.moved() == {}
