"""AWS clients, the deadline of a connection, and errors in words."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

CONNECT_SECONDS = 0.5
READ_SECONDS = 1.0

CALL_SECONDS = CONNECT_SECONDS + READ_SECONDS
"""The longest time of one call."""

DEADLINE_SECONDS = 2.0
"""Time for all evidence of a connection, and half of the invocation's time at most."""

ANSWER_SECONDS = 0.2
"""Time of the invocation for the response and the log."""


class EvidenceUnavailable(Exception):
    """AWS did not answer, or refused a change; the text has the cause."""


class AwsClients:
    """Clients of AWS, one for each service.

    boto3 is part of Lambda's runtime and takes 0.2 to 0.4 s to import. So the execution environment
    makes the clients at its start, and no connection waits for them.
    """

    def __init__(
        self, *, connect_seconds: float = CONNECT_SECONDS, read_seconds: float = READ_SECONDS, attempts: int = 1
    ) -> None:
        """Take the seconds that a call waits for a connection and for an answer, and the number of boto3's attempts."""
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._attempts = attempts
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """Return the client of a service, such as ``dynamodb``."""
        if service not in self._clients:
            import boto3  # late: most functions need no evidence
            from botocore.config import Config

            config = Config(
                connect_timeout=self._connect_seconds,
                read_timeout=self._read_seconds,
                retries={"mode": "standard", "total_max_attempts": self._attempts},
            )
            self._clients[service] = boto3.client(service, config=config)
        return self._clients[service]


class Deadline:
    """The deadline of one connection.

    Reads run in parallel until the deadline. A change runs in the invocation's own thread: it begins before the
    deadline, and only with time enough to end. So the log knows its outcome.
    """

    def __init__(self, seconds_left: float) -> None:
        """Take the seconds until Lambda ends the invocation."""
        now = time.monotonic()
        self._deadline = now + min(DEADLINE_SECONDS, seconds_left / 2)
        self._end = now + seconds_left - ANSWER_SECONDS

    @property
    def seconds_left(self) -> float:
        """Seconds until the deadline; never negative."""
        return max(0.0, self._deadline - time.monotonic())

    def check_change(self) -> None:
        """Raise EvidenceUnavailable if the deadline is over, or if the invocation would end before a change."""
        if not self.seconds_left:
            raise EvidenceUnavailable("no time left before the deadline")
        self.check_undo()

    def check_undo(self) -> None:
        """Raise EvidenceUnavailable if the invocation would end before a call that undoes a change.

        Such a call may begin after the deadline.
        """
        if time.monotonic() + CALL_SECONDS > self._end:
            raise EvidenceUnavailable("no time left before the invocation ends")


def run_parallel(tasks: Mapping[str, Callable[[], Any]], deadline: Deadline) -> dict[str, Any]:
    """Run tasks that only read, in parallel, until a deadline. Each has two attempts.

    Return the results by task, with :class:`EvidenceUnavailable` for a task that failed or did not end in time.
    """
    results: dict[str, Any] = {}

    def run(name: str, task: Callable[[], Any]) -> None:
        try:
            try:
                results[name] = task()
            except Exception:  # AWS throttled, or a connection broke
                results[name] = task()
        except Exception as error:  # any doubt counts against the connection
            results[name] = EvidenceUnavailable(describe_error(error))

    # A single task has a thread of its own too: at the deadline the invocation goes on without it. It only reads.
    threads = [threading.Thread(target=run, args=task, daemon=True) for task in tasks.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(deadline.seconds_left)
    in_time = dict(results)
    return {name: in_time.get(name, EvidenceUnavailable("no answer before the deadline")) for name in tasks}


def error_code(error: Exception) -> str:
    """Return AWS's code of an error; empty for any other error."""
    response: Any = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def describe_error(error: Exception) -> str:
    """Describe an error in one line: ``ThrottlingException: Rate exceeded``."""
    if isinstance(error, EvidenceUnavailable):
        return str(error)
    code = error_code(error)
    if code:
        message = getattr(error, "response", {}).get("Error", {}).get("Message", "")
        return f"{code}: {message}" if message else code
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
