"""Evidence from outside: what is asked for, what comes of it, and what is written about those who are let in."""

from __future__ import annotations

import http.server
import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any
from unittest import mock

import jsonschema
import pytest
from botocore.exceptions import ClientError

from connect_handler import handler as entry_point
from connect_handler.evidence import authorizer
from connect_handler.evidence import aws as aws_module
from connect_handler.evidence.aws import AwsClients, EvidenceUnavailable
from connect_handler.evidence.ec2 import terminate
from connect_handler.evidence.inventory import DeviceInventory
from connect_handler.evidence.sessions import PENDING_SECONDS, SessionTable
from connect_handler.handler import ConnectHandler
from connect_handler.settings import SessionSettings
from cvpn.schemas.decision_log import decision_log_schema
from localaws import LocalAws

from .contract import assert_valid, respond

DEVICES, CONNECTIONS = "devices", "connections"

EVENT = {
    "connection-id": "cvpn-connection-00000000000000001",
    "endpoint-id": "cvpn-endpoint-00000000000000001",
    "schema-version": "v3",
    "common-name": "Laptop-1",
    "username": "anna@example.com",
    "platform": "win",
    "platform-version": "10.0.22631",
    "public-ip": "198.51.100.7",
    "client-openvpn-version": "2.6.12",
    "aws-client-version": "",
    "groups": ["staff"],
}

MANAGED: dict[str, Any] = {
    "rules": [
        {
            "name": "not-the-owner",
            "effect": "deny",
            "when": {"device": {"owner_is_user": False}},
            "message": "This certificate is somebody else's, {username}.",
        },
        {"name": "managed", "effect": "allow", "when": {"device": {"registered": True, "status": ["compliant"]}}},
    ],
    "posture_rules": [
        {"status": "compliant", "when": {"device": {"status": ["compliant"]}}},
        {"status": "quarantined", "when": {"device": {"status": ["quarantined"]}}},
    ],
    "default_posture_status": "unregistered",
}
ONE_EACH: dict[str, Any] = {
    "rules": [
        {
            "name": "one-each",
            "effect": "deny",
            "when": {"groups": ["staff"], "sessions": {"by": "username", "at_least": 1}},
            "message": "You are connected already.",
        },
        {"name": "all", "effect": "allow"},
    ]
}
NEWEST_STAYS: dict[str, Any] = {"rules": [{**ONE_EACH["rules"][0], "end_oldest": True}, ONE_EACH["rules"][1]]}


class Context:
    """Lambda's context object."""

    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp:live"

    def __init__(self, seconds: float = 60) -> None:
        self._until = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (self._until - time.monotonic()))


@pytest.fixture(autouse=True)
def deadline_of_a_busy_machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits for evidence that is to come, however busy the machine is: two seconds can pass without a CPU."""
    if "broken_dynamodb" not in request.fixturenames:
        monkeypatch.setattr(aws_module, "DEADLINE_SECONDS", 60.0)


@pytest.fixture
def aws(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    """AWS with both tables, which the function under test finds too."""
    for name, value in local_aws.environment.items():
        monkeypatch.setenv(name, value)
    dynamodb = local_aws.client("dynamodb")
    for table, key in ((DEVICES, "common_name"), (CONNECTIONS, "id")):
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        )
    yield local_aws
    for table in (DEVICES, CONNECTIONS):
        dynamodb.delete_table(TableName=table)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each operation of AWS was called by the function."""
    counts: Counter[str] = Counter()
    make = AwsClients.client

    class Counting:
        def __init__(self, clients: AwsClients, service: str) -> None:
            self._client = make(clients, service)

        def __getattr__(self, operation: str) -> Any:
            counts[operation] += 1
            return getattr(self._client, operation)

    monkeypatch.setattr(AwsClients, "client", lambda clients, service: Counting(clients, service))
    return counts


def function(policy: dict[str, Any], *, requests: bool = False, **inventory: Any) -> ConnectHandler:
    return ConnectHandler(
        {
            "POLICY": json.dumps(policy),
            "DEVICE_INVENTORY": json.dumps({"table": DEVICES, **inventory}),
            "CONNECTIONS": json.dumps({"table": CONNECTIONS, "requests": requests}),
            "AWS_LAMBDA_FUNCTION_NAME": "AWSClientVPN-corp",
        }
    )


def register(aws: LocalAws, common_name: str = "laptop-1", **known: str) -> None:
    item = {name: {"S": value} for name, value in known.items()}
    aws.client("dynamodb").put_item(TableName=DEVICES, Item={"common_name": {"S": common_name}, **item})


def connect(function: ConnectHandler, number: int = 1, **fields: Any) -> dict[str, Any]:
    event = EVENT | {"connection-id": f"cvpn-connection-{number:017x}"}
    event |= {name.replace("_", "-"): value for name, value in fields.items()}
    answered = respond(function, event, Context())
    assert_valid(answered, "v3")
    return answered


@pytest.fixture
def line(capfd: pytest.CaptureFixture[str]) -> Callable[[], dict[str, Any]]:
    """Return the last line of the decision log, which has to be as its schema says."""

    def last() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(capfd.readouterr().out.splitlines()[-1])
        jsonschema.validate(found, decision_log_schema())
        return found

    return last


# --- devices ---------------------------------------------------------------------------------------------------------


def test_a_registered_device_connects_and_its_status_is_a_posture_status(
    aws: LocalAws, line: Callable[[], dict[str, Any]]
) -> None:
    register(aws, status="Compliant", owner="Anna@Example.com")
    answered = connect(function(MANAGED))
    assert (answered["allow"], answered["posture-compliance-statuses"]) == (True, ["compliant"])
    assert line()["evidence"] == {"device": {"status": "Compliant", "owner": "Anna@Example.com"}}


def test_a_quarantined_device_is_denied_and_says_so(aws: LocalAws) -> None:
    register(aws, status="quarantined", owner="anna@example.com")
    answered = connect(function(MANAGED))
    assert (answered["allow"], answered["posture-compliance-statuses"]) == (False, ["quarantined"])


def test_a_certificate_used_by_somebody_else_is_refused_with_a_message_that_says_so(aws: LocalAws) -> None:
    register(aws, status="compliant", owner="anna@example.com")
    answered = connect(function(MANAGED), username="bert@example.com")
    assert not answered["allow"]
    message = answered["error-msg-on-denied-connection"]
    assert message == "This certificate is somebody else's, bert@example.com."


def test_a_device_that_nobody_registered_is_denied(aws: LocalAws, line: Callable[[], dict[str, Any]]) -> None:
    answered = connect(function(MANAGED))
    assert (answered["allow"], answered["posture-compliance-statuses"]) == (False, ["unregistered"])
    logged = line()
    assert (logged["reason"], logged["evidence"], logged["unknown"]) == ("implicit-deny", {"device": None}, [])


def test_a_table_of_the_users_own_has_other_names_and_keys_as_they_are(aws: LocalAws) -> None:
    aws.client("dynamodb").put_item(
        TableName=DEVICES,
        Item={
            "common_name": {"S": "Laptop-1"},
            "compliance_state": {"S": "compliant"},
            "user": {"S": "anna@example.com"},
        },
    )
    names = {"status": "compliance_state", "owner": "user"}
    assert connect(function(MANAGED, attributes=names, exact=True))["allow"]
    assert not connect(function(MANAGED, attributes=names))["allow"]
    assert not connect(function(MANAGED, exact=True))["allow"]


def test_nothing_is_asked_for_where_the_outcome_does_not_depend_on_it(aws: LocalAws, asked: Counter[str]) -> None:
    policy = {
        "rules": [
            {"name": "phones", "effect": "deny", "when": {"platform": ["ios"]}},
            {"name": "lost", "effect": "deny", "when": {"device": {"status": ["lost"]}, "groups": ["staff"]}},
            {"name": "one", "effect": "deny", "when": {"sessions": {"by": "username", "at_least": 1}, "groups": ["x"]}},
            {"name": "staff", "effect": "allow", "when": {"groups": ["staff", "x"]}},
        ]
    }
    settings = function(policy)
    assert not connect(settings, platform="ios")["allow"]
    assert not connect(settings, groups=[])["allow"]
    assert asked == Counter()
    assert connect(settings)["allow"]
    assert asked == Counter(get_item=2, update_item=1)  # the device; and to write down that somebody is there
    assert connect(settings, 2, groups=["x"], username="bert")["allow"]
    assert asked == Counter(get_item=3, update_item=2)  # the sessions alone


def test_nothing_is_asked_for_about_a_name_that_the_request_lacks(
    aws: LocalAws, asked: Counter[str], line: Callable[[], dict[str, Any]]
) -> None:
    """Such a name is unknown, and with it the device and the sessions."""
    policy = {"rules": [{**ONE_EACH["rules"][0], "when": ONE_EACH["rules"][0]["when"]}, *MANAGED["rules"]]}
    event = {field: value for field, value in EVENT.items() if field not in ("common-name", "username")}
    assert not respond(function(policy), event, Context())["allow"]
    assert asked == Counter()
    assert line()["unknown"][0] == {"rule": "one-each", "conditions": ["when.sessions"]}


def test_devices_and_sessions_are_asked_for_at_the_same_time(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each waits until the other has begun."""
    both = threading.Barrier(2, timeout=1)
    fetch, read = DeviceInventory.fetch, SessionTable.read
    monkeypatch.setattr(DeviceInventory, "fetch", lambda *given: (both.wait(), fetch(*given))[1])
    monkeypatch.setattr(SessionTable, "read", lambda *given: (both.wait(), read(*given))[1])
    register(aws, status="compliant", owner="anna@example.com")
    assert connect(function({**MANAGED, "rules": [*ONE_EACH["rules"][:1], *MANAGED["rules"]]}))["allow"]


def test_a_record_of_any_size_is_logged_as_a_line_that_cloudwatch_takes(
    aws: LocalAws, line: Callable[[], dict[str, Any]]
) -> None:
    attributes = {"M": {f"attribute-{number}": {"S": "x" * 1000} for number in range(300)}}
    item = {"common_name": {"S": "laptop-1"}, "status": {"S": "compliant"}, "owner": {"S": "anna@example.com"}}
    aws.client("dynamodb").put_item(TableName=DEVICES, Item={**item, "attributes": attributes})
    assert connect(function(MANAGED))["allow"]
    logged = line()
    assert logged["truncated"]
    assert logged["evidence"].startswith('{"device":{"status":"compliant"')


def test_a_record_that_cannot_be_logged_costs_neither_the_answer_nor_the_line(
    aws: LocalAws, line: Callable[[], dict[str, Any]]
) -> None:
    """Its registration ends in a year that no calendar has."""
    item = {"common_name": {"S": "laptop-1"}, "status": {"S": "compliant"}, "owner": {"S": "anna@example.com"}}
    aws.client("dynamodb").put_item(TableName=DEVICES, Item={**item, "expires_at": {"N": "1e30"}})
    assert connect(function(MANAGED))["allow"]
    logged = line()
    assert (logged["effect"], logged["reason"], logged["rule"]) == ("allow", "allow-rule", "managed")
    assert logged["truncated"]
    assert logged["Decisions"] == 1


@pytest.mark.parametrize("fields", ["username", "common_name"])
def test_what_the_log_hides_is_hidden_in_evidence_too(
    aws: LocalAws, fields: str, line: Callable[[], dict[str, Any]]
) -> None:
    attributes = {"M": {"phone": {"S": "+49 30 1234"}}}
    item = {"common_name": {"S": "laptop-1"}, "owner": {"S": "anna@example.com"}, "serial": {"S": "C02XYZ"}}
    aws.client("dynamodb").put_item(TableName=DEVICES, Item={**item, "attributes": attributes})
    settings = function(MANAGED)
    hiding = ConnectHandler(
        {
            "POLICY": json.dumps(MANAGED),
            "DEVICE_INVENTORY": json.dumps({"table": DEVICES}),
            "LOG_REDACT": fields,
            "LOG_REDACT_KEY": "0123456789abcdef",
        }
    )
    connect(settings)
    assert "+49 30 1234" in json.dumps(line())
    connect(hiding)
    text = json.dumps(line())
    assert "+49 30 1234" not in text
    assert ("anna" in text, "C02XYZ" in text) == ((False, True) if fields == "username" else (True, False))


# --- sessions --------------------------------------------------------------------------------------------------------


def test_one_connection_each(aws: LocalAws, line: Callable[[], dict[str, Any]]) -> None:
    settings = function(ONE_EACH)
    assert connect(settings, 1)["allow"]
    answered = connect(settings, 2, username="Anna@example.com")
    assert answered["error-msg-on-denied-connection"] == "You are connected already."
    assert line()["evidence"]["sessions"] == {"username": ["cvpn-connection-00000000000000001"]}
    assert connect(settings, 3, username="bert@example.com")["allow"]
    assert connect(settings, 4, groups=[])["allow"], "whom the rule does not concern"


def test_the_same_connection_is_no_other_one(aws: LocalAws) -> None:
    settings = function(ONE_EACH)
    assert connect(settings, 1)["allow"]
    assert connect(settings, 1)["allow"]


@pytest.mark.parametrize("attempts", [60, pytest.param(500, marks=pytest.mark.slow)])
def test_of_simultaneous_attempts_one_is_allowed(
    aws: LocalAws, attempts: int, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = function(ONE_EACH)
    with ThreadPoolExecutor(50) as clients:
        answers = list(clients.map(lambda number: connect(settings, number), range(attempts)))
    assert sum(answered["allow"] for answered in answers) == 1


def test_a_limit_of_three_lets_three_in(aws: LocalAws, capfd: pytest.CaptureFixture[str]) -> None:
    limit = {**ONE_EACH["rules"][0], "when": {"sessions": {"by": "common_name", "at_least": 3}}}
    settings = function({"rules": [limit, ONE_EACH["rules"][1]]})
    with ThreadPoolExecutor(6) as clients:
        answers = list(clients.map(lambda number: connect(settings, number, username=f"user{number}"), range(30)))
    assert sum(answered["allow"] for answered in answers) == 3


def test_a_transaction_that_meets_another_one_is_tried_again(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}]
    cancelled = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
    refusals = [ClientError(cancelled, "TransactWriteItems")]
    calls: list[str] = []

    make = AwsClients.client

    class Contended:
        def __init__(self, clients: AwsClients, service: str) -> None:
            self._client = make(clients, service)

        def __getattr__(self, operation: str) -> Any:
            calls.append(operation)
            if operation == "transact_write_items" and refusals:
                raise refusals.pop()
            return getattr(self._client, operation)

    monkeypatch.setattr(AwsClients, "client", lambda clients, service: Contended(clients, service))
    assert connect(function(ONE_EACH, requests=True))["allow"]
    assert calls == ["get_item", "transact_write_items"] * 2


def test_the_place_of_a_connection_that_has_ended_is_free(aws: LocalAws, endpoint_id: str) -> None:
    settings = function(ONE_EACH)
    first = aws.connect(endpoint_id, common_name="laptop-1").connection_id
    assert admit(settings, endpoint_id, first, since=time.time() - 10)
    assert not admit(settings, endpoint_id, "cvpn-connection-2")
    aws.disconnect(first)
    assert admit(settings, endpoint_id, "cvpn-connection-3")


def test_a_connection_that_ec2_could_not_end_keeps_its_place(
    aws: LocalAws, endpoint_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = function(ONE_EACH)
    assert admit(settings, endpoint_id, "cvpn-connection-1", since=time.time() - 10)
    status = {"ConnectionId": "cvpn-connection-1", "Status": {"Code": "failed-to-terminate"}}

    class Ec2:
        def describe_client_vpn_connections(self, **_: Any) -> dict[str, Any]:
            return {"Connections": [status]}

    make = AwsClients.client
    monkeypatch.setattr(
        AwsClients, "client", lambda clients, service: Ec2() if service == "ec2" else make(clients, service)
    )
    assert not admit(settings, endpoint_id, "cvpn-connection-2")
    status["Status"] = {"Code": "terminated"}
    assert admit(settings, endpoint_id, "cvpn-connection-3")


def test_a_place_that_no_connection_took_is_free_after_a_while(
    aws: LocalAws, endpoint_id: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """As of a function that ended before it could answer."""
    settings = function(ONE_EACH)
    assert admit(settings, endpoint_id, "cvpn-connection-1", since=time.time() - PENDING_SECONDS + 5)
    assert not admit(settings, endpoint_id, "cvpn-connection-2")
    settings = function(ONE_EACH)
    assert admit(settings, endpoint_id, "cvpn-connection-3", since=time.time() + 10)


def test_the_older_connection_is_ended_where_a_rule_says_so(
    aws: LocalAws, endpoint_id: str, line: Callable[[], dict[str, Any]]
) -> None:
    settings = function(NEWEST_STAYS)
    first = aws.connect(endpoint_id, common_name="laptop-1").connection_id
    other = aws.connect(endpoint_id, common_name="laptop-2").connection_id
    assert admit(settings, endpoint_id, first, since=time.time() - 10)
    assert admit(settings, endpoint_id, "cvpn-connection-2")
    assert line()["ends"] == [first]
    assert statuses(aws, endpoint_id)[first] in ("terminating", "terminated")
    assert statuses(aws, endpoint_id)[other] == "active"


def test_of_several_connections_the_one_that_began_first_is_ended(
    aws: LocalAws, endpoint_id: str, line: Callable[[], dict[str, Any]]
) -> None:
    two_each = {**NEWEST_STAYS["rules"][0], "when": {"sessions": {"by": "username", "at_least": 2}}}
    settings = function({"rules": [two_each, NEWEST_STAYS["rules"][1]]})
    # The older one has the id that comes last in the alphabet.
    newer, older = sorted(aws.connect(endpoint_id, common_name=f"laptop-{number}").connection_id for number in (1, 2))
    assert admit(settings, endpoint_id, older, since=time.time() - 20)
    assert admit(settings, endpoint_id, newer, since=time.time() - 10)
    assert admit(settings, endpoint_id, "cvpn-connection-3")
    assert line()["ends"] == [older]


def test_who_cannot_make_room_is_denied(aws: LocalAws, endpoint_id: str, line: Callable[[], dict[str, Any]]) -> None:
    """EC2 does not know the older connection yet, which has only just been let in."""
    settings = function(NEWEST_STAYS)
    assert admit(settings, endpoint_id, "cvpn-connection-1")
    assert not admit(settings, endpoint_id, "cvpn-connection-2")
    logged = line()
    assert (logged["rule"], logged["ends"]) == ("one-each", [])
    assert logged["unknown"] == [{"rule": "one-each", "conditions": ["when.sessions"]}]
    assert logged["SessionEvidenceFailures"] == 1
    assert "cvpn-connection-1" in logged["evidence"]["failed"]["sessions"]


def test_shadow_mode_ends_nobody(aws: LocalAws, endpoint_id: str, line: Callable[[], dict[str, Any]]) -> None:
    settings = function({**NEWEST_STAYS, "shadow_mode": True})
    first = aws.connect(endpoint_id, common_name="laptop-1").connection_id
    assert admit(settings, endpoint_id, first, since=time.time() - 10)
    assert admit(settings, endpoint_id, "cvpn-connection-2")
    assert statuses(aws, endpoint_id)[first] == "active"


def test_who_is_denied_because_nobody_could_be_ended_leaves_no_slot(
    aws: LocalAws, endpoint_id: str, line: Callable[[], dict[str, Any]]
) -> None:
    settings = function(NEWEST_STAYS)
    first = aws.connect(endpoint_id, common_name="laptop-1").connection_id
    assert admit(settings, endpoint_id, first, since=time.time() - 10)
    with aws.disturb("ec2", "TerminateClientVpnConnections", error="RequestLimitExceeded"):
        assert not admit(settings, endpoint_id, "cvpn-connection-2")
    logged = line()
    assert (logged["rule"], logged["ends"]) == ("one-each", [])
    assert "RequestLimitExceeded" in logged["evidence"]["failed"]["sessions"]
    assert slots_of_anna(aws) == {first}
    assert admit(settings, endpoint_id, "cvpn-connection-3")
    assert line()["ends"] == [first]


def test_if_one_of_two_connections_cannot_be_ended_the_older_one_stays(
    aws: LocalAws, endpoint_id: str, line: Callable[[], dict[str, Any]]
) -> None:
    """EC2 does not know the newer one yet."""
    two_each = {**NEWEST_STAYS["rules"][0], "when": {"sessions": {"by": "username", "at_least": 2}}}
    lenient = function({"rules": [two_each, NEWEST_STAYS["rules"][1]]})
    older = aws.connect(endpoint_id, common_name="laptop-1").connection_id
    assert admit(lenient, endpoint_id, older, since=time.time() - 20)
    assert admit(lenient, endpoint_id, "cvpn-connection-2")
    assert not admit(function(NEWEST_STAYS), endpoint_id, "cvpn-connection-3")
    assert line()["ends"] == []
    assert statuses(aws, endpoint_id)[older] == "active"


def test_who_is_denied_after_one_of_two_was_ended_says_which(
    aws: LocalAws, endpoint_id: str, line: Callable[[], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest connection is ended last, and cannot be ended."""
    oldest, older = (aws.connect(endpoint_id, common_name="laptop-1").connection_id for _ in range(2))
    everybody = function({"rules": [{**ONE_EACH["rules"][0], "unless": {"groups": ["staff"]}}, ONE_EACH["rules"][1]]})
    assert admit(everybody, endpoint_id, oldest, since=time.time() - 20)
    assert admit(everybody, endpoint_id, older, since=time.time() - 10)

    def end(ec2: Any, endpoint: str, connection_id: str) -> None:
        if connection_id == oldest:
            raise EvidenceUnavailable("it goes on")
        terminate(ec2, endpoint, connection_id)

    monkeypatch.setattr(authorizer, "terminate", end)
    assert not admit(function(NEWEST_STAYS), endpoint_id, "cvpn-connection-3")
    assert line()["ends"] == [older]


def test_a_write_that_takes_too_long_denies_and_ends_nobody(
    aws: LocalAws, endpoint_id: str, line: Callable[[], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = function(NEWEST_STAYS)
    first = aws.connect(endpoint_id, common_name="laptop-1").connection_id
    assert admit(settings, endpoint_id, first, since=time.time() - 10)
    monkeypatch.setattr(aws_module, "DEADLINE_SECONDS", 2.0)
    with aws.disturb("dynamodb", "UpdateItem", seconds=3) as disturbance:
        assert not admit(settings, endpoint_id, "cvpn-connection-2")
        logged = line()
        assert disturbance.requests
    assert (logged["rule"], logged["ends"]) == ("one-each", [])
    assert "Timeout" in logged["evidence"]["failed"]["sessions"]
    assert statuses(aws, endpoint_id)[first] == "active"
    assert [thread.name for thread in threading.enumerate() if "run" in thread.name] == []


def test_some_client_stays_connected_while_aws_fails_now_and_then(
    aws: LocalAws, endpoint_id: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of 25 attempts of one user one is to stay, although a fifth of all calls fail."""
    chance, make = random.Random(22), AwsClients.client

    class Flaky:
        def __init__(self, clients: AwsClients, service: str) -> None:
            self._client = make(clients, service)

        def __getattr__(self, operation: str) -> Any:
            if chance.random() < 0.2:
                raise ClientError({"Error": {"Code": "InternalServerError"}}, operation)
            return getattr(self._client, operation)

    settings = function(NEWEST_STAYS)
    monkeypatch.setattr(AwsClients, "client", lambda clients, service: Flaky(clients, service))

    def attempt(_: int) -> bool:
        connection_id = aws.connect(endpoint_id, common_name="laptop-1").connection_id
        allowed = admit(settings, endpoint_id, connection_id)
        if not allowed:
            aws.disconnect(connection_id)
        return allowed

    with ThreadPoolExecutor(5) as clients:
        assert any(clients.map(attempt, range(25)))
    active = {one for one, code in statuses(aws, endpoint_id).items() if code == "active"}
    assert active
    assert active <= slots_of_anna(aws)


def slots_of_anna(aws: LocalAws) -> set[str]:
    key = {"id": {"S": "username#anna@example.com"}}
    item = aws.client("dynamodb").get_item(TableName=CONNECTIONS, Key=key)["Item"]
    return {name.removeprefix("connection:") for name in item if name.startswith("connection:")}


@pytest.fixture
def endpoint_id(aws: LocalAws) -> str:
    """An endpoint without a handler."""
    certificate = aws.import_certificate("vpn.example.com")
    made = aws.client("ec2").create_client_vpn_endpoint(
        ClientCidrBlock="10.8.0.0/22",
        ServerCertificateArn=certificate,
        AuthenticationOptions=[
            {
                "Type": "certificate-authentication",
                "MutualAuthentication": {"ClientRootCertificateChainArn": certificate},
            }
        ],
        ConnectionLogOptions={"Enabled": False},
    )
    return str(made["ClientVpnEndpointId"])


def respond_at(now: float, function: ConnectHandler, event: Any, context: Any) -> dict[str, Any]:
    """Return the function's response, at another time."""
    clock = SimpleNamespace(time=lambda: now, perf_counter_ns=time.perf_counter_ns)
    with mock.patch.object(entry_point, "time", clock):
        return respond(function, event, context)


def admit(function: ConnectHandler, endpoint_id: str, connection_id: str, since: float | None = None) -> bool:
    """Ask the function, at a time of its own."""
    event = EVENT | {"connection-id": connection_id, "endpoint-id": endpoint_id}
    now = time.time() if since is None else since
    response = respond_at(now, function, event, Context(10))
    assert_valid(response, "v3")
    return bool(response["allow"])


def statuses(aws: LocalAws, endpoint_id: str) -> dict[str, str]:
    described = aws.client("ec2").describe_client_vpn_connections(ClientVpnEndpointId=endpoint_id)
    return {connection["ConnectionId"]: connection["Status"]["Code"] for connection in described["Connections"]}


def test_places_of_days_ago_are_removed_also_where_nobody_is_counted(aws: LocalAws, endpoint_id: str) -> None:
    settings = function({"rules": [{**ONE_EACH["rules"][0], "unless": {"groups": ["staff"]}}, ONE_EACH["rules"][1]]})
    for days in (5, 3, 0):
        assert admit(settings, endpoint_id, f"cvpn-connection-{days}", since=time.time() - days * 86_400)
    item = aws.client("dynamodb").get_item(TableName=CONNECTIONS, Key={"id": {"S": "username#anna@example.com"}})[
        "Item"
    ]
    assert [name for name in item if name.startswith("connection:")] == ["connection:cvpn-connection-0"]


# --- what goes wrong -------------------------------------------------------------------------------------------------


class Throttling(http.server.BaseHTTPRequestHandler):
    """A DynamoDB that has too much to do."""

    def do_POST(self) -> None:
        body = json.dumps(
            {"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}
        ).encode()
        self.send_response(400)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(params=["refused", "silent", "throttling"])
def broken_dynamodb(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A DynamoDB that does not answer; yields a word of what the log says of it."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    if request.param == "throttling":
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Throttling) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{server.server_port}")
            yield "ProvisionedThroughputExceededException"
            server.shutdown()
    else:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{listener.getsockname()[1]}")
            if request.param == "refused":
                listener.close()
            yield "EndpointConnectionError" if request.param == "refused" else "no answer before the deadline"


@pytest.mark.parametrize(
    ("policy", "kind", "metric"),
    [(MANAGED, "device", "DeviceEvidenceFailures"), (ONE_EACH, "sessions", "SessionEvidenceFailures")],
    ids=["device", "sessions"],
)
def test_nobody_is_let_in_on_evidence_that_cannot_be_had(
    policy: dict[str, Any], kind: str, metric: str, broken_dynamodb: str, line: Callable[[], dict[str, Any]]
) -> None:
    settings = function(policy)
    context = Context(5)
    answered = respond(settings, EVENT, context)
    assert_valid(answered, "v3")
    assert not answered["allow"]
    assert context.get_remaining_time_in_millis() > 1000, "it was inside its deadline"
    logged = line()
    assert broken_dynamodb in logged["evidence"]["failed"][kind]
    assert logged["unknown"]
    assert logged[metric] == 1
    assert metric in [one["Metrics"][0]["Name"] for one in logged["_aws"]["CloudWatchMetrics"]]


def test_who_needs_no_evidence_is_let_in_and_it_is_told_that_nobody_knows_of_it(
    broken_dynamodb: str, line: Callable[[], dict[str, Any]]
) -> None:
    answered = respond(function(ONE_EACH, requests=True), EVENT | {"groups": []}, Context(5))
    assert answered["allow"]
    logged = line()
    assert logged["ConnectionRecordFailures"] == 1
    assert broken_dynamodb in logged["evidence"]["failed"]["connections"]


def test_little_time_that_is_left_is_not_used_up(broken_dynamodb: str, capfd: pytest.CaptureFixture[str]) -> None:
    settings = function(MANAGED)
    context = Context(1)
    assert not respond(settings, EVENT, context)["allow"]
    assert context.get_remaining_time_in_millis() > 0


@pytest.mark.parametrize("text", ["x", "[]", "{}", '{"table":"devices","attributes":1}'])
def test_an_environment_that_cannot_be_read_lets_nobody_in(text: str, line: Callable[[], dict[str, Any]]) -> None:
    settings = ConnectHandler({"POLICY": json.dumps(ONE_EACH), "DEVICE_INVENTORY": text})
    assert not respond(settings, EVENT, Context())["allow"]
    logged = line()
    assert logged["reason"] == "policy-error"
    assert "DEVICE_INVENTORY" in logged["problems"][0]


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_requests_are_kept_where_they_are_asked_for(aws: LocalAws) -> None:
    settings = function(ONE_EACH, requests=True)
    assert connect(settings, 1)["allow"]
    assert not connect(settings, 2)["allow"]
    table = SessionTable(SessionSettings(json.dumps({"table": CONNECTIONS})), AwsClients())
    kept = table.requests([f"cvpn-connection-{number:017x}" for number in (1, 2)])
    assert list(kept) == ["cvpn-connection-00000000000000001"]
    item = kept["cvpn-connection-00000000000000001"]
    assert json.loads(item["request"]["S"]) == EVENT
    assert (item["rule"], item["alias"], item["endpoint_id"]["S"]) == (
        {"S": "all"},
        {"S": "live"},
        EVENT["endpoint-id"],
    )
    assert item["policy_digest"]["S"] == settings.source.digest
    assert 24 * 3600 < float(item["expires_at"]["N"]) - time.time() < 26 * 3600


def test_nothing_is_kept_where_nothing_asks_for_it(aws: LocalAws, asked: Counter[str]) -> None:
    assert connect(function({"rules": [ONE_EACH["rules"][1]]}))["allow"]
    assert asked == Counter()
