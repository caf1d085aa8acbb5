"""Policies of functions and decision logs in AWS, and what is said where they cannot be had."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from localaws import LocalAws
from tests.unit.localaws.helpers import ACCOUNT, make_zip

from .running import EVENTS, Result, cvpn, decision_line, policy_file

NAME = "AWSClientVPN-corp"
FIRST: dict[str, Any] = {"rules": [{"name": "first", "effect": "allow"}]}
SECOND = {"rules": [{"name": "second", "effect": "allow", "when": {"endpoint": ["stafff"]}}]}
MORNING = 1_795_420_800.0


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(account_id=ACCOUNT) as running:
        functions = running.client("lambda")
        role = running.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument="{}")["Role"]["Arn"]

        def create(name: str, policy: str) -> str:
            return str(
                functions.create_function(
                    FunctionName=name,
                    Runtime="python3.13",
                    Role=role,
                    Handler="app.handler",
                    Code={"ZipFile": make_zip("handler = None")},
                    Environment={"Variables": {"POLICY": policy} if policy else {}},
                    Publish=True,
                )["Version"]
            )

        first = create(NAME, json.dumps(FIRST))
        packed = base64.b64encode(gzip.compress(json.dumps(SECOND).encode(), mtime=0)).decode()
        functions.update_function_configuration(FunctionName=NAME, Environment={"Variables": {"POLICY": packed}})
        second = functions.publish_version(FunctionName=NAME)["Version"]
        functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion=first)
        functions.create_alias(FunctionName=NAME, Name="staff", FunctionVersion=second)
        create("AWSClientVPN-other", "")
        functions.create_alias(FunctionName="AWSClientVPN-other", Name="live", FunctionVersion="1")

        logs = running.client("logs")
        logs.create_log_group(logGroupName="decisions")
        for stream in ("a", "b"):
            logs.create_log_stream(logGroupName="decisions", logStreamName=stream)
        request = json.loads((EVENTS / "v3-saml-windows.json").read_text())
        now = int(time.time())
        for number in range(60):
            at = now - 700 + 5 * number
            event = request | {"connection-id": f"cvpn-connection-{number}", "username": f"user{number % 3}"}
            messages = ["START RequestId: 1 Version: 2", decision_line(FIRST, event, at), "END RequestId: 1"]
            logs.put_log_events(
                logGroupName="decisions",
                logStreamName="ab"[number % 2],
                logEvents=[{"timestamp": at * 1000, "message": message + "\n"} for message in messages],
            )
        yield running


@pytest.fixture(autouse=True)
def environment(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("function", "rule"),
    [
        ("corp", "first"),
        ("AWSClientVPN-corp", "first"),
        ("corp:staff", "second"),
        ("AWSClientVPN-corp:1", "first"),
        (f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:{NAME}", "first"),
        (f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:{NAME}:staff", "second"),
    ],
)
def test_the_policy_of_a_function_and_alias(function: str, rule: str) -> None:
    result = cvpn("simulate", "--function", function, "--username", "x", "--endpoint", "stafff")
    assert result.out.splitlines() == ["ALLOW", f'Allowed by rule "{rule}".']


def test_a_functions_aliases_are_its_endpoints() -> None:
    result = cvpn("validate", "--function", "corp:staff")
    assert result.out.splitlines()[0] == (
        'AWSClientVPN-corp:staff: warning: rule "second" names the endpoint "stafff", which does not exist; '
        'did you mean "staff"?'
    )
    assert cvpn("size", "--function", "corp:staff", "-o", "json").json["packed"] is True


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("nobody", "cvpn: cannot read the function AWSClientVPN-nobody:live: ResourceNotFoundException: "),
        ("corp:nobody", "cvpn: cannot read the function AWSClientVPN-corp:nobody: ResourceNotFoundException: "),
        (
            "other",
            "cvpn: the function AWSClientVPN-other:live has no environment variable POLICY: it is no handler",
        ),
        ("arn:aws:s3:::bucket", "cvpn: arn:aws:s3:::bucket is not the ARN of a function"),
    ],
)
def test_a_function_without_a_policy_is_one_line(function: str, message: str) -> None:
    assert_one_line(cvpn("validate", "--function", function), message)


def test_a_log_group_is_replayed_through_all_of_its_pages(tmp_path: Path) -> None:
    deny = {"name": "no", "effect": "deny", "when": {"username": ["user1"]}}
    candidate = policy_file(tmp_path, {"rules": [*FIRST["rules"], deny]})
    result = cvpn("replay", "-p", candidate, "--log-group", "decisions", "--since", "1h", "-o", "json")
    assert (result.status, result.err) == (2, "")
    assert (result.json["decisions"], result.json["changed"]["allow->deny"]) == (60, 20)
    assert cvpn("replay", "--function", "corp", "--log-group", "decisions").out == (
        "60 decisions, 60 same, 0 allow->deny, 0 deny->allow\n"
    )


def test_only_the_period_that_is_asked_for_is_read(tmp_path: Path) -> None:
    arguments = ("replay", "--function", "corp", "--log-group", "decisions", "-o", "json")
    assert 10 <= cvpn(*arguments, "--since", "9m").json["decisions"] < 60
    result = cvpn(*arguments, "--since", "5m")
    assert (result.status, result.json["decisions"]) == (1, 0)
    assert result.err == "cvpn: the log has no decisions\n"


def test_a_log_group_that_is_not_there_is_one_line() -> None:
    result = cvpn("replay", "--function", "corp", "--log-group", "nowhere")
    assert_one_line(result, "cvpn: cannot read the log group nowhere: ResourceNotFoundException: ")


# --- what AWS says when it says no -----------------------------------------------------------------------------------


def answering(status: int, code: str, message: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.do_GET()

        def do_GET(self) -> None:
            body = json.dumps({"__type": code, "message": message}).encode()
            self.send_response(status)
            self.send_header("x-amzn-errortype", code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
            pass

    return Handler


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (400, "ThrottlingException", "AWS throttles these calls, ten times over; wait a minute and run it again"),
        (429, "TooManyRequestsException", "AWS throttles these calls, ten times over; wait a minute and run it again"),
        (403, "AccessDeniedException", "AccessDeniedException: not for you"),
        (403, "ExpiredTokenException", "the AWS credentials have expired; sign in again (ExpiredTokenException)"),
        (403, "UnrecognizedClientException", "AWS does not know these credentials; sign in again"),
        (500, "ServiceException", "ServiceException: not for you"),
    ],
)
def test_what_aws_refuses_is_one_line(
    status: int, code: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    with ThreadingHTTPServer(("127.0.0.1", 0), answering(status, code, "not\nfor you")) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        of_function = cvpn("validate", "--function", "corp")
        of_log = cvpn("replay", "-p", policy_file(tmp_path, FIRST), "--log-group", "x")
        of_table = cvpn("devices", "export", "--table", "x")
        of_connections = cvpn("connections", "--function", "corp")
        of_run = cvpn("reauthorize", "--function", "corp")
        server.shutdown()
    assert_one_line(of_function, f"cvpn: cannot read the function AWSClientVPN-corp:live: {said}")
    assert_one_line(of_log, f"cvpn: cannot read the log group x: {said}")
    assert_one_line(of_table, f"cvpn: cannot read the table x: {said}")
    assert_one_line(of_connections, f"cvpn: cannot read the function AWSClientVPN-corp:live: {said}")
    # It is asked once: who asks again has two runs.
    once = said.replace(", ten times over", "")
    assert_one_line(of_run, f"cvpn: cannot invoke the function ClientVPNReauthorization-corp: {once}")


@pytest.mark.parametrize(
    ("variables", "arguments", "said"),
    [
        (
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
            [],
            "no AWS credentials were found; sign in, or name a",
        ),
        ({"AWS_SECRET_ACCESS_KEY": ""}, [], "no AWS credentials were found"),
        (
            {"AWS_REGION": "", "AWS_DEFAULT_REGION": ""},
            [],
            "no AWS Region is set; name it with --region, or set AWS_REGION",
        ),
        ({}, ["--profile", "nobody"], "The config profile (nobody) could not be found; name another with --profile"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, [], "Could not connect to the endpoint URL"),
    ],
)
def test_what_keeps_from_asking_aws_is_one_line(
    variables: dict[str, str], arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name, value in variables.items():
        if value:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name, raising=False)
    result = cvpn("validate", "--function", "corp", *arguments)
    assert_one_line(result, "cvpn: cannot ")
    assert said in result.err


def assert_one_line(result: Result, beginning: str) -> None:
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith(beginning)
    assert len(result.err.splitlines()) == 1


def test_a_stored_policy_is_the_one_that_the_version_was_published_with(aws: LocalAws) -> None:
    s3, functions = aws.client("s3"), aws.client("lambda")
    s3.create_bucket(Bucket="policies", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_bucket_versioning(Bucket="policies", VersioningConfiguration={"Status": "Enabled"})
    document = json.dumps(FIRST).encode()
    stored = s3.put_object(Bucket="policies", Key="policy", Body=gzip.compress(document))["VersionId"]
    for alias, text in (("stored", document), ("forged", document + b" ")):
        policy = f"s3://policies/policy?versionId={stored}&sha256={hashlib.sha256(text).hexdigest()}"
        functions.update_function_configuration(FunctionName=NAME, Environment={"Variables": {"POLICY": policy}})
        version = functions.publish_version(FunctionName=NAME)["Version"]
        functions.create_alias(FunctionName=NAME, Name=alias, FunctionVersion=version)
    assert cvpn("simulate", "--function", "corp:stored", "--username", "x").out.startswith("ALLOW")
    forged = cvpn("simulate", "--function", "corp:forged", "--username", "x")
    assert forged.status == 1
    assert "has the digest" in forged.err
