"""Messages to users who are denied: text with placeholders such as ``{connection_id}``."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .request import Request

PLACEHOLDERS = (
    "common_name",
    "connection_id",
    "endpoint_id",
    "platform",
    "platform_version",
    "public_ip",
    "rule",
    "username",
)

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class Message:
    """A message with its placeholders found, ready to be filled in."""

    __slots__ = ("_parts",)

    def __init__(self, text: str) -> None:
        """Take a text whose placeholders are all known."""
        self._parts = PLACEHOLDER.split(text)  # text and names of placeholders by turns

    def fill(self, request: Request, rule: str) -> str:
        """Put the request's attributes in; what is missing is nothing.

        Attributes are the client's own words: they are put in once, never looked through for placeholders, and
        control characters among them become spaces.
        """
        parts = list(self._parts)
        for position in range(1, len(parts), 2):
            name = parts[position]
            parts[position] = rule if name == "rule" else _printable(getattr(request, name) or "")
        return "".join(parts)


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join([character if character.isprintable() else " " for character in text])
