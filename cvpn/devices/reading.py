"""Reads files with devices: CSV, or JSON lines; compressed or not."""

from __future__ import annotations

import codecs
import csv
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cvpn.failures import Failure
from cvpn.files.streams import lines_of, open_stream

CSV, JSON_LINES = "csv", "jsonl"
FORMATS = (CSV, JSON_LINES)

_SUFFIXES = {".csv": CSV, ".tsv": CSV, ".json": JSON_LINES, ".jsonl": JSON_LINES, ".ndjson": JSON_LINES}
_DELIMITERS = ",;\t"
_ZIP = b"PK\x03\x04"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Row:
    """A device in a file.

    Attributes
    ----------
    where
        ``devices.csv:12``.
    cells
        Texts by column; in JSON any scalar, members of objects by a path such as ``user.email``.
    """

    where: str
    cells: Mapping[str, Any]


@dataclass(frozen=True)
class RejectedRow:
    """Something in a file that is no device.

    Attributes
    ----------
    where
        ``devices.csv:12``.
    text
        What was found, and what to write instead.
    """

    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


@dataclass(frozen=True)
class Sheet:
    """What a file holds.

    Attributes
    ----------
    name
        Of the file.
    columns
        In the order of the file.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row | RejectedRow, ...]


def read_sheet(name: str, form: str | None) -> Sheet:
    """Read a file.

    Parameters
    ----------
    name
        Of the file, or ``-``. It may be compressed with gzip, or be a ZIP archive with one file in it.
    form
        ``csv`` or ``jsonl``; None for what its name, or else its content, says.

    Raises
    ------
    Failure
        It cannot be read, or is no text.
    """
    with open_stream(name) as file:
        data = file.read()
    title = "standard input" if name == "-" else name
    if data.startswith(_ZIP):
        name, data = _unzip(title, data)
    text = _decode(title, data)
    if form is None:
        form = next((known for suffix, known in _SUFFIXES.items() if name.lower().endswith(suffix)), None)
    if form is None:
        form = JSON_LINES if text.lstrip()[:1] in ("{", "[") else CSV
    return _of_json(title, text) if form == JSON_LINES else _of_csv(title, text)


def _unzip(title: str, data: bytes) -> tuple[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [member.filename for member in archive.infolist() if not member.is_dir()]
            if len(names) != 1:
                raise Failure(f"{title}: is an archive of {len(names)} files; name one of them, unpacked")
            return names[0], archive.read(names[0])
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise Failure(f"{title}: cannot be read: {error}") from None


def _decode(title: str, data: bytes) -> str:
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Failure(f"{title}:{line}: is not UTF-8 text; save it as UTF-8") from None


# --- CSV -------------------------------------------------------------------------------------------------------------


def _of_csv(title: str, text: str) -> Sheet:
    first, _, _ = text.lstrip("\r\n").partition("\n")
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: tuple[str, ...] | None = None
    rows: list[Row | RejectedRow] = []
    while True:
        where = f"{title}:{reader.line_num + 1}"
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            # Where the next row begins is not certain: after a quotation mark that is not closed, all is one cell.
            rows.append(RejectedRow(where, f"is not CSV: {error}"))
            break
        if not any(cell.strip() for cell in cells):
            continue
        if columns is None:
            columns = tuple(cell.strip() for cell in cells)
        elif len(cells) != len(columns):
            rows.append(RejectedRow(where, f"has {len(cells)} columns, and the header has {len(columns)}"))
        else:
            rows.append(Row(where, _by_column(columns, cells)))
    return Sheet(title, columns or (), tuple(rows))


def _by_column(columns: tuple[str, ...], cells: list[str]) -> dict[str, str]:
    """Return cells by column; of columns with the same name the first, which :mod:`importing` does not let be used."""
    row: dict[str, str] = {}
    for column, cell in zip(columns, cells, strict=True):
        row.setdefault(column, cell)
    return row


# --- JSON ------------------------------------------------------------------------------------------------------------


def _of_json(title: str, text: str) -> Sheet:
    columns: dict[str, None] = {}
    rows: list[Row | RejectedRow] = []
    for where, value in _values(title, text):
        if isinstance(value, RejectedRow):
            rows.append(value)
        elif not isinstance(value, dict):
            rows.append(RejectedRow(where, "is no object"))
        else:
            cells = dict(_members(value))
            columns.update(dict.fromkeys(cells))
            rows.append(Row(where, cells))
    return Sheet(title, tuple(columns), tuple(rows))


def _values(title: str, text: str) -> Iterator[tuple[str, Any]]:
    for number, line, _ in lines_of(io.BytesIO(text.encode())):
        where = f"{title}:{number}"
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield where, RejectedRow(where, f"is not JSON: {error}")
            continue
        if isinstance(value, list):
            for position, member in enumerate(value):
                yield f"{where}[{position}]", member
        else:
            yield where, value


def _members(value: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, member in value.items():
        if isinstance(member, dict):
            yield from _members(member, f"{path}{name}.")
        else:
            yield f"{path}{name}", member
