"""The log of a function, as Lambda writes it: in text, or in JSON.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from .environments import ExecutionEnvironment, Outcome


def lines_of_invocation(
    environment: ExecutionEnvironment, request_id: str, cold: bool, outcome: Outcome, *, log_format: str = "Text"
) -> list[str]:
    """What an invocation writes to the log, Lambda's own lines included; ``log_format`` is Text or JSON."""
    interpreter = environment.blueprint.interpreter
    note = outcome.note.splitlines() if outcome.note else []
    if log_format == "JSON":
        return _json_lines(environment, request_id, cold, outcome)
    init = f"INIT_START Runtime Version: python:{interpreter.version}\tInterpreter: {interpreter.executable}"
    report = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {outcome.duration_ms:.2f} ms",
        f"Billed Duration: {int(outcome.duration_ms) + 1} ms",
        f"Memory Size: {environment.blueprint.memory_mb} MB",
        f"Max Memory Used: {outcome.max_memory_mb} MB",
    ]
    if outcome.init_ms is not None:
        report.append(f"Init Duration: {outcome.init_ms:.2f} ms")
    if outcome.fatal:
        report += [f"Status: {outcome.status}", f"Error Type: {outcome.error_type}"]
    return [
        *([init] if cold else []),
        f"START RequestId: {request_id} Version: {environment.blueprint.version}",
        *outcome.lines,
        *note,
        f"END RequestId: {request_id}",
        "\t".join([*report, ""]),
    ]


def _json_lines(environment: ExecutionEnvironment, request_id: str, cold: bool, outcome: Outcome) -> list[str]:
    """Lambda's own lines in JSON.

    https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
    """

    def event(kind: str, record: dict[str, Any]) -> str:
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return json.dumps({"time": moment, "type": f"platform.{kind}", "record": record})

    interpreter = environment.blueprint.interpreter
    metrics = {
        "durationMs": round(outcome.duration_ms, 3),
        "billedDurationMs": int(outcome.duration_ms) + 1,
        "memorySizeMB": environment.blueprint.memory_mb,
        "maxMemoryUsedMB": outcome.max_memory_mb,
    }
    if outcome.init_ms is not None:
        metrics["initDurationMs"] = round(outcome.init_ms, 3)
    report: dict[str, Any] = {"requestId": request_id, "metrics": metrics, "status": outcome.status}
    if outcome.fatal:
        report["errorType"] = outcome.error_type
    start = {"requestId": request_id, "version": environment.blueprint.version}
    init = {"runtimeVersion": f"python:{interpreter.version}", "interpreter": interpreter.executable}
    return [
        *([event("initStart", init)] if cold else []),
        event("start", start),
        *outcome.lines,
        event("report", report),
    ]
