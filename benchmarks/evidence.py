"""Evidence from outside: what asking for it costs a cold start and a connection, and what its client costs.

DynamoDB and EC2 are localaws's, on loopback, which take longer for an answer than AWS's own within a Region.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from benchmarks import DEFAULT_MINOR, reference
from benchmarks.results import Part, Table, figure
from benchmarks.runtime_api import FunctionProcess
from benchmarks.starts import HANDLER, runtimes, unpack
from localaws import LocalAws
from localaws.awslambda.interpreters import Runtime

ROUNDS = 3
CALLS = 100
DEVICES, CONNECTIONS = "devices", "connections"

DEVICE_RULE = {"name": "lost", "effect": "deny", "when": {"device": {"status": ["lost"]}}}
SESSIONS_RULE = {"name": "one", "effect": "deny", "when": {"sessions": {"by": "username", "at_least": 1}}}
ELSEWHERE = {"name": "x", "effect": "deny", "when": {"device": {"status": ["lost"]}, "groups": ["nobody"]}}

_INVENTORY = {"DEVICE_INVENTORY": json.dumps({"table": DEVICES})}
_CONNECTIONS = {"CONNECTIONS": json.dumps({"table": CONNECTIONS})}
_REQUESTS = {"CONNECTIONS": json.dumps({"table": CONNECTIONS, "requests": True})}

KINDS: dict[str, tuple[list[dict[str, Any]], dict[str, str]]] = {
    "nothing": ([], {}),
    "a device that does not matter": ([ELSEWHERE], _INVENTORY),
    "the device": ([DEVICE_RULE], _INVENTORY),
    "the request is kept for re-authorization": ([], _REQUESTS),
    "other connections": ([SESSIONS_RULE], _CONNECTIONS),
    "all of it": ([DEVICE_RULE, SESSIONS_RULE], _INVENTORY | _REQUESTS),
}
"""Rules that are added to those of the reference policy, and variables, by title."""

CLIENTS = {
    "boto3, DynamoDB": 'import boto3\nboto3.client("dynamodb")',
    "boto3, DynamoDB and EC2": 'import boto3\nboto3.client("dynamodb")\nboto3.client("ec2")',
    "botocore without boto3, DynamoDB": 'import botocore.session\nbotocore.session.Session().create_client("dynamodb")',
    "botocore's signer with its HTTP session": (
        "from botocore.auth import SigV4Auth\nfrom botocore.awsrequest import AWSRequest\n"
        "from botocore.credentials import create_credential_resolver\n"
        "from botocore.httpsession import URLLib3Session\nURLLib3Session()"
    ),
    "signed by hand, with http.client": "import hashlib, hmac, http.client, ssl\nssl.create_default_context()",
}
_CLIENT = """
import awslambdaric.bootstrap, sys, time
began = time.perf_counter_ns()
{}
sys.stderr.write(str((time.perf_counter_ns() - began) / 1e6))
"""


def measure() -> Part:
    """Measure under the default runtime."""
    part = Part("evidence")
    columns = ("asked for", "start to first poll ms", "first call ms", "a call µs", "peak memory MB")
    rows: list[Any] = []
    with runtimes((DEFAULT_MINOR,)) as found, LocalAws() as aws, tempfile.TemporaryDirectory() as name:
        if DEFAULT_MINOR not in found:
            return part
        runtime = found[DEFAULT_MINOR][1]
        bundle, _ = unpack(Path(name), runtime)
        _tables(aws)
        took: dict[str, list[tuple[float, float, float, float]]] = defaultdict(list)
        for number in range(ROUNDS):
            for title, (rules, variables) in KINDS.items():
                policy = reference.policy(10)
                document = reference.document({**policy, "rules": [*rules, *policy["rules"]]})
                environment = {**aws.environment, "POLICY": document, **variables}
                with FunctionProcess(runtime, bundle, HANDLER, environment) as process:
                    answers = [process.call(_event(title, number, call)) for call in range(CALLS + 20)]
                    if not all(answer["allow"] for answer, _ in answers):
                        raise RuntimeError(f"{title}: a connection was denied that the policy allows")
                    warm = sorted(us for _, us in answers[20:])[CALLS // 2]
                    took[title].append((process.start_ms, answers[0][1] / 1000, warm, process.peak_memory() / 1e6))
        for title, values in took.items():
            start, first, calls, peaks = zip(*values, strict=True)
            rows.append((title, figure(start), figure(first), figure(calls), round(max(peaks), 1)))
        direct = _direct(aws)
        note = (
            f"The reference policy with 10 rules, and rules that ask for evidence before them. localaws alone takes "
            f"{direct:.1f} ms to answer a GetItem; DynamoDB usually takes less than 10."
        )
        clients = _clients(runtime, aws.environment)
    part.tables = [Table("A connection with evidence", columns, rows, note), clients]
    return part


def _event(title: str, number: int, call: int) -> bytes:
    """Return a request of a user of its own, so that nobody is connected already."""
    who = f"{title}-{number}-{call}@example.com".replace(" ", "-")
    changed = {"username": who, "common-name": "laptop-1", "connection-id": f"cvpn-connection-{who}"}
    return json.dumps(reference.EVENT | changed).encode()


def _tables(aws: LocalAws) -> None:
    dynamodb = aws.client("dynamodb")
    for table, key in ((DEVICES, "common_name"), (CONNECTIONS, "id")):
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        )
    device = {"common_name": {"S": "laptop-1"}, "status": {"S": "compliant"}}
    dynamodb.put_item(TableName=DEVICES, Item=device)


def _direct(aws: LocalAws) -> float:
    """Return ms that localaws takes to answer, without the handler."""
    dynamodb = aws.client("dynamodb")
    took = []
    for _ in range(50):
        began = time.perf_counter()
        dynamodb.get_item(TableName=DEVICES, Key={"common_name": {"S": "laptop-1"}})
        took.append(1000 * (time.perf_counter() - began))
    return sorted(took)[25]


def _clients(runtime: Runtime, environment: dict[str, str]) -> Table:
    """Measure what a client of DynamoDB costs after the runtime client's imports."""
    took: dict[str, list[float]] = defaultdict(list)
    for _ in range(2 * ROUNDS):
        for title, code in CLIENTS.items():
            done = subprocess.run(
                [runtime.executable, "-c", _CLIENT.format(code)],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            )
            took[title].append(float(done.stderr))
    rows: list[Any] = [(title, figure(values)) for title, values in took.items()]
    return Table("A client of DynamoDB, ms", ("client", "import and first client"), rows)
