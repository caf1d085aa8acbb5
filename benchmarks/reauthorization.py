"""Re-authorization of as many connections as an endpoint can have, 126,000, in one run of the deployed function.

AWS is localaws's, which shares the cores with the function; so what is told is how the work grows, and that it ends.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

from benchmarks import reference
from benchmarks.results import Cell, Part, Table
from localaws import LocalAws
from tools.bundle import BUNDLE

LARGEST = 126_000
"""Concurrent connections of an endpoint with five associated subnets,
https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/limits.html"""
SIZES = (1_000, 10_000, LARGEST)
DENIED = 1_000
"""One connection in so many is of a device that was quarantined."""
MEMORY_MB = 512

HANDLER, FUNCTION = "AWSClientVPN-bench", "ClientVPNReauthorization-bench"
DEVICES, CONNECTIONS = "devices", "connections"
RULES = [
    {"name": "quarantined", "effect": "deny", "when": {"device": {"status": ["quarantined"]}}},
    {"name": "managed", "effect": "allow", "when": {"device": {"registered": True}}},
]


def measure(sizes: tuple[int, ...] = SIZES) -> Part:
    """Measure a run that ends one connection in a thousand."""
    columns = ("connections", "denied and ended", "seconds", "a connection µs", "memory MB")
    rows: list[tuple[Cell, ...]] = []
    for size in sizes:
        with LocalAws(transition_seconds=0.0) as aws:
            prepare(aws, size)
            result, seconds, memory = run(aws)
        rows.append((size, result["terminated"], seconds, seconds / size * 1e6, memory))
    note = (
        f"The function has {MEMORY_MB} MB and 900 s, and localaws has the same cores. Every connection's request and "
        "device are looked up, a hundred at a time. The memory is Lambda's figure: the most that the process has held."
    )
    return Part("reauthorization", [Table("A run of re-authorization", columns, rows, note)])


def prepare(aws: LocalAws, size: int) -> None:
    """Deploy both functions, and have so many clients connected."""
    endpoint_id = _endpoint(aws)
    _functions(aws, endpoint_id)
    ids = aws.add_connections(
        endpoint_id,
        ({"username": f"user{number}@example.com", "common_name": f"laptop-{number}"} for number in range(size)),
    )
    _fill(aws, DEVICES, "common_name", _devices(size))
    _fill(aws, CONNECTIONS, "id", _requests(endpoint_id, ids))


def run(aws: LocalAws) -> tuple[dict[str, Any], float, int]:
    """Invoke the function; return its answer, the seconds that it took, and the MB that it has held.

    Raises
    ------
    RuntimeError
        It has not decided on all connections, or not ended those that it should have.
    """
    from botocore.config import Config

    function = aws.client("lambda", config=Config(read_timeout=900, retries={"total_max_attempts": 1}))
    began = time.perf_counter()
    result: dict[str, Any] = json.load(function.invoke(FunctionName=FUNCTION)["Payload"])
    seconds = time.perf_counter() - began
    size = result.get("connections", 0)
    expected = {"evaluated": size, "terminated": -(-size // DENIED), "failed": 0, "complete": True}
    if not size or {key: result.get(key) for key in expected} != expected:
        raise RuntimeError(f"The run did not do what it should: {str(result)[:500]}")
    report = next(line for line in reversed(aws.log_messages(f"/aws/lambda/{FUNCTION}")) if "Max Memory" in line)
    memory = re.search(r"Max Memory Used: ([0-9]+) MB", report)
    return result, seconds, int(memory[1]) if memory else 0


def _endpoint(aws: LocalAws) -> str:
    certificate = aws.import_certificate("vpn.example.com")
    mutual = {"ClientRootCertificateChainArn": certificate}
    made = aws.client("ec2").create_client_vpn_endpoint(
        ClientCidrBlock="10.0.0.0/12",
        ServerCertificateArn=certificate,
        AuthenticationOptions=[{"Type": "certificate-authentication", "MutualAuthentication": mutual}],
        ConnectionLogOptions={"Enabled": False},
    )
    return str(made["ClientVpnEndpointId"])


def _functions(aws: LocalAws, endpoint_id: str) -> None:
    """Deploy the connect handler, whose configuration is read, and the function that runs."""
    role = aws.client("iam").create_role(RoleName="bench", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    functions = aws.client("lambda")
    of_handler = {
        "POLICY": reference.document({"rules": RULES}),
        "DEVICE_INVENTORY": json.dumps({"table": DEVICES}),
        "CONNECTIONS": json.dumps({"table": CONNECTIONS, "requests": True}),
    }
    configuration = {
        "function": HANDLER,
        "endpoints": {endpoint_id: "staff"},
        "brake_share": 0.1,
        "brake_floor": 5,
        "terminations_per_second": 1000,
    }
    for name, handler, variables in (
        (HANDLER, "connect_handler.handler.handler", of_handler),
        (FUNCTION, "connect_handler.reauthorization.handler.handler", {"REAUTHORIZATION": json.dumps(configuration)}),
    ):
        functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler=handler,
            Code={"ZipFile": BUNDLE.read_bytes()},
            Environment={"Variables": variables},
            MemorySize=MEMORY_MB,
            Timeout=900,
            Publish=True,
        )
    functions.create_alias(FunctionName=HANDLER, Name="staff", FunctionVersion="1")


def _devices(size: int) -> Iterator[dict[str, Any]]:
    for number in range(size):
        status = "quarantined" if number % DENIED == 0 else "compliant"
        yield {"common_name": {"S": f"laptop-{number}"}, "status": {"S": status}}


def _requests(endpoint_id: str, ids: list[str]) -> Iterator[dict[str, Any]]:
    for number, connection_id in enumerate(ids):
        own = {"username": f"user{number}@example.com", "common-name": f"laptop-{number}"}
        event = reference.EVENT | own | {"connection-id": connection_id, "endpoint-id": endpoint_id}
        yield {
            "id": {"S": f"connection#{connection_id}"},
            "endpoint_id": {"S": endpoint_id},
            "request": {"S": json.dumps(event)},
            "since": {"N": "1795000000.000"},
        }


def _fill(aws: LocalAws, table: str, key: str, items: Iterator[dict[str, Any]]) -> None:
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
    )
    aws.add_items(table, items)
