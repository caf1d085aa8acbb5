"""`cvpn connections` and `cvpn reauthorize`: who is on and why, and who would be ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connect_handler.contract.request import Request
from connect_handler.decision.evaluate import evaluate
from connect_handler.evidence.sessions import request_item
from connect_handler.policy.document import read_policy
from cvpn.aws.account import Account
from cvpn.connections import reauthorization
from localaws import LocalAws
from tests.unit.localaws.helpers import ACCOUNT, make_zip

from .running import EVENTS, Result, cvpn

BUNDLE = Path(__file__).parents[3] / "modules" / "handler" / "connect_handler.zip"
HANDLER, REAUTHORIZATION = "AWSClientVPN-corp", "ClientVPNReauthorization-corp"
CONNECTIONS = "AWSClientVPN-corp-connections"
REQUEST = json.loads((EVENTS / "v3-saml-windows.json").read_text())
ALL: dict[str, Any] = {"rules": [{"name": "all", "effect": "allow"}]}
NOT_BERT: dict[str, Any] = {
    "rules": [{"name": "not-bert", "effect": "deny", "when": {"username": ["bert"]}, "message": "Bye, {username}."}]
    + ALL["rules"]
}
SINCE = 1_795_597_200.0


class Vpn:
    """A connect handler and its re-authorization function, which runs for real, and connections."""

    def __init__(self, aws: LocalAws, endpoint_id: str) -> None:
        self.aws = aws
        self.endpoint_id = endpoint_id
        self.functions = aws.client("lambda")

    def deploy(self, policy: dict[str, Any], **variables: str) -> None:
        environment = {"POLICY": json.dumps(policy), **variables}
        self.functions.update_function_configuration(FunctionName=HANDLER, Environment={"Variables": environment})
        version = self.functions.publish_version(FunctionName=HANDLER)["Version"]
        for alias in ("live", "staff"):
            self.functions.update_alias(FunctionName=HANDLER, Name=alias, FunctionVersion=version)

    def settings(self, **more: Any) -> None:
        value = {
            "function": HANDLER,
            "endpoints": {self.endpoint_id: "staff"},
            "brake_share": 0.1,
            "brake_floor": 5,
            "terminations_per_second": 1000,
            **more,
        }
        self.functions.update_function_configuration(
            FunctionName=REAUTHORIZATION, Environment={"Variables": {"REAUTHORIZATION": json.dumps(value)}}
        )

    def connect(self, username: str, since: float = SINCE, *, is_recorded: bool = True) -> str:
        connection_id = str(self.aws.connect(self.endpoint_id, common_name=f"{username}-laptop").connection_id)
        if is_recorded:
            event = REQUEST | {
                "connection-id": connection_id,
                "endpoint-id": self.endpoint_id,
                "username": username,
                "common-name": f"{username}-laptop",
            }
            policy = read_policy(json.dumps({**ALL, "default_posture_status": "fine"}))
            request = Request(event, "staff")
            decision = evaluate(policy, request, since)
            item = request_item(request, decision, event, policy.digest, since)
            self.aws.client("dynamodb").put_item(TableName=CONNECTIONS, Item=item)
        return connection_id

    def active(self) -> set[str]:
        answer = self.aws.client("ec2").describe_client_vpn_connections(ClientVpnEndpointId=self.endpoint_id)
        return {one["ConnectionId"] for one in answer["Connections"] if one["Status"]["Code"] == "active"}


WRITES = {"CONNECTIONS": json.dumps({"table": CONNECTIONS, "requests": True})}


@pytest.fixture(scope="module")
def deployed() -> Iterator[Vpn]:
    with LocalAws(account_id=ACCOUNT) as aws:
        certificate = aws.import_certificate("vpn.example.com")
        endpoint = aws.client("ec2").create_client_vpn_endpoint(
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
        aws.client("dynamodb").create_table(
            TableName=CONNECTIONS,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        role = aws.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        functions = aws.client("lambda")
        for name, handler in ((HANDLER, "handler"), (REAUTHORIZATION, "reauthorization.handler")):
            functions.create_function(
                FunctionName=name,
                Runtime="python3.13",
                Role=role,
                Handler=f"connect_handler.{handler}.handler",
                Code={"ZipFile": BUNDLE.read_bytes()},
                Timeout=60,
                Publish=True,
            )
        for alias in ("live", "staff"):
            functions.create_alias(FunctionName=HANDLER, Name=alias, FunctionVersion="1")
        for name, code in FAILING.items():
            functions.create_function(
                FunctionName=f"ClientVPNReauthorization-{name}",
                Runtime="python3.13",
                Role=role,
                Handler="app.handler",
                Code={"ZipFile": make_zip(code)},
                Timeout=1,
                Environment={"Variables": {"REAUTHORIZATION": "{}"} if name == "broken" else {}},
            )
        yield Vpn(aws, str(endpoint["ClientVpnEndpointId"]))


FAILING = {
    "raises": "def handler(event, context):\n    raise ValueError('no\\nway')\n",
    "sleeps": "import time\ndef handler(event, context):\n    time.sleep(9)\n",
    "another": "def handler(event, context):\n    return {'hello': 'world'}\n",
    "broken": "def handler(event, context):\n    return None\n",
}


@pytest.fixture
def vpn(deployed: Vpn, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vpn]:
    for name, value in deployed.aws.environment.items():
        monkeypatch.setenv(name, value)
    deployed.settings()
    deployed.deploy(ALL, **WRITES)
    yield deployed
    for connection_id in deployed.active():
        deployed.aws.disconnect(connection_id)


# --- connections -----------------------------------------------------------------------------------------------------


def rows(result: Result) -> list[str]:
    return [" ".join(line.split()) for line in result.out.splitlines()]


def test_who_is_on_why_and_since_when(vpn: Vpn) -> None:
    second, first = vpn.connect("bert", SINCE), vpn.connect("anna", SINCE - 60)
    third = vpn.connect("carl", is_recorded=False)
    ended = vpn.connect("dora")
    vpn.aws.disconnect(ended)
    result = cvpn("connections", "--function", "corp")
    assert (result.status, result.err) == (0, "")
    digest = read_policy(json.dumps({**ALL, "default_posture_status": "fine"})).digest[:8]
    printed = rows(result)
    assert sorted(line.split()[-1] for line in printed[1:4]) == sorted([first, second, third])
    by_id = {line.split()[-1]: line for line in printed[1:4]}
    assert by_id[first].startswith("anna anna-laptop 10.8.")
    assert by_id[first].endswith(f" staff 2026-11-25T08:59:00Z all fine {digest} {first}")
    assert by_id[second].endswith(f" staff 2026-11-25T09:00:00Z all fine {digest} {second}")
    assert f" {vpn.endpoint_id} " in by_id[third]
    assert by_id[third].endswith(f" not recorded - - {third}")
    assert printed.index(by_id[first]) < printed.index(by_id[second])
    assert printed[-1] == "3 connections, of which 1 not recorded"


def test_connections_in_json(vpn: Vpn) -> None:
    first = vpn.connect("anna")
    vpn.connect("bert")
    result = cvpn("connections", "--function", "corp", "--username", "ANN*", "-o", "json")
    assert result.json["connection_id"] == first
    assert result.json["request"]["username"] == "anna"
    assert (result.json["rule"], result.json["since"]) == ("all", "2026-11-25T09:00:00.000Z")


def test_endpoints_can_be_named_and_a_function_that_writes_nothing_says_so(vpn: Vpn) -> None:
    vpn.connect("anna")
    vpn.deploy(ALL)
    result = cvpn("connections", "--function", "corp", "--endpoint", vpn.endpoint_id)
    assert result.status == 0
    assert rows(result)[-1] == "1 connection"
    assert result.err == (
        "cvpn: the function AWSClientVPN-corp:live does not write down whom it lets in; set reauthorization\n"
    )
    nowhere = cvpn("connections", "--function", "corp", "--endpoint", "cvpn-endpoint-00000000000000000")
    assert nowhere.status == 1
    assert "cannot list the connections of cvpn-endpoint-00000000000000000: InvalidClientVpnEndpointId" in nowhere.err


def test_nobody_is_on(vpn: Vpn) -> None:
    assert cvpn("connections", "--function", "corp").out == "0 connections\n"


def test_more_connections_than_are_read_at_once(vpn: Vpn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cvpn.connections.active.BATCH", 2)
    monkeypatch.setattr("cvpn.connections.active.PAGE", 5)
    for number in range(7):
        vpn.connect(f"user{number}")
    monkeypatch.setattr("cvpn.verbs.connections.MAX_ROWS", 3)
    printed = rows(cvpn("connections", "--function", "corp"))
    assert (len(printed), printed[4:]) == (7, ["and 4 more; -o json lists them all", "", "7 connections"])
    lines = cvpn("connections", "--function", "corp", "-o", "json").json_lines
    assert {line["username"] for line in lines} == {f"user{number}" for number in range(7)}


# --- reauthorize -----------------------------------------------------------------------------------------------------


def test_nobody_would_be_ended(vpn: Vpn) -> None:
    vpn.connect("anna")
    vpn.connect("carl", is_recorded=False)
    result = cvpn("reauthorize", "--function", "corp")
    assert (result.status, result.err) == (0, "")
    assert result.out == (
        "2 connections, 1 decided on, 1 stay, 0 would be ended, "
        "1 without a request that is kept, and left as they are\n"
    )


def test_who_would_be_ended_is_shown_and_is_not(vpn: Vpn) -> None:
    vpn.connect("anna")
    bert = vpn.connect("bert")
    vpn.deploy(NOT_BERT, **WRITES)
    result = cvpn("reauthorize", "--function", "corp")
    assert result.status == 2
    assert rows(result) == [
        "user connection reason rule message",
        f"bert {bert} explicit-deny not-bert Bye, bert.",
        "",
        "2 connections, 2 decided on, 1 stay, 1 would be ended",
    ]
    assert bert in vpn.active()
    as_json = cvpn("reauthorize", "--function", "corp", "-o", "json")
    assert (as_json.status, as_json.json["dry_run"], as_json.json["denials"][0]["connection_id"]) == (2, True, bert)


def test_a_run_ends_them(vpn: Vpn) -> None:
    anna, _ = vpn.connect("anna"), vpn.connect("bert")
    vpn.deploy(NOT_BERT, **WRITES)
    result = cvpn("reauthorize", "--function", "corp", "--run")
    assert (result.status, rows(result)[-1]) == (
        0,
        "2 connections, 2 decided on, 1 stay, 1 to be ended, 1 ended",
    )
    assert vpn.active() == {anna}


def test_the_brake_holds_and_is_released_by_confirming(vpn: Vpn) -> None:
    vpn.settings(brake_floor=1)
    for _ in range(3):
        vpn.connect("bert")
    vpn.deploy(NOT_BERT, **WRITES)
    braked = cvpn("reauthorize", "--function", "corp", "--run")
    assert braked.status == 2
    assert rows(braked)[-1].endswith("3 to be ended, 0 ended, the brake holds")
    assert braked.err.splitlines()[-1] == (
        "cvpn: the brake held, and nobody was ended. If they are meant, say cvpn reauthorize --function corp --confirm"
    )
    assert len(vpn.active()) == 3
    declined = cvpn("reauthorize", "--function", "corp", "--confirm", stdin=b"n\n")
    assert declined.status == 2
    assert declined.err.endswith("End 3 connections? [y/N]: cvpn: nobody was ended\n")
    assert len(vpn.active()) == 3
    unanswered = cvpn("reauthorize", "--function", "corp", "--confirm")
    assert unanswered.status == 1
    assert unanswered.err.endswith("nobody was ended: there was no answer; without anybody to ask, say --yes\n")
    confirmed = cvpn("reauthorize", "--function", "corp", "--confirm", stdin=b"y\n")
    assert confirmed.status == 0
    assert vpn.active() == set()


def test_no_more_are_ended_than_were_shown(vpn: Vpn, monkeypatch: pytest.MonkeyPatch) -> None:
    vpn.connect("bert")
    vpn.deploy(NOT_BERT, **WRITES)
    run = reauthorization.Reauthorization.run

    def run_then_more_come(self: reauthorization.Reauthorization, **asked: Any) -> dict[str, Any]:
        result = run(self, **asked)
        if asked.get("dry_run"):
            vpn.connect("bert")
        return result

    monkeypatch.setattr(reauthorization.Reauthorization, "run", run_then_more_come)
    result = cvpn("reauthorize", "--function", "corp", "--confirm", "--yes", "-o", "json")
    shown, done = result.json_lines
    assert (shown["dry_run"], shown["denied"], done["dry_run"], done["denied"]) == (True, 1, False, 2)
    assert (result.status, done["terminated"], done["braked"]) == (2, 0, True)
    assert len(vpn.active()) == 2


def test_confirming_ends_nobody_where_nobody_is_to_be_ended(vpn: Vpn) -> None:
    vpn.connect("anna")
    assert cvpn("reauthorize", "--function", "corp", "--confirm").status == 0
    assert len(vpn.active()) == 1


def test_what_could_not_be_decided_is_a_failure(vpn: Vpn) -> None:
    vpn.connect("anna")
    vpn.deploy({"rules": []}, **WRITES)
    result = cvpn("reauthorize", "--function", "corp")
    assert result.status == 1
    assert rows(result)[-1] == "0 connections, 0 decided on, 0 stay, 0 would be ended, 1 failed"
    assert "cannot be asked" in result.err


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("raises", "the function ClientVPNReauthorization-raises failed: ValueError: no way; its log says more"),
        ("sleeps", "the function ClientVPNReauthorization-sleeps failed: "),
        ("another", 'the function ClientVPNReauthorization-another answered {"hello": "world"}: it is no function of'),
        ("nobody", "cannot invoke the function ClientVPNReauthorization-nobody: ResourceNotFoundException: "),
    ],
)
def test_a_function_that_fails_is_one_line(vpn: Vpn, function: str, message: str) -> None:
    result = cvpn("reauthorize", "--function", function)
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith(f"cvpn: {message}")
    assert len(result.err.splitlines()) == 1
    if function == "sleeps":
        assert "timed out after 1.00 seconds" in result.err


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("nobody", "cannot read the function AWSClientVPN-nobody:live: ResourceNotFoundException: "),
        (
            "corp",
            "the environment variable REAUTHORIZATION of ClientVPNReauthorization-corp cannot be read ({}); apply",
        ),
    ],
)
def test_a_function_that_says_nothing_of_endpoints_is_one_line(vpn: Vpn, function: str, message: str) -> None:
    vpn.functions.update_function_configuration(
        FunctionName=REAUTHORIZATION, Environment={"Variables": {"REAUTHORIZATION": "{}"}}
    )
    result = cvpn("connections", "--function", function)
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith(f"cvpn: {message}")
    assert result.err.endswith("name endpoints with --endpoint\n") is (function == "corp")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--run", "--confirm"), "Say --run or --confirm, not both."),
        (("--yes",), "--yes goes with --confirm."),
        (("--run", "--yes"), "--yes goes with --confirm."),
    ],
)
def test_options_that_contradict_one_another(options: tuple[str, ...], message: str) -> None:
    result = cvpn("reauthorize", "--function", "corp", *options)
    assert (result.status, result.out) == (1, "")
    assert message in result.err


@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("corp", REAUTHORIZATION),
        ("corp:staff", REAUTHORIZATION),
        (HANDLER, REAUTHORIZATION),
        (REAUTHORIZATION, REAUTHORIZATION),
        (
            f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:{HANDLER}:live",
            f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:{REAUTHORIZATION}",
        ),
    ],
)
def test_the_function_is_found_by_that_of_the_handler(function: str, name: str) -> None:
    assert reauthorization.function_of(function) == name


def test_the_answer_is_waited_for_as_long_as_a_function_may_run(monkeypatch: pytest.MonkeyPatch, vpn: Vpn) -> None:
    function = reauthorization.Reauthorization.of("corp", Account())
    configuration = function._client.meta.config
    assert configuration.read_timeout > 15 * 60
    assert configuration.retries["total_max_attempts"] == 1
