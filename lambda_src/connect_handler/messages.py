"""Messages to users who are denied: text with placeholders such as ``{connection_id}``."""

from __future__ import annotations

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


def parts(text: str) -> list[str]:
    """Split a message into texts and names of placeholders, by turns; the first and the last are texts.

    >>> parts("Update, {username}. ({connection_id})")
    ['Update, ', 'username', '. (', 'connection_id', ')']
    """
    found = [""]
    *pieces, rest = text.split("}")
    for piece in pieces:
        before, brace, name = piece.rpartition("{")
        if brace:
            found[-1] += before
            found += (name, "")
        else:
            found[-1] += piece + "}"
    found[-1] += rest
    return found


class Message:
    """A message with its placeholders found, ready to be filled in."""

    __slots__ = ("_parts", "_places")

    def __init__(self, text: str) -> None:
        """Take a text.

        Raises
        ------
        ValueError
            It has a placeholder that is none of :data:`PLACEHOLDERS`.
        """
        self._parts = parts(text)
        self._places = list(enumerate(self._parts))[1::2]
        for _, name in self._places:
            if name not in PLACEHOLDERS:
                raise ValueError(f"{{{name}}} is no placeholder")

    def fill(self, request: Request, rule: str) -> str:
        """Put the request's attributes in; what is missing is nothing.

        Attributes are the client's own words: they are put in once, never looked through for placeholders, and
        control characters among them become spaces.
        """
        filled = self._parts.copy()
        for position, name in self._places:
            if name == "rule":
                filled[position] = _printable(rule)
            elif request.is_plain:
                filled[position] = getattr(request, name)
            else:
                filled[position] = _printable(getattr(request, name) or "")
        return "".join(filled)


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join([character if character.isprintable() else " " for character in text])
