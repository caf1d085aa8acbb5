"""The form of text for comparison."""

from __future__ import annotations


def fold(text: str) -> str:
    """Return a text without case, with accented letters in their one-character form (NFC).

    Terraform writes policies in that form. macOS writes names in the other.
    """
    if text.isascii():
        return text.lower()
    from unicodedata import normalize  # late: few names need this

    return normalize("NFC", normalize("NFC", text).casefold())
