"""Makes records of the rows of a file."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from connect_handler.facts.device import TIMES
from connect_handler.policy.conditions.device import AHEAD_SECONDS
from cvpn.failures import Failure

from .exports import EXPORTS, detect_export, plain
from .reading import RejectedRow, Row, Sheet
from .records import COMMON_NAME, KEYS, PREFIX, Record

NEVER = ("", "-", "n/a", "never")
"""What is written, in any case, where a device has never checked in."""

EPOCH_YEAR = 1971
"""Dates before are none: where a device has never checked in, some write 0001-01-01."""

MAX_KEY_BYTES = 2048
"""Of a table's key,
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""

_SECONDS = re.compile(r"[0-9]{9,10}")
_MILLISECONDS = re.compile(r"[0-9]{12,13}")


@dataclass(frozen=True)
class Columns:
    """Which column of a file says what.

    Attributes
    ----------
    title
        Whose export it is; empty if it is none that is known.
    of
        Columns by key, that of the common name among them.
    """

    title: str
    of: Mapping[str, str]


@dataclass
class ImportResult:
    """What a file says.

    Attributes
    ----------
    records
        By the key that the table has for a device.
    bad
        What was left out.
    """

    records: dict[str, Record] = field(default_factory=dict)
    bad: list[RejectedRow] = field(default_factory=list)


@dataclass(frozen=True)
class Reading:
    """How rows are read.

    Attributes
    ----------
    constants
        What is said of every device, over what the file says.
    expires_at
        When the records expire, in seconds since 1970-01-01 UTC; None for what the file says, if it says anything.
    zone
        Of dates that name none.
    date_format
        How dates are written, as ``strptime`` has it; None for ISO 8601 and seconds or milliseconds since 1970.
    latest
        Whether the row that was updated last counts of several with the same common name, which are errors otherwise.
    now
        Seconds since 1970-01-01 UTC.
    """

    constants: Record
    expires_at: float | None
    zone: tzinfo
    date_format: str | None = None
    latest: bool = False
    now: float = field(default_factory=time.time)


def columns_of(sheet: Sheet, export: str | None, given: Mapping[str, str]) -> Columns:
    """Find out which column says what.

    Parameters
    ----------
    export
        Word for an export; None for the one that the columns are of.
    given
        Columns by key, over those that are known.

    Raises
    ------
    Failure
        There is no such column, there are two, or none is known to have the common name.
    """
    of: dict[str, str] = {}
    title = ""
    if COMMON_NAME in sheet.columns and export is None:
        of = {column: column for column in sheet.columns if column in (COMMON_NAME, *KEYS) or _is_attribute(column)}
    else:
        word = export or detect_export(sheet.columns)
        if word is not None:
            title = EXPORTS[word].title
            for key, names in EXPORTS[word].columns.items():
                column = next((one for name in names if (one := _named(sheet, name)) is not None), None)
                if column is not None:
                    of[key] = column
    for key, name in given.items():
        column = name if name in sheet.columns else _named(sheet, name)
        if column is None:
            raise Failure(f'{sheet.name}: has no column "{name}"; it has {_listed(sheet)}')
        of[key] = column
    if COMMON_NAME not in of:
        what = f"no column that is known to be the common name in an export of {title}" if title else "no common_name"
        raise Failure(
            f"{sheet.name}: has {what}; name the column with --map {COMMON_NAME}=COLUMN; it has {_listed(sheet)}"
        )
    for column in of.values():
        if sheet.columns.count(column) > 1:
            raise Failure(f'{sheet.name}: has {sheet.columns.count(column)} columns "{column}"; leave one of them')
    return Columns(title, of)


def _is_attribute(column: str) -> bool:
    return column.startswith(PREFIX) and column != PREFIX


def _named(sheet: Sheet, name: str) -> str | None:
    wanted = plain(name)
    return next((column for column in sheet.columns if plain(column) == wanted), None)


def _listed(sheet: Sheet) -> str:
    return ", ".join(f'"{column}"' for column in sheet.columns) or "none"


def import_rows(sheet: Sheet, columns: Columns, reading: Reading, key_of: Callable[[str], str]) -> ImportResult:
    """Make records of the rows.

    Parameters
    ----------
    key_of
        Returns the table's key of a common name.
    """
    result = ImportResult()
    places: dict[str, str] = {}
    for row in sheet.rows:
        if isinstance(row, RejectedRow):
            result.bad.append(row)
            continue
        try:
            name, record = _record(row, columns, reading)
        except ValueError as error:
            result.bad.append(RejectedRow(row.where, str(error)))
            continue
        key = key_of(name)
        if key not in places:
            result.records[key] = record
            places[key] = row.where
        elif reading.latest:
            if _updated(record) > _updated(result.records[key]):
                result.records[key] = record
        else:
            result.records.pop(key, None)
            text = f'has the common name "{name}", as {places[key]} has; leave one of them, or say --latest'
            result.bad.append(RejectedRow(row.where, text))
    return result


def _updated(record: Record) -> float:
    return float(record.get("updated_at") or 0.0)


def _record(row: Row, columns: Columns, reading: Reading) -> tuple[str, Record]:
    """Return the common name and the record of a row.

    Raises
    ------
    ValueError
        It is none; the text says why.
    """
    record: Record = {}
    name = ""
    for key, column in columns.of.items():
        value = row.cells.get(column)
        if key == COMMON_NAME:
            name = _text(column, value)
            if not name:
                raise ValueError(f'has no common name in "{column}"')
            if len(name.encode()) > MAX_KEY_BYTES:
                raise ValueError(f'has a common name of more than {MAX_KEY_BYTES:,} bytes in "{column}"')
        elif key in reading.constants:
            continue
        elif key in TIMES:
            record[key] = None if value is None else _time(column, value, reading)
        else:
            record[key] = _text(column, value) or None
    record.update(reading.constants)
    if "updated_at" not in record:
        record["updated_at"] = float(int(reading.now))
    if (record["updated_at"] or 0.0) > reading.now + AHEAD_SECONDS:  # type: ignore[operator]
        raise ValueError(
            f'was updated in the future: "{columns.of.get("updated_at", "updated_at")}" is to be a past time'
        )
    if reading.expires_at is not None:
        record["expires_at"] = float(int(reading.expires_at))
    return name, record


def _text(column: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        raise ValueError(f'has a list in "{column}"; write a text')
    return str(value).strip()


def _time(column: str, value: Any, reading: Reading) -> float | None:
    text = _text(column, value)
    if text.casefold() in NEVER:
        return None
    if reading.date_format is None:
        if _SECONDS.fullmatch(text):
            return float(text)
        if _MILLISECONDS.fullmatch(text):
            return float(int(text) // 1000)
    try:
        if reading.date_format is None:
            moment = datetime.fromisoformat(text)
        else:
            moment = datetime.strptime(text, reading.date_format)
    except ValueError:
        if reading.date_format is None:
            instead = "write ISO 8601, or say how it is written: --date-format '%m/%d/%Y %I:%M:%S %p'"
        else:
            instead = f"it is not as --date-format {reading.date_format!r} says"
        raise ValueError(f'has the date "{text}" in "{column}"; {instead}') from None
    if moment.year < EPOCH_YEAR:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=reading.zone)
    return float(int(moment.timestamp()))
