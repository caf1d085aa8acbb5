"""Replays chunks of a log, on all cores where there is more than one chunk."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain, islice

from connect_handler.policy import Policy
from cvpn.failures import Failure
from cvpn.log_lines import Entry, Unreadable, entries

from .chunks import Chunk
from .comparison import NotReplayable, compare
from .tally import NOT_REPLAYABLE, SAME, Group, GroupKey, Tally

AHEAD = 2
"""Chunks per worker that are read ahead."""


@dataclass(frozen=True)
class Period:
    """Decisions from ``since`` on and before ``until`` are replayed; seconds since 1970-01-01 UTC."""

    since: float = float("-inf")
    until: float = float("inf")


def replay(text: str, chunks: Iterator[Chunk], period: Period, jobs: int | None = None) -> Tally:
    """Replay a log.

    Parameters
    ----------
    text
        The policy document, of a valid policy.
    chunks
        The log.
    period
        Which of its decisions to replay.
    jobs
        How many processes to use; None for one per core.

    Raises
    ------
    Failure
        The log cannot be read, or a process was ended from outside.
    """
    jobs = jobs or _cores()
    first = list(islice(chunks, 2))
    tally = Tally()
    if jobs == 1 or len(first) < 2:
        policy = Policy(text)
        for chunk in chain(first, chunks):
            tally.merge(tally_of(policy, chunk, period))
        return tally
    # A fresh process for each worker: a copy of this one would have its threads' locks, too.
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(jobs, context, _start, (text, period))
    try:
        waiting: deque[Future[Tally]] = deque()
        for chunk in chain(first, chunks):
            waiting.append(executor.submit(_work, chunk))
            if len(waiting) > jobs * AHEAD:
                tally.merge(waiting.popleft().result())
        while waiting:
            tally.merge(waiting.popleft().result())
    except BrokenProcessPool:
        raise Failure(
            "a process that replays was ended from outside, perhaps for want of memory; try --jobs 1"
        ) from None
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
    return tally


def _cores() -> int:
    """Return how many cores this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_policy: Policy
_period: Period


def _start(text: str, period: Period) -> None:
    """Prepare a worker. Ctrl-C is for the process that started it, which then stops giving it work."""
    global _policy, _period
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _policy = Policy(text)
    _period = period


def _work(chunk: Chunk) -> Tally:
    return tally_of(_policy, chunk, _period)


def tally_of(policy: Policy, chunk: Chunk, period: Period) -> Tally:
    """Replay the decisions of a chunk."""
    tally = Tally()
    for number, line in enumerate(chunk.text.split(b"\n"), start=chunk.first):
        try:
            for entry in entries(line.decode()):
                _count(tally, policy, entry, period)
        except Unreadable as problem:
            tally.add_unreadable(f"{chunk.name}:{number}: {problem}")
        except UnicodeDecodeError:
            tally.add_unreadable(f"{chunk.name}:{number}: is not UTF-8 text")
    return tally


def _count(tally: Tally, policy: Policy, entry: Entry, period: Period) -> None:
    if entry.decision is None or entry.at is None:
        raise Unreadable(f"is no decision but a {entry.kind}; ask cvpn simulate about it")
    if not period.since <= entry.at < period.until:
        return
    try:
        change, before, after = compare(policy, entry)
    except NotReplayable as reason:
        tally.count(NOT_REPLAYABLE, entry.at)
        tally.reasons[str(reason)] += 1
        return
    tally.count(change or SAME, entry.at)
    if change is not None:
        event = entry.event if isinstance(entry.event, dict) else {}
        user = str(event.get("username") or event.get("common-name") or "-")
        example = str(event.get("connection-id") or "-")
        tally.add_change(GroupKey(change, user, before, after), Group(1, entry.at, entry.at, example))
