"""What a login storm does to the function, with and without provisioned concurrency.

``python -m benchmarks.storm [CLIENTS [PER_SECOND]]`` lets clients connect to localaws at random moments at a rate
(default: 400 at 20 a second), each through the deployed bundle under Lambda's own runtime client, and prints what
became of them. Latencies are those of this machine, cold starts included; what carries over is how the rows compare.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cvpn.concurrency import Demand
from localaws import LocalAws

BUNDLE = Path(__file__).parents[1] / "modules" / "handler" / "connect_handler.zip"
POLICY = {"rules": [{"name": "everybody", "effect": "allow"}]}
NAME = "AWSClientVPN-storm"
THROTTLED = "client-connect-handler-throttled"


def main(arguments: Sequence[str]) -> None:
    """Measure, and print a table."""
    clients = int(arguments[0]) if arguments else 400
    per_second = int(arguments[1]) if len(arguments) > 1 else 20
    print(f"{clients} clients, {per_second} a second, at random moments")
    print(f"{'':<38}{'throttled':>10}{'cold':>6}{'p50 ms':>8}{'p99 ms':>8}{'max ms':>8}")
    row("nothing set aside", clients, per_second)
    median = row("4 provisioned", clients, per_second, provisioned=4)
    row("2 reserved", clients, per_second, reserved=2)
    demand = Demand(clients, clients / per_second, 1, median / 1000, 0.5)
    row(
        f"{demand.provisioned} provisioned, as cvpn size says",
        clients,
        per_second,
        provisioned=demand.provisioned,
    )


def row(
    title: str, clients: int, per_second: int, provisioned: int | None = None, reserved: int | None = None
) -> float:
    """Run one storm and print its row; returns the median latency in ms."""
    with LocalAws(account_id="555555555555") as aws:
        endpoint_id = _endpoint(aws, provisioned, reserved)
        chosen = random.Random(1)  # noqa: S311 - the same storm each time
        with ThreadPoolExecutor(clients) as pool:
            attempts = []
            for number in range(clients):
                time.sleep(chosen.expovariate(per_second))
                attempts.append(pool.submit(_connect, aws, endpoint_id, number))
            results = [attempt.result() for attempt in attempts]
        spilled = aws.metric_sum("AWS/Lambda", "ProvisionedConcurrencySpilloverInvocations", {"FunctionName": NAME})
    reasons = Counter(reason for reason, _, _ in results)
    unexpected = set(reasons) - {None, THROTTLED}
    if unexpected:
        raise SystemExit(f"Connections failed for another reason: {unexpected}")
    served = sorted(latency for reason, latency, _ in results if reason is None)
    cold = spilled if provisioned else sum(is_cold for _, _, is_cold in results)
    quantiles = [served[int(share * (len(served) - 1))] for share in (0.5, 0.99, 1)]
    print(f"{title:<38}{reasons[THROTTLED]:>10}{int(cold):>6}" + "".join(f"{value:>8.0f}" for value in quantiles))
    return quantiles[0]


def _connect(aws: LocalAws, endpoint_id: str, number: int) -> tuple[str | None, float, bool]:
    started = time.perf_counter()
    attempt = aws.connect(endpoint_id, common_name=f"client-{number}")
    return attempt.failure_reason, 1000 * (time.perf_counter() - started), bool(attempt.cold_start)


def _endpoint(aws: LocalAws, provisioned: int | None, reserved: int | None) -> str:
    role = aws.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    functions = aws.client("lambda")
    functions.create_function(
        FunctionName=NAME,
        Runtime="python3.13",
        Role=role,
        Handler="connect_handler.handler.handler",
        Code={"ZipFile": BUNDLE.read_bytes()},
        Environment={"Variables": {"POLICY": json.dumps(POLICY)}},
        Timeout=10,
        Publish=True,
    )
    alias = functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")["AliasArn"]
    if reserved:
        functions.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=reserved)
    if provisioned:
        functions.put_provisioned_concurrency_config(
            FunctionName=NAME, Qualifier="1", ProvisionedConcurrentExecutions=provisioned
        )
        while functions.get_provisioned_concurrency_config(FunctionName=NAME, Qualifier="1")["Status"] == "IN_PROGRESS":
            time.sleep(0.1)
    certificate = aws.import_certificate("vpn.example.com")
    endpoint = aws.client("ec2").create_client_vpn_endpoint(
        ClientCidrBlock="10.100.0.0/20",
        ServerCertificateArn=certificate,
        AuthenticationOptions=[
            {
                "Type": "certificate-authentication",
                "MutualAuthentication": {"ClientRootCertificateChainArn": certificate},
            }
        ],
        ConnectionLogOptions={"Enabled": False},
        ClientConnectOptions={"Enabled": True, "LambdaFunctionArn": alias},
    )
    return str(endpoint["ClientVpnEndpointId"])


if __name__ == "__main__":
    main(sys.argv[1:])
