"""AWS, asked while a connection waits: bounded in time, and with a reason in words where it did not answer."""

from __future__ import annotations

import threading
import time
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

CONNECT_SECONDS = 0.5
READ_SECONDS = 1
ATTEMPTS = 2
"""Of one call; all of a decision's calls together end at its deadline, whatever they are doing."""


class NotHad(Exception):
    """AWS did not say or do what it was asked; the text says why."""


_limits = {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS, "attempts": ATTEMPTS}


def limits(*, connect_seconds: float, read_seconds: float, attempts: int) -> None:
    """Set how long clients wait, and how often they try."""
    new = {"connect_timeout": connect_seconds, "read_timeout": read_seconds, "attempts": attempts}
    if new != _limits:
        _limits.update(new)
        client.cache_clear()


@cache
def client(service: str) -> Any:
    """Return a boto3 client of a service, the same for all who ask.

    boto3 is the runtime's own and AWS's own, and takes 0.2 to 0.4 s to load: so it is made when the execution
    environment starts, where a feature needs it, and not when the first connection waits for it.
    """
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=_limits["connect_timeout"],
        read_timeout=_limits["read_timeout"],
        retries={"mode": "standard", "total_max_attempts": _limits["attempts"]},
    )
    return boto3.client(service, config=config)


def together(tasks: Mapping[str, Callable[[], Any]], deadline: float) -> dict[str, Any]:
    """Run tasks side by side until a deadline, in seconds of the monotonic clock.

    Returns
    -------
    dict
        What each returned, by its name; :class:`NotHad` for one that raised something or did not end in time.
    """
    results: dict[str, Any] = {}

    def run(name: str, task: Callable[[], Any]) -> None:
        try:
            results[name] = task()
        except NotHad as error:
            results[name] = error
        except Exception as error:  # whatever it is, it counts against the connection
            results[name] = NotHad(in_words(error))

    # Not in this thread, even for one of them: only so it can be left behind at the deadline.
    threads = [threading.Thread(target=run, args=task, daemon=True) for task in tasks.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    ended = dict(results)  # what ends only now is too late
    return {name: ended.get(name, NotHad("no answer before the deadline")) for name in tasks}


def error_code(error: Exception) -> str:
    """Return AWS's code of an error; nothing for one that is not AWS's."""
    response: Any = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def in_words(error: Exception) -> str:
    """Return an error in one line: ``ThrottlingException: Rate exceeded``."""
    code = error_code(error)
    if code:
        message = getattr(error, "response", {}).get("Error", {}).get("Message", "")
        return f"{code}: {message}" if message else code
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
