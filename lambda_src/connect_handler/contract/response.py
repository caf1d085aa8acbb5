"""The response that AWS Client VPN expects.

https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-authorization.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

MAX_CHARACTERS = 255
"""The longest message, and the longest posture compliance status, that Client VPN takes."""

MAX_STATUSES = 10
"""The most posture compliance statuses that Client VPN takes in one response."""

_ELLIPSIS = "…"


def build_response(schema_version: str, allow: bool, message: str, statuses: Iterable[str]) -> dict[str, Any]:
    """Return a response with all required fields, in the schema version of the request.

    Parameters
    ----------
    schema_version
        The request's. v1 has another name for the message.
    allow
        Whether the connection is allowed.
    message
        Message for a denied user; cut to 255 characters. An allowed connection has none.
    statuses
        Posture compliance statuses; at most 10 of at most 255 characters each, which the policy's reader checks.
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
    """Cut a message to 255 characters; its last is then an ellipsis."""
    if len(message) <= MAX_CHARACTERS:
        return message
    return message[: MAX_CHARACTERS - len(_ELLIPSIS)] + _ELLIPSIS


def _encodable(text: str) -> str:
    """Replace halves of surrogate pairs: JSON can carry them in, UTF-8 cannot carry them out."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
