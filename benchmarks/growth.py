"""How a decision and its preparation grow: with rules, with networks and with groups."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from benchmarks.reference import EVENT, MONDAY_NOON, document, policy, requests
from benchmarks.results import Part, Table, figure
from connect_handler.contract.request import Request
from connect_handler.decision.evaluate import evaluate
from connect_handler.policy.document import read_policy
from connect_handler.policy.model import Policy

RULES = (10, 30, 100, 300, 1000, 3000, 10_000)
NETWORKS = (20, 100, 1000, 10_000, 100_000)
GROUPS = (0, 1, 5, 20, 50, 100, 200)
ROUNDS = 9
DECISIONS = 4000
LOADS = 3

Sample = tuple[Request, float]


def measure() -> Part:
    """Measure the three, each as a table."""
    part = Part("growth")
    for what, sizes, made in (("rules", RULES, _rules), ("networks", NETWORKS, _networks), ("groups", GROUPS, _groups)):
        documents, samples = zip(*(made(size) for size in sizes), strict=True)
        loads = _loads(documents) if what != "groups" else []
        policies = [read_policy(document) for document in documents]
        gc.collect()
        gc.freeze()  # as the handler does: what is loaded stays
        decisions = _decisions(policies, samples)
        gc.unfreeze()
        columns: tuple[str, ...] = (what, "decision µs") + (("load ms", "document kB") if loads else ())
        table = Table(f"Growth with {what}", columns, [])
        for number, size in enumerate(sizes):
            more = (figure(loads[number]), round(len(documents[number].encode()) / 1000, 1)) if loads else ()
            table.rows.append((size, figure(decisions[number]), *more))
        part.tables.append(table)
    return part


def _rules(number: int) -> tuple[str, list[Sample]]:
    return document(policy(number)), requests()


def _networks(number: int) -> tuple[str, list[Sample]]:
    """A blocklist of networks of several lengths, and one address in 16 on it."""
    networks = [
        f"{10 + (index >> 16)}.{index >> 8 & 255}.{index & 255}.0/{24 + index % 3 % 2}" for index in range(number)
    ]
    rules = [
        {"name": "blocklist", "effect": "deny", "when": {"public_ip": networks}},
        {"name": "staff", "effect": "allow", "when": {"groups": ["engineering"]}},
    ]
    addresses = ["10.0.0.7", *(f"198.51.{index * 37 % 256}.{index * 101 % 256}" for index in range(1, 16))]
    samples = [(_request({"public-ip": address}), MONDAY_NOON) for address in addresses]
    return document({"rules": rules}), samples


def _groups(number: int) -> tuple[str, list[Sample]]:
    """The reference policy, and a user in many groups of which the last one is what a rule asks for."""
    groups = [f"Department-{index}" for index in range(number - 1)] + ["engineering"] * bool(number)
    return document(policy(10)), [(_request({"groups": groups}), MONDAY_NOON)]


def _request(change: dict[str, Any]) -> Request:
    return Request({**EVENT, **change}, "staff")


def _decisions(policies: Sequence[Policy], samples: Sequence[Sequence[Sample]]) -> list[list[float]]:
    """Return µs of a decision in each round, for each policy with its samples."""

    def decide(policy: Policy, requests: Sequence[Sample]) -> float:
        repeats = max(1, DECISIONS // len(requests))
        started = time.perf_counter_ns()
        for _ in range(repeats):
            for request, now in requests:
                evaluate(policy, request, now)
        return (time.perf_counter_ns() - started) / 1000 / repeats / len(requests)

    return _interleaved([partial(decide, *pair) for pair in zip(policies, samples, strict=True)], ROUNDS)


def _loads(documents: Sequence[str]) -> list[list[float]]:
    """Return ms of loading each document, round by round; as in the handler, without looking for garbage."""

    def load(document: str) -> float:
        gc.collect()
        gc.disable()
        started = time.perf_counter_ns()
        read_policy(document)
        took = (time.perf_counter_ns() - started) / 1e6
        gc.enable()
        return took

    return _interleaved([partial(load, document) for document in documents], LOADS)


def _interleaved(measures: Sequence[Callable[[], float]], rounds: int) -> list[list[float]]:
    found: list[list[float]] = [[] for _ in measures]
    for _ in range(rounds):
        for values, one in zip(found, measures, strict=True):
            values.append(one())
    return found
