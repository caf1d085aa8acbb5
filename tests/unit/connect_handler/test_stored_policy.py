"""A policy in a bucket: what the function does where it cannot have it, or where it is another."""

from __future__ import annotations

import gzip
import hashlib
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from connect_handler import deploy_gate
from connect_handler.handler import ConnectHandler
from localaws import LocalAws

from .contract import respond

BUCKET = "stored-policies"
DOCUMENT = json.dumps({"rules": [{"name": "everybody", "effect": "allow"}]})
DIGEST = hashlib.sha256(DOCUMENT.encode()).hexdigest()
EVENT = {"connection-id": "cvpn-connection-1", "endpoint-id": "cvpn-endpoint-1", "schema-version": "v3"}


class Context:
    """Lambda's context object, of an invocation with some time left."""

    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp:live"

    def __init__(self, milliseconds: int = 10_000) -> None:
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


@pytest.fixture
def s3(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """S3 with a bucket, which the function under test finds too."""
    for name, value in local_aws.environment.items():
        monkeypatch.setenv(name, value)
    client = local_aws.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": client.meta.region_name})
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    yield client
    for version in client.list_object_versions(Bucket=BUCKET).get("Versions", []):
        client.delete_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])
    client.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def out_of_reach() -> str:
    """An endpoint at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def stored(s3: Any, content: bytes, digest: str = DIGEST) -> dict[str, str]:
    """Store an object; return the environment of a function that names it."""
    version = s3.put_object(Bucket=BUCKET, Key="corp/policy.json.gz", Body=content)["VersionId"]
    return {"POLICY": f"s3://{BUCKET}/corp/policy.json.gz?versionId={version}&sha256={digest}"}


def allowed(function: ConnectHandler) -> bool:
    return bool(respond(function, EVENT, Context())["allow"])


def test_the_stored_policy_decides(s3: Any) -> None:
    function = ConnectHandler(stored(s3, gzip.compress(DOCUMENT.encode(), mtime=0)))
    assert (function.problems, function.source.digest) == ([], DIGEST)
    assert allowed(function)


def test_a_later_object_version_changes_nothing(s3: Any) -> None:
    environment = stored(s3, gzip.compress(DOCUMENT.encode(), mtime=0))
    stored(s3, gzip.compress(b'{"rules":[]}', mtime=0))
    assert allowed(ConnectHandler(environment))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (gzip.compress(DOCUMENT.replace("everybody", "nobody").encode(), mtime=0), f"and is to have {DIGEST}"),
        (gzip.compress(DOCUMENT.encode(), mtime=0)[:-1], "is cut off"),
        (gzip.compress(DOCUMENT.encode(), mtime=0) + b"}", "has something behind its end"),
        (DOCUMENT.encode(), "is no gzip of a JSON object"),
    ],
    ids=["another-policy", "cut-off", "with-a-tail", "no-gzip"],
)
def test_another_object_than_the_one_named_lets_nobody_in(s3: Any, content: bytes, problem: str) -> None:
    function = ConnectHandler(stored(s3, content))
    assert problem in "".join(function.problems)
    assert not allowed(function)
    assert not function.source.is_due  # it will not be another one


@pytest.mark.parametrize(
    "text", ["s3://", "s3://bucket/key", "s3://bucket/key?versionId=1", "s3://bucket?versionId=1&sha256=2"]
)
def test_what_names_no_object_lets_nobody_in(text: str) -> None:
    function = ConnectHandler({"POLICY": text})
    assert "write s3://BUCKET/KEY?versionId=VERSION&sha256=DIGEST" in "".join(function.problems)
    assert not allowed(function)


def test_a_policy_that_could_not_be_had_is_asked_for_again_with_the_next_connection(
    s3: Any, monkeypatch: pytest.MonkeyPatch, out_of_reach: str, local_aws: LocalAws
) -> None:
    environment = stored(s3, gzip.compress(DOCUMENT.encode(), mtime=0))
    monkeypatch.setenv("AWS_ENDPOINT_URL", out_of_reach)
    function = ConnectHandler(environment)
    assert function.problems[0].startswith(f"the policy could not be read: s3://{BUCKET}/corp/policy.json.gz")
    assert not allowed(function)
    monkeypatch.setenv("AWS_ENDPOINT_URL", local_aws.endpoint_url)
    assert allowed(function)
    assert function.problems == []


def test_the_gate_asks_again_while_there_is_time(
    s3: Any, monkeypatch: pytest.MonkeyPatch, out_of_reach: str, local_aws: LocalAws
) -> None:
    environment = stored(s3, gzip.compress(DOCUMENT.encode(), mtime=0))
    monkeypatch.setenv("AWS_ENDPOINT_URL", out_of_reach)
    function = ConnectHandler(environment)
    unlucky = ConnectHandler(environment)
    pauses = []

    def pause(seconds: float) -> None:
        if seconds == deploy_gate.PAUSE_SECONDS:  # botocore pauses too
            pauses.append(seconds)
        if len(pauses) == 3:
            monkeypatch.setenv("AWS_ENDPOINT_URL", local_aws.endpoint_url)

    monkeypatch.setattr("connect_handler.deploy_gate.time.sleep", pause)
    assert "could not be read" in deploy_gate.run(unlucky.settings, unlucky.source, [], Context(1500))["problems"][0]
    assert pauses == []
    assert deploy_gate.run(function.settings, function.source, [], Context(120_000))["problems"] == []
    assert pauses == [1, 1, 1]
