"""Messages for denied users: text with placeholders such as ``{connection_id}``."""

from __future__ import annotations

from connect_handler.contract.request import Request

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
DEFAULT_DENY_MESSAGE = "Access denied. Contact your administrator and quote {connection_id}."


def split_message(text: str) -> list[str]:
    """Split a message into texts and names of placeholders, by turns; the first and the last are texts.

    >>> split_message("Update, {username}. ({connection_id})")
    ['Update, ', 'username', '. (', 'connection_id', ')']
    """
    parts = [""]
    *pieces, rest = text.split("}")
    for piece in pieces:
        before, brace, name = piece.rpartition("{")
        if brace:
            parts[-1] += before
            parts += (name, "")
        else:
            parts[-1] += piece + "}"
    parts[-1] += rest
    return parts


class Message:
    """A message with placeholders."""

    def __init__(self, text: str) -> None:
        """Take a text that has no placeholders but :data:`PLACEHOLDERS`."""
        self._parts = split_message(text)
        self._placeholders = list(enumerate(self._parts))[1::2]

    def fill(self, request: Request, rule: str) -> str:
        """Put the request's attributes and the rule in; a missing attribute is empty.

        Attributes are the client's own words. They are never searched for placeholders, and their control characters
        become spaces.
        """
        filled = self._parts.copy()
        for position, name in self._placeholders:
            filled[position] = _printable(rule if name == "rule" else getattr(request, name) or "")
        return "".join(filled)


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join([character if character.isprintable() else " " for character in text])
