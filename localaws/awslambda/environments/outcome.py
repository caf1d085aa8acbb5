"""Outcomes of invocations."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass, field

MAX_PAYLOAD = 6 * 1024 * 1024
"""Bytes of a synchronous invocation's request or response."""


@dataclass
class Outcome:
    """End of an invocation, or of the initialization before it.

    Attributes
    ----------
    error_type
        Such as Runtime.ExitError, or the name of the handler's exception. None: success.
    status
        ``success``, ``error`` or ``timeout``, as in the REPORT line.
    fatal
        Whether the environment ends too.
    note
        Line for the log that Lambda writes, not the function.
    lines
        Lines that the function wrote.
    """

    payload: bytes
    error_type: str | None = None
    status: str = "success"
    fatal: bool = False
    note: str | None = None
    lines: list[str] = field(default_factory=list)
    duration_ms: float = 0.0
    init_ms: float | None = None
    max_memory_mb: int = 0


def failure(request_id: str, error_type: str, text: str, status: str = "error") -> Outcome:
    """Return the outcome of an environment that ends without an answer."""
    message = f"RequestId: {request_id} Error: {text}"
    payload = json.dumps({"errorType": error_type, "errorMessage": message}).encode()
    note = f"{request_id} {text}" if status == "timeout" else f"{message}\n{error_type}"
    return Outcome(payload, error_type, status, fatal=True, note=note)


def oversize(size: int) -> Outcome:
    """Return the outcome of an answer that is too large."""
    error_type = "Function.ResponseSizeTooLarge"
    message = f"Response payload size ({size} bytes) exceeded maximum allowed payload size ({MAX_PAYLOAD} bytes)."
    payload = json.dumps({"errorType": error_type, "errorMessage": message}).encode()
    return Outcome(payload, error_type, "error", note=message)


def exit_text(status: int) -> str:
    """Return Lambda's text for the exit status of a process."""
    if status < 0:
        return f"Runtime exited with error: signal: {signal.strsignal(-status) or -status}".lower().replace(
            "runtime", "Runtime", 1
        )
    return f"Runtime exited with error: exit status {status}" if status else "Runtime exited without providing a reason"


def error_type_of(body: bytes) -> str:
    """Return the error type in a request of the runtime client."""
    try:
        return str(json.loads(body)["errorType"])
    except (ValueError, KeyError, TypeError):
        return "Runtime.Unknown"
