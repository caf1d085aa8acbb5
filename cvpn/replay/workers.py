"""Replays chunks of a log, on all cores where there is more than one chunk."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing.connection import Connection
from types import TracebackType

from connect_handler.policy.document import read_policy
from connect_handler.policy.model import Policy
from cvpn.failures import Failure
from cvpn.requests.log_record import LogRecord, UnreadableRecord, records_of_line

from .chunks import Chunk
from .comparison import NotReplayable, compare
from .tally import NOT_REPLAYABLE, SAME, Group, GroupKey, Tally


@dataclass(frozen=True)
class Period:
    """Decisions from ``since`` on and before ``until`` are replayed; seconds since 1970-01-01 UTC."""

    since: float = float("-inf")
    until: float = float("inf")


def replay_chunks(text: str, chunks: Iterator[Chunk], period: Period, jobs: int | None = None) -> Tally:
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
        policy = read_policy(text)
        for chunk in chain(first, chunks):
            tally.merge(tally_of(policy, chunk, period))
        return tally
    with ExitStack() as started:
        # Each chunk goes to the worker that has had its last one for the longest: the tallies come in the log's order.
        busy: deque[_Worker] = deque()
        for chunk in chain(first, chunks):
            if len(busy) < jobs:
                worker = started.enter_context(_Worker(text, period))
            else:
                worker = busy.popleft()
                tally.merge(worker.result())
            worker.submit(chunk)
            busy.append(worker)
        for worker in busy:
            tally.merge(worker.result())
    return tally


def _cores() -> int:
    """Return how many cores this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Worker:
    """A process that replays one chunk at a time.

    It has a pipe of its own. Python's ProcessPoolExecutor has one for all its workers, and waits for ever where one is
    killed, as the system does for want of memory, while it holds that.
    """

    def __init__(self, text: str, period: Period) -> None:
        # A fresh process: a copy of this one would have its threads' locks, too.
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, text, period), daemon=True)
        with theirs, _ctrl_c_held():
            self._process.start()

    def __enter__(self) -> _Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connection.close()
        if kind is not None:
            self._process.kill()
        self._process.join()

    def submit(self, chunk: Chunk) -> None:
        """Hand over a chunk. The tally of the one before must have been taken: else both would wait to be read."""
        try:
            self._connection.send(chunk)
        except OSError:
            raise self._ended() from None

    def result(self) -> Tally:
        """Wait for the tally of the chunk."""
        try:
            tally: Tally = self._connection.recv()
        except (EOFError, OSError):
            raise self._ended() from None
        return tally

    def _ended(self) -> Failure:
        self._process.join()
        status = self._process.exitcode or 0
        how = f"was ended by signal {-status}, perhaps for want of memory" if status < 0 else f"ended with {status}"
        return Failure(f"a process that replays {how}; try --jobs 1")


@contextmanager
def _ctrl_c_held() -> Iterator[None]:
    """Hold back Ctrl-C while a worker is started, which inherits that: it is for the process that starts them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(connection: Connection, text: str, period: Period) -> None:
    """Replay chunks as they come, until no more can come."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    policy = read_policy(text)
    with connection, suppress(EOFError, BrokenPipeError):
        while True:
            connection.send(tally_of(policy, connection.recv(), period))


def tally_of(policy: Policy, chunk: Chunk, period: Period) -> Tally:
    """Replay the decisions of a chunk."""
    tally = Tally()
    for number, line in enumerate(chunk.text.split(b"\n"), start=chunk.first):
        try:
            for record in records_of_line(line.decode()):
                _count(tally, policy, record, period)
        except UnreadableRecord as problem:
            tally.add_unreadable(f"{chunk.name}:{number}: {problem}")
        except UnicodeDecodeError:
            tally.add_unreadable(f"{chunk.name}:{number}: is not UTF-8 text")
    return tally


def _count(tally: Tally, policy: Policy, record: LogRecord, period: Period) -> None:
    if record.decision is None or record.at is None:
        raise UnreadableRecord(f"is no decision but a {record.kind}; ask cvpn simulate about it")
    if not period.since <= record.at < period.until:
        return
    try:
        change, before, after = compare(policy, record)
    except NotReplayable as reason:
        tally.count(NOT_REPLAYABLE, record.at)
        tally.reasons[str(reason)] += 1
        return
    tally.count(change or SAME, record.at)
    if change is not None:
        event = record.event if isinstance(record.event, dict) else {}
        user = str(event.get("username") or event.get("common-name") or "-")
        example = str(event.get("connection-id") or "-")
        tally.add_change(GroupKey(change, user, before, after), Group(1, record.at, record.at, example))
