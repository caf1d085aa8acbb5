"""The clock, and times as text."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any


def now() -> float:
    """Return the time, in seconds since 1970-01-01 UTC."""
    return time.time()


def parse_time(text: Any) -> float | None:
    """Return seconds since 1970-01-01 UTC of an RFC 3339 timestamp, or None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed.timestamp() if parsed.tzinfo is not None else None
