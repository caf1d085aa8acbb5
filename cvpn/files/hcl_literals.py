"""Variable definitions that are plain literals, read without python-hcl2.

python-hcl2 takes a millisecond a rule, and most files of variable definitions are plain. What is not plain, or not
valid, is left to :mod:`cvpn.files.hcl`; a test holds both to the same values and positions.
"""

from __future__ import annotations

import re
from typing import Any

from .source_map import Lines, Path, SourceMap

_TOKEN = re.compile(
    r"""[ \t]*(?:
        (?P<text>"(?:[^"\\\r\n$%]|[$%](?![{$%]))*")
      | (?P<name>[A-Za-z_][A-Za-z0-9_-]*)
      | (?P<number>(?:0|[1-9][0-9]{0,17})(?![\w.-]))
      | (?P<sign>[\[\]{}=:,])
      | (?P<line>(?:(?:\#|//)[^\r\n]*)?\n)
    )""",
    re.VERBOSE,
)
_CONSTANTS = {"true": True, "false": False, "null": None}
_KEYWORDS = ("else", "endfor", "endif", "for", "for_each", "if", "in")
_END = "end"


class NotPlain(Exception):
    """The text is not valid, or holds something else than plain literals."""


def read_literals(text: str, file: str) -> SourceMap:
    """Read a file of variable definitions that are plain literals.

    Raises
    ------
    NotPlain
        It holds something else.
    """
    try:
        return _Reader(text, file).definitions()
    except RecursionError:
        raise NotPlain from None


class _Reader:
    """Reads one text, token by token: the kind of the next one, and where it begins and ends."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.lines = Lines(text)
        self.source_map = SourceMap({}, file, {(): (1, 1)})
        self.end = 0
        self.advance()

    def advance(self) -> None:
        """Go on to the next token."""
        if self.end == len(self.text):
            self.kind, self.start = _END, self.end
            return
        match = _TOKEN.match(self.text, self.end)
        if match is None or match.lastgroup is None:
            raise NotPlain
        self.kind = match.lastgroup
        self.start, self.end = match.span(match.lastgroup)

    def word(self) -> str:
        return self.text[self.start : self.end]

    def is_sign(self, signs: str) -> bool:
        return self.kind == "sign" and self.text[self.start] in signs

    def expect(self, signs: str) -> None:
        """Go on behind one of the signs."""
        if not self.is_sign(signs):
            raise NotPlain
        self.advance()

    def skip_lines(self) -> bool:
        """Go on behind line ends and comments; tell whether there were any."""
        found = self.kind == "line"
        while self.kind == "line":
            self.advance()
        return found

    def definitions(self) -> SourceMap:
        values = self.source_map.value
        self.skip_lines()
        while self.kind != _END:
            name = self.word()
            if self.kind != "name" or name in _CONSTANTS or name in _KEYWORDS or name in values:
                raise NotPlain
            self.locate((name,))
            self.advance()
            self.expect("=")
            values[name] = self.value((name,))
            if not self.skip_lines() and self.kind != _END:
                raise NotPlain
        return self.source_map

    def locate(self, path: Path) -> None:
        """Write down that the next token is where the value at a path begins."""
        self.source_map.positions[path] = self.lines.position(self.start)

    def value(self, path: Path) -> Any:
        kind, word = self.kind, self.word()
        self.advance()
        if kind == "text":
            return word[1:-1]
        if kind == "number":
            return int(word)
        if word == "[":
            return self.list(path)
        if word == "{":
            return self.object(path)
        if word in _CONSTANTS:
            return _CONSTANTS[word]
        raise NotPlain

    def list(self, path: Path) -> list[Any]:
        members: list[Any] = []
        self.skip_lines()
        while not self.is_sign("]"):
            member = (*path, len(members))
            self.locate(member)
            members.append(self.value(member))
            if self.is_sign(","):
                self.advance()
                self.skip_lines()
            else:
                self.skip_lines()
                if not self.is_sign("]"):
                    raise NotPlain
        self.advance()
        return members

    def object(self, path: Path) -> dict[str, Any]:
        members: dict[str, Any] = {}
        self.skip_lines()
        while not self.is_sign("}"):
            key = self.word()
            if self.kind == "text":
                key = key[1:-1]
            elif self.kind != "name" or key in _KEYWORDS:
                raise NotPlain
            if key in members:
                raise NotPlain  # python-hcl2's reader notes it
            member = (*path, key)
            self.locate(member)
            self.advance()
            self.expect("=:")
            members[key] = self.value(member)
            if self.is_sign(","):
                self.advance()
                self.skip_lines()
            elif not self.skip_lines() and not self.is_sign("}"):
                raise NotPlain
        self.advance()
        return members
