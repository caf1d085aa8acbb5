"""The result of a run."""

from __future__ import annotations

import json
from typing import Any

from connect_handler.decision_log.metrics import FUNCTION_DIMENSIONS, METRIC_NAMESPACE
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
"""Denials that a result describes; a function's answer holds 6 MB."""

MAX_PROBLEMS = 20


class RunResult:
    """The result of a run.

    Attributes
    ----------
    connections
        Active connections.
    evaluated
        Those that were decided on: some ``allowed``, some ``denied``, and some ``shadowed``, which would be denied
        but for shadow mode.
    unrecorded
        Those whose request is unknown: they are older than re-authorization, or could not be recorded.
    terminated
        Those that were ended.
    failed
        Those that could not be decided on, or could not be ended.
    braked
        Whether none was ended because they were too many.
    complete
        Whether there was time for all.
    dry_run
        Whether nothing was to be ended.
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
        """Add a problem, once, while there is room."""
        if len(self._problems) < MAX_PROBLEMS:
            self._problems[text] = None

    def _counts(self) -> dict[str, Any]:
        names = (
            "connections", "evaluated", "allowed", "denied", "shadowed", "unrecorded", "terminated", "failed", "braked",
            "complete", "dry_run",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}

    def document(self) -> dict[str, Any]:
        """Return the counts, the ``denials`` and the ``problems``, as JSON has them."""
        return {**self._counts(), "denials": self._denials, "problems": list(self._problems)}

    def lines(self, function_name: str) -> str:
        """Return the lines of the log: one for each denial and one for the run, a metric unless the run was dry."""
        time = timestamp(self._now)
        lines: list[dict[str, Any]] = [
            {"time": time, "reauthorization": "denial", "dry_run": self.dry_run, "braked": self.braked, **denial}
            for denial in self._denials
        ]
        counts = self._counts()
        last = {"time": time, "reauthorization": "run", **counts, "problems": list(self._problems)}
        if not self.dry_run:
            directive = {
                "Namespace": METRIC_NAMESPACE,
                "Dimensions": [FUNCTION_DIMENSIONS],
                "Metrics": [{"Name": metric, "Unit": "Count"} for metric in METRICS.values()],
            }
            last["function_name"] = function_name
            last |= {metric: int(counts[name]) for name, metric in METRICS.items()}
            last["_aws"] = {"CloudWatchMetrics": [directive], "Timestamp": int(self._now * 1000)}
        return "\n".join(json.dumps(line, separators=(",", ":")) for line in [*lines, last])
