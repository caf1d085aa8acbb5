"""Many clients at once, of whom the function can serve a few at a time."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from localaws import ConnectionAttempt, LocalAws
from tests.unit.localaws.helpers import endpoint_with_handler

ROOT = Path(__file__).parents[4]
BUNDLE = ROOT / "modules" / "handler" / "connect_handler.zip"
NAME = "AWSClientVPN-storm"
SIZES = [pytest.param((150, 20), id="150"), pytest.param((1000, 20), id="1000", marks=pytest.mark.slow)]
"""How many clients there are, and how many of them the function can serve at a time."""

PATIENCE = 300.0
"""Seconds that a client waits for the function, and the test for a client."""

POLICY = {
    "rules": [
        {"name": "no-phones", "effect": "deny", "when": {"platform": ["android"]}},
        {"name": "everybody", "effect": "allow"},
    ]
}
ALLOWED, DENIED = "allowed", "client-connect-failed"
THROTTLED = "client-connect-handler-throttled"
EXECUTION_ERROR = "client-connect-handler-other-execution-error"


class World:
    """A localaws with the deployed bundle behind an endpoint."""

    def __init__(self, aws: LocalAws, clients: int, reserved: int):
        self.aws = aws
        self.clients = clients
        self.reserved = reserved
        self.endpoint_id = endpoint_with_handler(
            aws,
            BUNDLE.read_bytes(),
            NAME,
            # A /21 block has an address for each of them.
            client_cidr_block="10.100.0.0/21",
            Handler="connect_handler.handler.handler",
            Environment={"Variables": {"POLICY": json.dumps(POLICY)}},
            Timeout=60,
        )
        aws.client("lambda").put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=reserved)

    def storm(self) -> list[ConnectionAttempt]:
        """Lets all clients connect at the same moment; returns when the last has its outcome."""
        start = threading.Barrier(self.clients)

        def connect(number: int) -> ConnectionAttempt:
            start.wait(60)
            # Half and half: twenty that are served are of both kinds, all but once in half a million runs.
            platform = "android" if number % 2 else "linux"
            return self.aws.connect(self.endpoint_id, common_name=f"client-{number}", platform=platform)

        with ThreadPoolExecutor(self.clients) as pool:
            return [
                attempt.result(PATIENCE) for attempt in [pool.submit(connect, number) for number in range(self.clients)]
            ]

    def endpoint_metric(self, name: str) -> float:
        return self.aws.metric_sum("AWS/ClientVPN", name, {"Endpoint": self.endpoint_id})

    def function_metric(self, name: str) -> float:
        return self.aws.metric_sum("AWS/Lambda", name, {"FunctionName": NAME})

    def check(self, attempts: list[ConnectionAttempt]) -> Counter[str]:
        """Compares log, metrics and connections with the outcomes; how many there were of each."""
        outcomes = Counter(attempt.failure_reason or ALLOWED for attempt in attempts)
        events = self.aws.connection_log(self.endpoint_id)
        logged = Counter(event["connection-attempt-failure-reason"].replace("NA", ALLOWED) for event in events)
        assert logged == outcomes
        assert self.endpoint_metric("ClientConnectHandlerDeniedConnections") == outcomes[DENIED]
        assert self.endpoint_metric("ClientConnectHandlerThrottlingErrors") == outcomes[THROTTLED]
        assert self.endpoint_metric("ClientConnectHandlerOtherExecutionErrors") == outcomes[EXECUTION_ERROR]
        assert self.function_metric("Throttles") == outcomes[THROTTLED]
        assert self.function_metric("Invocations") == self.clients - outcomes[THROTTLED]
        assert self.function_metric("Errors") == outcomes[EXECUTION_ERROR]
        connections = self.aws.client("ec2").describe_client_vpn_connections(ClientVpnEndpointId=self.endpoint_id)
        up = [attempt for attempt in attempts if attempt.allowed]
        described = {one["ConnectionId"]: one["ClientIp"] for one in connections["Connections"]}
        assert described == {attempt.connection_id: attempt.client_ip for attempt in up}
        assert len(set(described.values())) == len(up)
        assert all(attempt.failure_reason == THROTTLED or attempt.interpreter for attempt in attempts)
        return outcomes


def runtime_processes() -> list[int]:
    """The function's processes, as the system lists the children of this one."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rsplit(")", 1)[1].split()[1])
            command = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == os.getpid() and b"awslambdaric" in command:
            found.append(int(status.parent.name))
    return found


@contextmanager
def random_deaths() -> Iterator[list[int]]:
    """Kills one of the function's processes now and then; yields those that it has killed."""
    over = threading.Event()
    killed: list[int] = []

    def kill() -> None:
        chance = random.Random(7)
        while not over.wait(0.05):
            processes = runtime_processes()
            if processes:
                killed.append(chance.choice(processes))
                os.kill(killed[-1], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield killed
    finally:
        over.set()
        killer.join(20)


@pytest.fixture(params=SIZES)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    # On a busy machine too, nobody is to give up waiting.
    with LocalAws(account_id="555555555555", client_connect_timeout=PATIENCE) as aws:
        yield World(aws, *request.param)
    assert runtime_processes() == []


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found in /proc")
def test_every_client_is_allowed_denied_or_throttled_and_the_counts_add_up(world: World) -> None:
    outcomes = world.check(world.storm())
    # A busy machine sends the clients so slowly that none of them may be throttled.
    assert {ALLOWED, DENIED} <= set(outcomes) <= {ALLOWED, DENIED, THROTTLED}
    assert outcomes.total() == world.clients
    assert len(runtime_processes()) <= world.reserved


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found in /proc")
def test_handlers_that_are_killed_fail_their_own_client_and_nobody_else(world: World) -> None:
    with random_deaths() as killed:
        attempts = world.storm()
    outcomes = world.check(attempts)
    # Of those that were killed, some had nobody to answer.
    assert 0 < outcomes[EXECUTION_ERROR] <= len(killed)
    assert set(outcomes) <= {ALLOWED, DENIED, THROTTLED, EXECUTION_ERROR}
    assert outcomes.total() == world.clients
    # All is well again, and nobody's place is lost.
    assert world.aws.connect(world.endpoint_id, platform="linux").allowed
    assert not world.aws.connect(world.endpoint_id, platform="android").allowed
