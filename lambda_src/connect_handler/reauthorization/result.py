"""The result of a run."""

from __future__ import annotations

import json
from typing import Any

from connect_handler.decision_log.metrics import FUNCTION_DIMENSIONS, metric_directive
from connect_handler.facts.times import timestamp

METRICS = {
    "connections": "ReauthorizationConnections",
    "denied": "ReauthorizationDenied",
    "terminated": "ReauthorizationTerminated",
    "unrecorded": "ReauthorizationUnrecorded",
    "failed": "ReauthorizationFailures",
    "braked": "ReauthorizationBraked",
}
"""Metrics of a run, by member of its result."""

MAX_DETAILS = 1000
"""The most denials in a result, which holds 6 MB,
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

MAX_PROBLEMS = 20


class RunResult:
    """The result of a run.

    Attributes
    ----------
    connections
        Number of active connections.
    evaluated
        Number of decisions: ``allowed``, ``denied``, and ``shadowed``, denied but for shadow mode.
    unrecorded
        Connections without a recorded request: they are older than re-authorization, or could not be recorded.
    terminated
        Connections that the run ended.
    failed
        Connections that the run could not decide on, or could not end.
    braked
        Whether the run ended none because it denied too many.
    complete
        Whether there was time for all.
    dry_run
        Whether the run was to end none.
    """

    def __init__(self, now: float) -> None:
        """Take the time of the run, in seconds since 1970-01-01 UTC."""
        self._now = now
        self._denials: list[dict[str, Any]] = []
        self._problems: dict[str, None] = {}
        self.connections = self.evaluated = self.allowed = self.denied = self.shadowed = 0
        self.unrecorded = self.terminated = self.failed = 0
        self.braked = False
        self.complete = True
        self.dry_run = False

    def add_denial(self, denial: dict[str, Any]) -> None:
        """Add the description of a denial, while there is room."""
        if len(self._denials) < MAX_DETAILS:
            self._denials.append(denial)

    def add_problem(self, text: str) -> None:
        """Add a problem once, while there is room."""
        if len(self._problems) < MAX_PROBLEMS:
            self._problems[text] = None

    def _counts(self) -> dict[str, Any]:
        names = (
            "connections", "evaluated", "allowed", "denied", "shadowed", "unrecorded", "terminated", "failed", "braked",
            "complete", "dry_run",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}

    def document(self) -> dict[str, Any]:
        """Return the counts, the ``denials`` and the ``problems`` as JSON."""
        return {**self._counts(), "denials": self._denials, "problems": list(self._problems)}

    def lines(self, function_name: str) -> str:
        """Return the lines of the log: one for each denial, and one for the run.

        The run's line is a metric, unless the run is dry.
        """
        time = timestamp(self._now)
        lines: list[dict[str, Any]] = [
            {"time": time, "reauthorization": "denial", "dry_run": self.dry_run, "braked": self.braked, **denial}
            for denial in self._denials
        ]
        counts = self._counts()
        last = {"time": time, "reauthorization": "run", **counts, "problems": list(self._problems)}
        if not self.dry_run:
            directive = metric_directive(METRICS.values(), FUNCTION_DIMENSIONS)
            last["function_name"] = function_name
            last |= {metric: int(counts[name]) for name, metric in METRICS.items()}
            last["_aws"] = {"CloudWatchMetrics": [directive], "Timestamp": int(self._now * 1000)}
        return "\n".join(json.dumps(line, separators=(",", ":")) for line in [*lines, last])
