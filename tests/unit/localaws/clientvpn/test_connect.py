"""Connection attempts: what the handler is asked, how its answer is judged, what client and log get to see."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from localaws import LocalAws, LocalAwsError, connect
from tests.unit.localaws.clientvpn.scripted_handler import NAME, SCRIPTED, Attempt
from tests.unit.localaws.helpers import MakeEndpoint, make_zip

NO_ANSWER = "Error establishing connection. Please contact your administrator."


def test_an_allowed_client_is_connected(aws: LocalAws, endpoint_id: str, attempt: Attempt) -> None:
    outcome = attempt()
    assert outcome.allowed
    assert outcome.message == ""
    assert outcome.failure_reason is None
    assert outcome.posture_compliance_statuses == ["compliant"]
    assert outcome.endpoint_id == endpoint_id
    assert outcome.connection_id.startswith("cvpn-connection-")
    assert outcome.function_log == ["asked v3"]
    assert outcome.interpreter.startswith("Python 3.")
    assert outcome.cold_start
    assert not attempt().cold_start


def test_a_denied_client_sees_the_message_of_the_handler(attempt: Attempt) -> None:
    outcome = attempt(change={"allow": False})
    assert not outcome.allowed
    assert outcome.message == "Not today."
    assert outcome.failure_reason == "client-connect-failed"
    assert outcome.posture_compliance_statuses == ["compliant"]


def test_the_request_is_that_of_the_newest_schema(aws: LocalAws, endpoint_id: str) -> None:
    outcome = aws.connect(
        endpoint_id,
        common_name="{}",
        platform="win",
        platform_version="10.0.22631",
        public_ip="2001:db8::7",
        client_openvpn_version="2.6.12",
        aws_client_version="5.3.4",
    )
    assert outcome.request == {
        "connection-id": outcome.connection_id,
        "endpoint-id": endpoint_id,
        "common-name": "{}",
        "username": "",
        "platform": "win",
        "platform-version": "10.0.22631",
        "public-ip": "2001:db8::7",
        "client-openvpn-version": "2.6.12",
        "aws-client-version": "5.3.4",
        "groups": [],
        "schema-version": "v3",
    }


@pytest.mark.parametrize(
    ("version", "missing"),
    [("v1", {"groups", "aws-client-version"}), ("v2", {"aws-client-version"}), ("v3", set())],
)
def test_an_older_schema_lacks_what_came_later(
    aws: LocalAws, endpoint_id: str, version: str, missing: set[str]
) -> None:
    newest = aws.connect(endpoint_id).request
    outcome = aws.connect(endpoint_id, schema_version=version)
    assert newest is not None
    assert outcome.request is not None
    assert set(newest) - set(outcome.request) == missing
    assert outcome.request["schema-version"] == version
    assert outcome.allowed


def test_in_schema_v1_the_message_has_its_old_name(aws: LocalAws, endpoint_id: str) -> None:
    script = json.dumps({"change": {"allow": False, "error-msg-on-failed-posture-compliance": "Old."}})
    assert aws.connect(endpoint_id, common_name=script, schema_version="v1").message == "Old."
    script = json.dumps({"drop": ["error-msg-on-failed-posture-compliance"]})
    outcome = aws.connect(endpoint_id, common_name=script, schema_version="v1")
    assert outcome.failure_reason == "client-connect-handler-invalid-response"


def test_without_users_there_is_no_user_name_and_without_certificates_no_common_name(
    aws: LocalAws,
    make_endpoint: MakeEndpoint,
    handler: str,
    certificate_arn: str,
    make_directory: Callable[[], str],
) -> None:
    directory = {
        "Type": "directory-service-authentication",
        "ActiveDirectory": {"DirectoryId": make_directory()},
    }
    mutual = {
        "Type": "certificate-authentication",
        "MutualAuthentication": {"ClientRootCertificateChainArn": certificate_arn},
    }
    seen = []
    for options in ([mutual], [directory], [directory, mutual]):
        endpoint_id = make_endpoint(
            AuthenticationOptions=options,
            ClientConnectOptions={"Enabled": True, "LambdaFunctionArn": handler},
        )
        outcome = aws.connect(endpoint_id, username="null", groups=["ops"], common_name="false")
        assert outcome.request is not None
        request = outcome.request
        seen.append((request["username"], request["groups"], request["common-name"], "username" in outcome.log_event))
    assert seen == [("", [], "false", False), ("null", ["ops"], "", True), ("null", ["ops"], "false", True)]


@pytest.mark.parametrize(
    "script",
    [
        {"change": {"allow": "true"}},
        {"change": {"allow": 1}},
        {"change": {"allow": None}},
        {"drop": ["allow"]},
        {"drop": ["error-msg-on-denied-connection"]},
        {"drop": ["posture-compliance-statuses"]},
        {"drop": ["schema-version"]},
        {"change": {"error-msg-on-denied-connection": None}},
        {"change": {"error-msg-on-denied-connection": "x" * 256}},
        {"change": {"posture-compliance-statuses": "compliant"}},
        {"change": {"posture-compliance-statuses": [1]}},
        {"change": {"posture-compliance-statuses": ["x" * 256]}},
        {"change": {"posture-compliance-statuses": [str(number) for number in range(11)]}},
        {"change": {"schema-version": "v2"}},
        {"change": {"schema-version": 3}},
        {"answer": None},
        {"answer": "yes"},
        {"answer": [True]},
    ],
    ids=str,
)
def test_an_answer_outside_the_format_denies(attempt: Attempt, script: dict[str, Any]) -> None:
    outcome = attempt(**script)
    assert not outcome.allowed
    assert outcome.failure_reason == "client-connect-handler-invalid-response"
    assert outcome.message == NO_ANSWER
    assert outcome.posture_compliance_statuses == []
    assert outcome.error


def test_an_answer_at_the_limits_is_valid(attempt: Attempt) -> None:
    statuses = [f"{number:x<255}" for number in range(10)]
    change = {"error-msg-on-denied-connection": "ü" * 255, "posture-compliance-statuses": statuses, "more": 1}
    assert attempt(change=change).posture_compliance_statuses == statuses
    assert attempt(change={**change, "allow": False}).message == "ü" * 255


@pytest.mark.parametrize(
    "script", [{"raise": "broken"}, {"exit": 1}, {"memory": 300}], ids=["exception", "exit", "out of memory"]
)
def test_a_handler_that_fails_denies(attempt: Attempt, script: dict[str, Any]) -> None:
    outcome = attempt(**script)
    assert not outcome.allowed
    assert outcome.failure_reason == "client-connect-handler-other-execution-error"
    assert outcome.message == NO_ANSWER


def test_a_handler_that_was_deleted_denies(functions: Any, attempt: Attempt) -> None:
    functions.delete_alias(FunctionName=NAME, Name="live")
    outcome = attempt()
    assert outcome.failure_reason == "client-connect-handler-other-execution-error"
    assert outcome.message == NO_ANSWER
    assert outcome.response is None


def test_a_throttled_handler_denies(functions: Any, attempt: Attempt) -> None:
    functions.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=0)
    outcome = attempt()
    assert outcome.failure_reason == "client-connect-handler-throttled"
    assert outcome.message == NO_ANSWER


def a_handler_and_an_endpoint(aws: LocalAws, source: str, **function: Any) -> str:
    """An endpoint of a LocalAws of the test's own, with a handler."""
    arn = aws.import_certificate("vpn.example.com")
    role = aws.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    handler = aws.client("lambda").create_function(
        FunctionName=NAME,
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": make_zip(source)},
        **function,
    )["FunctionArn"]
    mutual = {"ClientRootCertificateChainArn": arn}
    answer = aws.client("ec2").create_client_vpn_endpoint(
        ClientCidrBlock="10.100.0.0/22",
        ServerCertificateArn=arn,
        AuthenticationOptions=[{"Type": "certificate-authentication", "MutualAuthentication": mutual}],
        ConnectionLogOptions={"Enabled": False},
        ClientConnectOptions={"Enabled": True, "LambdaFunctionArn": handler},
    )
    return str(answer["ClientVpnEndpointId"])


def test_a_handler_that_does_not_answer_in_time_denies() -> None:
    with LocalAws(account_id="111111111111", client_connect_timeout=1) as other:
        endpoint_id = a_handler_and_an_endpoint(other, SCRIPTED, Timeout=20)
        outcome = other.connect(endpoint_id, common_name='{"sleep": 15}')
        assert outcome.failure_reason == "client-connect-handler-timed-out"
        assert outcome.message == NO_ANSWER
        assert outcome.duration_ms >= 1000


def test_a_lambda_service_that_does_not_answer_denies() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with LocalAws(account_id="111111111111", lambda_endpoint_url=f"http://127.0.0.1:{port}") as other:
        endpoint_id = a_handler_and_an_endpoint(other, SCRIPTED)
        outcome = other.connect(endpoint_id)
        assert outcome.failure_reason == "client-connect-handler-service-error"
        assert outcome.message == NO_ANSWER


def test_an_endpoint_without_a_handler_lets_everybody_in(aws: LocalAws, make_endpoint: MakeEndpoint) -> None:
    outcome = aws.connect(make_endpoint(), common_name="ann")
    assert outcome.allowed
    assert outcome.request is None
    assert outcome.response is None
    assert outcome.interpreter == ""


def test_a_handler_that_was_turned_off_is_not_called(aws: LocalAws, ec2: Any, endpoint_id: str) -> None:
    ec2.modify_client_vpn_endpoint(ClientVpnEndpointId=endpoint_id, ClientConnectOptions={"Enabled": False})
    assert aws.connect(endpoint_id).request is None


@pytest.fixture
def logged_endpoint(aws: LocalAws, make_endpoint: MakeEndpoint, handler: str) -> Iterator[str]:
    """An endpoint with a connection log in the group "connections"."""
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="connections")
    yield make_endpoint(
        ConnectionLogOptions={"Enabled": True, "CloudwatchLogGroup": "connections"},
        ClientConnectOptions={"Enabled": True, "LambdaFunctionArn": handler},
    )
    logs.delete_log_group(logGroupName="connections")


def test_the_connection_log_gets_an_event_per_attempt(aws: LocalAws, logged_endpoint: str) -> None:
    denied = json.dumps({"change": {"allow": False}})
    outcomes = [
        aws.connect(logged_endpoint, common_name=name, platform="mac", public_ip="198.51.100.7")
        for name in ("{}", denied)
    ]
    assert aws.connection_log(logged_endpoint) == [outcome.log_event for outcome in outcomes]
    allowed_event, denied_event = (outcome.log_event for outcome in outcomes)
    assert list(allowed_event) == [
        "connection-log-type",
        "connection-attempt-status",
        "connection-reset-status",
        "connection-attempt-failure-reason",
        "connection-id",
        "client-vpn-endpoint-id",
        "transport-protocol",
        "connection-start-time",
        "connection-last-update-time",
        "client-ip",
        "common-name",
        "device-type",
        "device-ip",
        "port",
        "ingress-bytes",
        "egress-bytes",
        "ingress-packets",
        "egress-packets",
        "connection-end-time",
        "posture-compliance-statuses",
        "connection-duration-seconds",
    ]
    assert allowed_event["connection-attempt-status"] == "successful"
    assert allowed_event["connection-attempt-failure-reason"] == "NA"
    assert allowed_event["connection-id"] == outcomes[0].connection_id
    assert allowed_event["client-vpn-endpoint-id"] == logged_endpoint
    assert allowed_event["device-type"] == "mac"
    assert allowed_event["device-ip"] == "198.51.100.7"
    assert allowed_event["client-ip"].startswith("10.100.0.")
    assert allowed_event["posture-compliance-statuses"] == ["compliant"]
    assert denied_event["connection-attempt-status"] == "failed"
    assert denied_event["connection-attempt-failure-reason"] == "client-connect-failed"
    assert denied_event["client-ip"] == "NA"


def test_a_connection_goes_on_when_its_log_group_is_gone(
    aws: LocalAws, make_endpoint: MakeEndpoint, handler: str
) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="short-lived")
    endpoint_id = make_endpoint(ConnectionLogOptions={"Enabled": True, "CloudwatchLogGroup": "short-lived"})
    logs.delete_log_group(logGroupName="short-lived")
    assert aws.connect(endpoint_id).allowed


def test_an_unknown_endpoint_and_impossible_attributes_are_refused(aws: LocalAws, make_endpoint: MakeEndpoint) -> None:
    with pytest.raises(LocalAwsError) as refusal:
        aws.connect("cvpn-endpoint-00000000000000000")
    assert refusal.value.code == "InvalidClientVpnEndpointId.NotFound"
    endpoint_id = make_endpoint()
    for attributes, told in (
        ({"public_ip": "somewhere"}, "public_ip 'somewhere' is not an IP address"),
        ({"platform": 7}, "platform is 7"),
        ({"groups": [None]}, "groups is [None]"),
        ({"schema_version": "v9"}, "v9 does not exist"),
    ):
        with pytest.raises(LocalAwsError) as refusal:
            aws.connect(endpoint_id, **attributes)
        assert refusal.value.code == "InvalidParameterValue"
        assert told in refusal.value.message


def test_a_localaws_that_is_not_there_is_said_to_be_missing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(LocalAwsError, match=f"no localaws answers at http://127.0.0.1:{port}"):
        connect(f"http://127.0.0.1:{port}", "cvpn-endpoint-00000000000000000")
