"""Text as it is compared."""

from __future__ import annotations


def fold(text: str) -> str:
    """Return a text without case, with accented letters in their one-character form (NFC).

    Terraform writes policies in that form; macOS, for one, writes names in the other.
    """
    if text.isascii():
        return text.lower()
    from unicodedata import normalize  # late: few names need it

    return normalize("NFC", normalize("NFC", text).casefold())
