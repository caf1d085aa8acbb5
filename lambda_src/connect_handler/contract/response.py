"""The response that AWS Client VPN expects.

https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-authorization.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

MAX_CHARACTERS = 255
"""The longest message, and the longest posture compliance status, in a response."""

MAX_STATUSES = 10
"""The most posture compliance statuses in a response."""

_ELLIPSIS = "…"


def build_response(schema_version: str, allow: bool, message: str, statuses: Iterable[str]) -> dict[str, Any]:
    """Return a response with all required fields, in the schema version of the request.

    An allowed connection has no message. The policy's reader checks number and length of the statuses.
    """
    message_field = (
        "error-msg-on-failed-posture-compliance" if schema_version == "v1" else "error-msg-on-denied-connection"
    )
    return {
        "allow": allow,
        message_field: "" if allow else cut(_encodable(message)),
        "posture-compliance-statuses": [_encodable(status) for status in statuses],
        "schema-version": schema_version,
    }


def cut(message: str) -> str:
    """Cut a message to 255 characters. A cut message ends with an ellipsis."""
    if len(message) <= MAX_CHARACTERS:
        return message
    return message[: MAX_CHARACTERS - len(_ELLIPSIS)] + _ELLIPSIS


def _encodable(text: str) -> str:
    """Replace halves of surrogate pairs: JSON escapes can express them, UTF-8 cannot."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
