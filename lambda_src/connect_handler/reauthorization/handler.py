"""Entry point of re-authorization: ``connect_handler.reauthorization.handler.handler``."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from connect_handler.decision_log.entry import write
from connect_handler.evidence.aws import AwsClients

from .config import REAUTHORIZATION, Configuration
from .run import Run

EVENT_KEY = "reauthorize"
"""The one key of an event with options."""

LAST_SECONDS = 20.0
"""Time at the end of the invocation for the last call of a run, the log and the result."""


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Re-authorize all connections, as Lambda calls it.

    Parameters
    ----------
    event
        ``{"reauthorize": {...}}`` with one of these keys. ``"dry_run": true`` returns the result that a run would have.
        ``"at_most": N`` ends so many connections at most, and none if there are more, whatever the brake says.
        ``"start": true`` begins a run without waiting for it. Any other event is a run of the schedule.
    context
        Lambda's context object.

    Returns
    -------
    dict
        See :class:`~connect_handler.reauthorization.result.RunResult`; with ``start``, ``{"started": true}``.

    Raises
    ------
    ValueError
        The event asks for something else.
    """
    clients = AwsClients(connect_seconds=3, read_seconds=20, attempts=8)  # no client waits for a run
    options = event.get(EVENT_KEY, {}) if isinstance(event, dict) else {}
    dry_run, at_most = _read_options(options)
    if options.get("start"):
        # https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
        clients.client("lambda").invoke(
            FunctionName=context.function_name, InvocationType="Event", Payload=json.dumps({EVENT_KEY: {}}).encode()
        )
        return {"started": True}
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - LAST_SECONDS
    run = Run(Configuration(os.environ[REAUTHORIZATION]), clients, time.time(), deadline)
    run.decide_all()
    run.end_denied(dry_run, at_most)
    write(run.result.lines(context.function_name))
    return run.result.document()


def _read_options(options: Any) -> tuple[bool, int | None]:
    """Return the dry run, and the number of connections to end at most; None for the brake's number."""
    if not isinstance(options, dict) or not options.keys() <= {"dry_run", "at_most", "start"} or len(options) > 1:
        raise ValueError(f'{EVENT_KEY} is to have one of "dry_run": true, "at_most": a number, "start": true')
    for key in ("dry_run", "start"):
        if key in options and options[key] is not True:
            raise ValueError(f"{EVENT_KEY}.{key} is to be true")
    at_most = options.get("at_most")
    if "at_most" in options and (type(at_most) is not int or at_most < 0):
        raise ValueError(f"{EVENT_KEY}.at_most is to be a number of connections")
    return bool(options.get("dry_run")), at_most
