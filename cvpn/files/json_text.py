"""JSON whose values know their lines and columns, which Python's own reader does not tell."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from cvpn.failures import Failure

from .source_map import Lines, Path, SourceMap, unreadable

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None}


def read_json(text: str, file: str) -> SourceMap:
    """Read a JSON text, https://www.rfc-editor.org/rfc/rfc8259.

    Raises
    ------
    Failure
        It is not JSON; with line and column.
    """
    reader = _Reader(text, file)
    try:
        value, end = reader.value(reader.skip(0), ())
    except RecursionError:
        raise Failure(f"{file}: is nested too deeply to be read") from None
    if reader.skip(end) != len(text):
        raise reader.unreadable(reader.skip(end), "has something behind its end")
    reader.source_map.value = value
    return reader.source_map


class _Reader:
    """Reads one text; offsets go in, values and the offsets behind them come out."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.lines = Lines(text)
        self.source_map = SourceMap(None, file, {(): self.lines.position(self.skip(0))})

    def skip(self, index: int) -> int:
        match = _SPACE.match(self.text, index)
        return match.end() if match else index

    def unreadable(self, index: int, what: str) -> Failure:
        return unreadable(self.file, self.lines.position(index), f"is not JSON: {what}")

    def value(self, index: int, path: Path) -> tuple[Any, int]:
        character = self.text[index : index + 1]
        if character == "{":
            return self.object(index, path)
        if character == "[":
            return self.list(index, path)
        if character == '"':
            return self.string(index)
        match = _NUMBER.match(self.text, index)
        if match:
            number = float(match[0]) if match[1] or match[2] else int(match[0])
            return int(number) if isinstance(number, float) and number.is_integer() else number, match.end()
        for word, value in _WORDS.items():
            if self.text.startswith(word, index):
                return value, index + len(word)
        raise self.unreadable(index, f"expected a value, found {_shown(self.text, index)}")

    def string(self, index: int) -> tuple[str, int]:
        try:
            return scanstring(self.text, index + 1, True)  # type: ignore[no-any-return]
        except json.JSONDecodeError as error:
            raise self.unreadable(error.pos, error.msg[0].lower() + error.msg[1:]) from None

    def object(self, index: int, path: Path) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}
        index = self.skip(index + 1)
        if self.text[index : index + 1] == "}":
            return members, index + 1
        while True:
            if self.text[index : index + 1] != '"':
                raise self.unreadable(index, f"expected a key in double quotes, found {_shown(self.text, index)}")
            start = index
            key, index = self.string(index)
            member = (*path, key)
            if key in members:
                self.source_map.repeated.append((member, self.lines.position(start)))
            self.source_map.positions[member] = self.lines.position(start)
            index = self.expect(self.skip(index), ":", f"behind the key {json.dumps(key)}")
            members[key], index = self.value(self.skip(index), member)
            index = self.skip(index)
            if self.text[index : index + 1] == "}":
                return members, index + 1
            index = self.skip(self.expect(index, ",", "or }"))

    def list(self, index: int, path: Path) -> tuple[list[Any], int]:
        members: list[Any] = []
        index = self.skip(index + 1)
        if self.text[index : index + 1] == "]":
            return members, index + 1
        while True:
            member = (*path, len(members))
            self.source_map.positions[member] = self.lines.position(index)
            value, index = self.value(index, member)
            members.append(value)
            index = self.skip(index)
            if self.text[index : index + 1] == "]":
                return members, index + 1
            index = self.skip(self.expect(index, ",", "or ]"))

    def expect(self, index: int, character: str, where: str) -> int:
        if self.text[index : index + 1] != character:
            raise self.unreadable(index, f"expected {character} {where}, found {_shown(self.text, index)}")
        return index + 1


def _shown(text: str, index: int) -> str:
    return json.dumps(text[index], ensure_ascii=False) if index < len(text) else "the end of the file"
