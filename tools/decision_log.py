"""The decision log, as the handler has written it at localaws."""

from __future__ import annotations

import json
from typing import Any

from localaws import LocalAws


def decision_about(aws: LocalAws, log_group: str, connection_id: str) -> dict[str, Any]:
    """Return the entry about a connection attempt; raises ValueError if there is not exactly one."""
    lines = [message for message in aws.log_messages(log_group) if message.startswith("{")]
    (entry,) = [
        entry
        for entry in map(json.loads, lines)
        if isinstance(entry.get("request"), dict) and entry["request"].get("connection-id") == connection_id
    ]
    return dict(entry)
