"""Points in time, as seconds since 1970-01-01 UTC."""

from __future__ import annotations

import re
import time
from typing import Any

INSTANT = (
    r"[12][0-9]{3}-[01][0-9]-[0-3][0-9]T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
    r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
"""Pattern of a timestamp of RFC 3339. A text that matches may still be no day of the calendar."""


def parse_instant(text: Any) -> float:
    """Return the time of a timestamp of RFC 3339; raise ValueError for any other value, such as a 31st of June."""
    if not isinstance(text, str) or not re.fullmatch(INSTANT, text):
        raise ValueError(f"{text!r} is no timestamp of RFC 3339")
    from datetime import datetime  # late: only policies with periods need it

    return datetime.fromisoformat(text).timestamp()


def rfc3339(seconds: float) -> str:
    """Return a time as ``2026-11-25T09:00:00Z``."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def timestamp(seconds: float) -> str:
    """Return a time with milliseconds: ``2026-11-23T09:00:00.000Z``."""
    whole, milliseconds = divmod(int(seconds * 1000), 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{milliseconds:03}Z"
