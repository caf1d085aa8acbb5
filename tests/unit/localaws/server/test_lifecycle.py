"""Starting and ending: nothing may be left of a LocalAws, however it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from localaws import LocalAws
from tests.unit.localaws.helpers import eventually, make_zip

ROOT = Path(__file__).parents[4]
WHERE = """
    import os, time

    def handler(event, context):
        print("pid", os.getpid())
        time.sleep(event or 0)
        return [os.getpid(), os.environ["LAMBDA_TASK_ROOT"], os.environ["TMPDIR"]]
"""
# A program of its own that starts a function, says where that runs, and waits.
PARENT = """
    import json, sys, threading
    from localaws import LocalAws
    from tests.unit.localaws.server.test_lifecycle import function

    aws = LocalAws().start()
    client = function(aws)
    print(client.invoke(FunctionName="where", Payload=b"0")["Payload"].read().decode(), flush=True)
    hang = lambda: client.invoke(FunctionName="where", Payload=b"60")
    threading.Thread(target=hang, daemon=True).start()
    sys.stdin.read()
"""


def function(aws: LocalAws) -> Any:
    """boto3's Lambda client of a LocalAws that has the function ``where``."""
    role = aws.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    client = aws.client("lambda", config=Config(retries={"total_max_attempts": 1}))
    client.create_function(
        FunctionName="where",
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Timeout=90,
        Code={"ZipFile": make_zip(WHERE)},
    )
    return client


def where(client: Any) -> tuple[int, Path, Path]:
    pid, task_root, temporary = json.loads(client.invoke(FunctionName="where", Payload=b"0")["Payload"].read())
    return pid, Path(task_root), Path(temporary)


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_nothing_is_left_after_the_end() -> None:
    before = set(threading.enumerate())
    with LocalAws() as aws:
        client = function(aws)
        client.put_function_concurrency(FunctionName="where", ReservedConcurrentExecutions=5)
        pid, task_root, temporary = where(client)
        assert runs(pid)
        assert task_root.is_dir()
        url = aws.endpoint_url
    assert not runs(pid)
    assert not task_root.exists()
    assert not temporary.exists()
    assert set(threading.enumerate()) <= before
    host, port = url.removeprefix("http://").split(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))


def test_the_next_one_starts_empty() -> None:
    with LocalAws() as aws:
        function(aws)
        assert aws.leftovers()
    with LocalAws() as aws:
        assert aws.leftovers() == []


def test_an_invocation_under_way_does_not_hold_up_the_end() -> None:
    aws = LocalAws().start()
    client = function(aws)
    pid, _, _ = where(client)
    answers = []

    def call() -> None:
        # The function is ended; whether its caller still learns of that is a matter of milliseconds.
        try:
            answers.append(client.invoke(FunctionName="where", Payload=b"60").get("FunctionError"))
        except BotoCoreError:
            answers.append("Unhandled")

    caller = threading.Thread(target=call)
    caller.start()
    time.sleep(0.3)
    started = time.monotonic()
    aws.close()
    assert time.monotonic() - started < 5
    assert not runs(pid)
    caller.join(10)
    assert answers == ["Unhandled"]


def test_a_second_one_of_the_same_account_is_refused() -> None:
    with LocalAws(), pytest.raises(RuntimeError, match="another account_id"):
        LocalAws().start()


def test_two_accounts_know_nothing_of_each_other() -> None:
    with LocalAws() as first, LocalAws(account_id="111111111111") as second:
        first.client("logs").create_log_group(logGroupName="mine")
        assert second.leftovers() == []
        assert first.leftovers() == ["arn:aws:logs:eu-central-1:123456789012:log-group:mine"]
        assert second.client("sts").get_caller_identity()["Account"] == "111111111111"


def test_what_is_not_running_has_no_address() -> None:
    aws = LocalAws()
    with pytest.raises(RuntimeError, match="not running"):
        _ = aws.endpoint_url
    aws.close()


def test_the_environment_sends_a_process_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of somebody else")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with LocalAws(region="eu-west-1") as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        client = boto3.Session().client("lambda")
        assert client.meta.region_name == "eu-west-1"
        assert client.list_functions()["Functions"] == []


def test_leftovers_are_what_somebody_made() -> None:
    with LocalAws() as aws:
        assert aws.leftovers() == []
        client = function(aws)
        client.publish_version(FunctionName="where")
        client.create_alias(FunctionName="where", Name="live", FunctionVersion="1")
        vpc_id = aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        key = aws.client("kms").create_key()["KeyMetadata"]
        arn = "arn:aws:lambda:eu-central-1:123456789012:function:where"
        role = "arn:aws:iam::123456789012:role/function"
        assert aws.leftovers() == sorted([arn, f"{arn}:1", f"{arn}:live", role, vpc_id, key["Arn"]])
        aws.client("kms").schedule_key_deletion(KeyId=key["KeyId"])
        assert key["Arn"] not in aws.leftovers()


@contextmanager
def running(command: list[str], **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A process of a test's own, which does not outlive the test."""
    process = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_functions_end_with_a_process_that_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A LocalAws elsewhere on the machine would remove the folder, too, and perhaps before it has been looked at.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with running([sys.executable, "-c", textwrap.dedent(PARENT)], TMPDIR=str(tmp_path)) as parent:
        assert parent.stdout is not None
        pid, _, temporary = json.loads(parent.stdout.readline())
        time.sleep(0.5)
        assert runs(pid)
    eventually(lambda: runs(pid), False, 5)
    # What a killed process leaves on disk, the next one removes.
    folder = Path(temporary).parents[1]
    assert folder.exists()
    with LocalAws() as aws:
        where(function(aws))
        assert not folder.exists()


def test_nothing_is_left_of_a_program_that_just_exits() -> None:
    with running([sys.executable, "-c", textwrap.dedent(PARENT)]) as parent:
        assert parent.stdout is not None
        pid, task_root, _ = json.loads(parent.stdout.readline())
        parent.communicate("", timeout=20)
    assert parent.returncode == 0
    assert not runs(pid)
    assert not Path(task_root).exists()


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM])
def test_serve_ends_cleanly_when_it_is_told_to(number: signal.Signals) -> None:
    with running([sys.executable, "-m", "localaws", "serve", "--port", "0"]) as server:
        assert server.stdout is not None
        environment: dict[str, str] = {}
        while "no_proxy" not in environment:
            name, value = server.stdout.readline().removeprefix("export ").strip().split("=", 1)
            environment[name] = value
        client = boto3.Session().client(
            "lambda",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            region_name=environment["AWS_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )
        assert client.list_functions()["Functions"] == []
        server.send_signal(number)
        _, errors = server.communicate(timeout=20)
    assert server.returncode == 0
    assert "Traceback" not in errors
    assert "functions of runtime python3.13 run under Python 3." in errors
