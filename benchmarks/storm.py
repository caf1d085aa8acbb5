"""What a login storm does to the function, with and without provisioned concurrency.

Clients connect to localaws as fast as this machine lets them, each through the deployed bundle under Lambda's own
runtime client. Latencies are those of this machine, cold starts included; what carries over is how the rows compare,
and whether what ``cvpn size`` says is enough.

``python -m benchmarks.storm [CLIENTS [PER_SECOND]]`` lets them come at random moments at a rate instead (default: 400
at 20 a second), which is what docs/sizing.md shows.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks import BUNDLE
from benchmarks.results import Cell, Part, Table
from cvpn.size.concurrency import Demand
from localaws import ConnectionAttempt, LocalAws

POLICY = {"rules": [{"name": "everybody", "effect": "allow"}]}
NAME = "AWSClientVPN-storm"
THROTTLED = "client-connect-handler-throttled"

CLIENTS = 10_000
TRIAL = 500
"""Clients of the storms that are there to be compared with."""
AT_ONCE = 8
"""Clients that wait for their answer at any moment; more only wait for each other on two cores."""


@dataclass(frozen=True)
class Storm:
    """What became of the clients of a storm.

    Attributes
    ----------
    seconds
        That it took.
    warm, cold
        Milliseconds of each connection attempt whose invocation found an environment, and of each that did not.
    throttled, spilled
        Invocations that were refused, and that went beyond what was provisioned.
    """

    seconds: float
    warm: list[float]
    cold: list[float]
    throttled: int
    spilled: int


def measure() -> Part:
    """Measure 10,000 clients with what ``cvpn size`` says, and fewer with less."""
    part = Part("storm")
    table = Table(
        "A login storm",
        (
            "clients",
            "a second",
            "provisioned",
            "throttled",
            "cold starts",
            "warm p50 ms",
            "p99",
            "max",
            "cold p50 ms",
            "max",
        ),
        [],
    )
    trial = storm(TRIAL, _closed)
    table.rows.append(_row(TRIAL, trial, "none"))
    table.rows.append(_row(TRIAL, storm(TRIAL, _closed, provisioned=2), 2))
    demand = Demand(CLIENTS, CLIENTS * trial.seconds / TRIAL, 1, _quantile(trial.warm, 0.5) / 1000, 0.5)
    sized = storm(CLIENTS, _closed, provisioned=demand.provisioned)
    table.rows.append(_row(CLIENTS, sized, demand.provisioned))
    little = CLIENTS / sized.seconds * sum(sized.warm) / len(sized.warm) / 1000
    enough = (
        "as many as were needed: none met a cold start"
        if not sized.spilled
        else f"{sized.spilled} too few at some moment"
    )
    note = (
        f"Closed loop: {AT_ONCE} clients wait at any moment, and the next one comes when one is done. By Little's law, "
        f"{CLIENTS / sized.seconds:.0f} connections a second of {sum(sized.warm) / len(sized.warm):.1f} ms each hold "
        f"{little:.1f} environments on average; `cvpn size` said {demand.provisioned}, {enough}."
    )
    part.tables = [Table(table.title, table.columns, table.rows, note)]
    return part


def _row(clients: int, found: Storm, provisioned: str | int) -> tuple[Cell, ...]:
    cold: tuple[Cell, ...] = ("", "")
    if found.cold:
        cold = (_quantile(found.cold, 0.5), max(found.cold))
    warm = tuple(_quantile(found.warm, share) for share in (0.5, 0.99, 1))
    return (
        clients,
        round(clients / found.seconds, 1),
        provisioned,
        found.throttled,
        found.spilled if isinstance(provisioned, int) else len(found.cold),
        *warm,
        *cold,
    )


def main(arguments: Sequence[str]) -> None:
    """Measure at a rate, and print a table."""
    clients = int(arguments[0]) if arguments else 400
    per_second = int(arguments[1]) if len(arguments) > 1 else 20
    print(f"{clients} clients, {per_second} a second, at random moments")
    print(f"{'':<38}{'throttled':>10}{'cold':>6}{'p50 ms':>8}{'p99 ms':>8}{'max ms':>8}")

    def row(title: str, **options: int) -> float:
        found = storm(clients, _at_rate(per_second), **options)
        served = found.warm + found.cold
        cold = found.spilled if "provisioned" in options else len(found.cold)
        quantiles = [_quantile(served, share) for share in (0.5, 0.99, 1)]
        print(f"{title:<38}{found.throttled:>10}{cold:>6}" + "".join(f"{value:>8.0f}" for value in quantiles))
        return quantiles[0]

    row("nothing set aside")
    median = row("4 provisioned", provisioned=4)
    row("2 reserved", reserved=2)
    demand = Demand(clients, clients / per_second, 1, median / 1000, 0.5)
    row(f"{demand.provisioned} provisioned, as cvpn size says", provisioned=demand.provisioned)


Connect = Callable[[int], ConnectionAttempt]
Offer = Callable[[int, Connect], list[ConnectionAttempt]]
"""Lets a number of clients connect, and returns what became of them."""


def _closed(clients: int, connect: Connect) -> list[ConnectionAttempt]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(connect, range(clients)))


def _at_rate(per_second: int) -> Offer:
    def offer(clients: int, connect: Connect) -> list[ConnectionAttempt]:
        chosen = random.Random(1)  # noqa: S311 - the same storm each time
        with ThreadPoolExecutor(clients) as pool:
            attempts = []
            for number in range(clients):
                time.sleep(chosen.expovariate(per_second))
                attempts.append(pool.submit(connect, number))
            return [attempt.result() for attempt in attempts]

    return offer


def storm(clients: int, offer: Offer, provisioned: int | None = None, reserved: int | None = None) -> Storm:
    """Run one storm against a new function."""
    with LocalAws(account_id="555555555555") as aws:
        endpoint_id = _endpoint(aws, provisioned, reserved)
        started = time.perf_counter()
        attempts = offer(clients, lambda number: aws.connect(endpoint_id, common_name=f"client-{number}"))
        seconds = time.perf_counter() - started
        spilled = aws.metric_sum("AWS/Lambda", "ProvisionedConcurrencySpilloverInvocations", {"FunctionName": NAME})
    reasons = Counter(attempt.failure_reason for attempt in attempts)
    unexpected = set(reasons) - {None, THROTTLED}
    if unexpected:
        raise SystemExit(f"Connections failed for another reason: {unexpected}")
    served = [attempt for attempt in attempts if attempt.allowed]
    return Storm(
        seconds,
        [attempt.duration_ms for attempt in served if not attempt.cold_start],
        [attempt.duration_ms for attempt in served if attempt.cold_start],
        reasons[THROTTLED],
        int(spilled),
    )


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]


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
        ClientCidrBlock="10.96.0.0/14",  # addresses for all, who stay,
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
