"""The answer that AWS Client VPN expects.

https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-authorization.html
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

MAX_CHARACTERS = 255
"""The longest message, and the longest posture compliance status, that Client VPN takes."""

MAX_STATUSES = 10
"""The most posture compliance statuses that Client VPN takes in one answer."""

CUT = "…"
"""Ends a message that was cut."""


def response(schema_version: str, allow: bool, message: str, statuses: Iterable[str]) -> dict[str, Any]:
    """Return an answer with all the fields that are required, in the schema version that was asked.

    Parameters
    ----------
    schema_version
        The request's. v1 has another name for the message.
    allow
        Whether the connection is let in.
    message
        Shown to the user who is denied; cut to 255 characters. An allowed connection has none.
    statuses
        Posture compliance statuses; at most 10 of at most 255 characters each, which the policy has seen to.
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
    """Cut a message to 255 characters, with an ellipsis as the last."""
    if len(message) <= MAX_CHARACTERS:
        return message
    return message[: MAX_CHARACTERS - len(CUT)] + CUT


def _encodable(text: str) -> str:
    """Replace halves of surrogate pairs: JSON can carry them in, UTF-8 cannot carry them out."""
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")
