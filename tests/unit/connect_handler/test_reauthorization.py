"""Re-authorization: who is ended, who is not, and what it does where it does not know."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from connect_handler.handler import ConnectHandler
from connect_handler.reauthorization.handler import handler
from connect_handler.reauthorization.result import METRICS
from localaws import LocalAws
from tests.unit.localaws.helpers import make_zip

from .test_authorizer import CONNECTIONS, DEVICES, EVENT, ONE_EACH, Context, register, respond_at, statuses
from .test_authorizer import aws as aws  # the fixtures of it
from .test_authorizer import endpoint_id as endpoint_id

FUNCTION = "AWSClientVPN-corp"
MANAGED: dict[str, Any] = {
    "rules": [
        {
            "name": "quarantined",
            "effect": "deny",
            "when": {"device": {"status": ["quarantined"]}},
            "message": "Your device is quarantined, {username}.",
        },
        {"name": "managed", "effect": "allow", "when": {"device": {"registered": True}}},
    ]
}


class Vpn:
    """A deployed function, and clients that connect."""

    def __init__(self, aws: LocalAws, endpoint_id: str) -> None:
        self.aws = aws
        self.endpoint_id = endpoint_id
        self._lambda = aws.client("lambda")
        self.numbers = 0
        self.configuration: dict[str, Any] = {
            "function": FUNCTION,
            "endpoints": {endpoint_id: "staff"},
            "brake_share": 0.1,
            "brake_floor": 5,
            "terminations_per_second": 1000,
        }

    def deploy(self, policy: dict[str, Any] | str, **variables: str) -> None:
        """Publish a version with a policy, and have the alias serve it."""
        environment = {
            "POLICY": policy if isinstance(policy, str) else json.dumps(policy),
            "DEVICE_INVENTORY": json.dumps({"table": DEVICES}),
            "CONNECTIONS": json.dumps({"table": CONNECTIONS, "requests": True}),
            **variables,
        }
        self.function = ConnectHandler(environment)
        self._lambda.update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": environment})
        version = self._lambda.publish_version(FunctionName=FUNCTION)["Version"]
        self._lambda.update_alias(FunctionName=FUNCTION, Name="staff", FunctionVersion=version)

    def connect(self, username: str = "anna@example.com", common_name: str = "laptop-1", **fields: Any) -> str:
        """Connect a client, as the policy of now has it; its connection id."""
        attempt = self.aws.connect(self.endpoint_id, common_name=common_name)
        connection_id = attempt.connection_id
        event = EVENT | {
            "connection-id": connection_id,
            "endpoint-id": self.endpoint_id,
            "username": username,
            "common-name": common_name,
            **{name.replace("_", "-"): value for name, value in fields.items()},
        }
        assert respond_at(time.time() - 60, self.function, event, Context(10))["allow"]
        return connection_id

    def run(self, **asked: Any) -> dict[str, Any]:
        """Run the function."""
        context = SimpleNamespace(function_name="reauthorization", get_remaining_time_in_millis=lambda: 900_000)
        answer = handler({"reauthorize": asked} if asked else {"source": "aws.events"}, context)
        return dict(json.loads(json.dumps(answer)))

    def active(self) -> set[str]:
        """Ids of the connections that are up."""
        return {one for one, code in statuses(self.aws, self.endpoint_id).items() if code == "active"}


@pytest.fixture
def vpn(aws: LocalAws, endpoint_id: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vpn]:
    role = aws.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    functions = aws.client("lambda")
    functions.create_function(
        FunctionName=FUNCTION,
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": make_zip("def handler(event, context):\n    return None\n")},
        Publish=True,
    )
    functions.create_alias(FunctionName=FUNCTION, Name="staff", FunctionVersion="1")
    made = Vpn(aws, endpoint_id)
    # What the operator may change between two runs.
    monkeypatch.setenv("REAUTHORIZATION", json.dumps(made.configuration))
    yield made
    for connection in made.active():
        aws.disconnect(connection)
    aws.client("ec2").delete_client_vpn_endpoint(ClientVpnEndpointId=endpoint_id)
    functions.delete_function(FunctionName=FUNCTION)
    aws.client("iam").delete_role(RoleName="function")


@pytest.fixture
def lines(capfd: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """Return the lines of the log since it was last asked for."""
    return lambda: [json.loads(text) for text in capfd.readouterr().out.splitlines()]


def test_who_is_to_be_let_in_still_stays(vpn: Vpn) -> None:
    vpn.deploy(MANAGED)
    register(vpn.aws, status="compliant")
    first = vpn.connect()
    result = vpn.run()
    assert vpn.active() == {first}
    assert (result["connections"], result["evaluated"], result["allowed"], result["denied"]) == (1, 1, 1, 0)
    assert (result["problems"], result["complete"], result["braked"]) == ([], True, False)


def test_who_has_gone_is_not_decided_on(vpn: Vpn) -> None:
    vpn.deploy(MANAGED)
    register(vpn.aws, status="compliant")
    vpn.aws.disconnect(vpn.connect())
    assert vpn.run()["connections"] == 0


def test_a_device_that_was_quarantined_is_ended_and_no_other(
    vpn: Vpn, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    vpn.deploy(MANAGED)
    for name in ("laptop-1", "laptop-2"):
        register(vpn.aws, name, status="compliant")
    first, second = vpn.connect(), vpn.connect("bert@example.com", "laptop-2")
    register(vpn.aws, "laptop-2", status="quarantined")
    result = vpn.run()
    assert vpn.active() == {first}
    assert (result["denied"], result["terminated"]) == (1, 1)
    (denial,) = result["denials"]
    assert denial["connection_id"] == second
    assert (denial["rule"], denial["message"]) == ("quarantined", "Your device is quarantined, bert@example.com.")
    assert denial["evidence"] == {"device": {"status": "quarantined"}}
    *_, told, last = lines()
    assert (told["reauthorization"], told["connection_id"]) == ("denial", second)
    assert last["ReauthorizationTerminated"] == 1
    assert {metric["Name"] for metric in last["_aws"]["CloudWatchMetrics"][0]["Metrics"]} == set(METRICS.values())


def test_the_policy_of_today_decides_on_the_request_of_then(vpn: Vpn) -> None:
    vpn.deploy({"rules": [{"name": "all", "effect": "allow"}]})
    on_windows, on_linux = vpn.connect(platform="win"), vpn.connect(platform="linux")
    vpn.deploy({"rules": [{"name": "windows", "effect": "allow", "when": {"platform": ["win"]}}]})
    assert vpn.run()["terminated"] == 1
    assert on_linux not in vpn.active()
    assert on_windows in vpn.active()


def test_the_clock_ends_what_was_let_in_for_a_time(vpn: Vpn) -> None:
    vpn.deploy({"rules": [{"name": "all", "effect": "allow"}]})
    vpn.connect()
    vpn.deploy(
        {"rules": [{"name": "then", "effect": "allow", "when": {"time": {"not_after": "2026-01-01T00:00:00Z"}}}]}
    )
    assert vpn.run()["terminated"] == 1


def test_a_dry_run_ends_nobody_and_is_no_metric(vpn: Vpn, lines: Callable[[], list[dict[str, Any]]]) -> None:
    vpn.deploy(MANAGED)
    register(vpn.aws, status="compliant")
    first = vpn.connect()
    register(vpn.aws, status="quarantined")
    lines()
    result = vpn.run(dry_run=True)
    assert (result["denied"], result["terminated"], result["dry_run"]) == (1, 0, True)
    assert vpn.active() == {first}
    assert all("_aws" not in line for line in lines())


def test_an_empty_import_disconnects_nobody(vpn: Vpn, lines: Callable[[], list[dict[str, Any]]]) -> None:
    vpn.deploy(MANAGED)
    for number in range(8):
        register(vpn.aws, f"laptop-{number}", status="compliant")
        vpn.connect(f"user{number}", f"laptop-{number}")
    for number in range(8):
        vpn.aws.client("dynamodb").delete_item(TableName=DEVICES, Key={"common_name": {"S": f"laptop-{number}"}})
    result = vpn.run()
    assert (result["denied"], result["terminated"], result["braked"]) == (8, 0, True)
    assert "cvpn reauthorize --confirm" in result["problems"][0]
    assert len(vpn.active()) == 8
    assert lines()[-1]["ReauthorizationBraked"] == 1
    refused = vpn.run(at_most=7)
    assert (refused["terminated"], refused["braked"]) == (0, True)
    assert vpn.run(at_most=8)["terminated"] == 8
    assert vpn.active() == set()


@pytest.mark.parametrize(("floor", "share", "braked"), [(0, 0.5, False), (0, 0.24, True), (1, 0.0, False)])
def test_the_brake_is_a_share_and_a_number(
    vpn: Vpn, monkeypatch: pytest.MonkeyPatch, floor: int, share: float, braked: bool
) -> None:
    brake = {"brake_floor": floor, "brake_share": share}
    monkeypatch.setenv("REAUTHORIZATION", json.dumps({**vpn.configuration, **brake}))
    vpn.deploy(MANAGED)
    for number in range(4):
        register(vpn.aws, f"laptop-{number}", status="compliant")
        vpn.connect(f"user{number}", f"laptop-{number}")
    register(vpn.aws, "laptop-3", status="quarantined")
    assert vpn.run()["braked"] is braked
    assert len(vpn.active()) == (4 if braked else 3)


def test_shadow_mode_holds_here_too(vpn: Vpn) -> None:
    vpn.deploy({"rules": [{"name": "all", "effect": "allow"}]})
    first = vpn.connect()
    nobody = {"rules": [{"name": "x", "effect": "allow", "when": {"groups": ["x"]}}], "shadow_mode": True}
    vpn.deploy(nobody)
    result = vpn.run()
    assert (result["shadowed"], result["denied"], result["terminated"]) == (1, 0, 0)
    assert vpn.active() == {first}


def test_what_is_not_known_is_left_as_it_is(vpn: Vpn, monkeypatch: pytest.MonkeyPatch) -> None:
    vpn.deploy(MANAGED)
    register(vpn.aws, status="compliant")
    first = vpn.connect()
    unrecorded = vpn.aws.connect(vpn.endpoint_id, common_name="laptop-9").connection_id
    register(vpn.aws, status="quarantined")
    vpn.deploy(MANAGED, DEVICE_INVENTORY=json.dumps({"table": "there-is-none"}))
    result = vpn.run()
    assert (result["unrecorded"], result["failed"], result["denied"]) == (1, 1, 0)
    assert "ResourceNotFoundException" in result["problems"][0]
    assert vpn.active() == {first, unrecorded}


def test_a_policy_that_cannot_be_read_ends_nobody(vpn: Vpn) -> None:
    vpn.deploy({"rules": [{"name": "all", "effect": "allow"}]})
    first = vpn.connect()
    vpn.deploy("{}")
    result = vpn.run()
    assert (result["failed"], result["evaluated"]) == (1, 0)
    assert "the policy of version" in result["problems"][0]
    assert vpn.active() == {first}


def test_the_first_of_several_connections_stays(vpn: Vpn) -> None:
    vpn.deploy(
        {"rules": [{"name": "all", "effect": "allow", "unless": {"sessions": {"by": "username", "at_least": 9}}}]}
    )
    first = vpn.connect()
    time.sleep(0.01)
    second = vpn.connect(common_name="laptop-2")
    vpn.deploy(ONE_EACH)
    assert vpn.run()["terminated"] == 1
    assert vpn.active() == {first}
    assert second not in vpn.active()


def test_what_the_log_hides_is_hidden_here_too(vpn: Vpn, lines: Callable[[], list[dict[str, Any]]]) -> None:
    vpn.deploy(MANAGED, LOG_REDACT="username", LOG_REDACT_KEY="0123456789abcdef")
    register(vpn.aws, status="compliant", owner="anna@example.com")
    vpn.connect()
    register(vpn.aws, status="quarantined", owner="anna@example.com")
    lines()
    result = vpn.run()
    assert "anna" not in json.dumps(result)
    assert "anna" not in json.dumps(lines())
    assert result["denials"][0]["username"].startswith("redacted:")


@pytest.mark.parametrize(
    "asked", [{"at_most": -1}, {"at_most": "all"}, {"at_most": 1, "dry_run": True}, {"dry_run": 1}, {"run": True}]
)
def test_what_it_does_not_understand_it_does_not_do(vpn: Vpn, asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="reauthorize"):
        vpn.run(**asked)
