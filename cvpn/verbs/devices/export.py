"""``cvpn devices export``."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import click

from connect_handler.facts.device import TEXTS, TIMES
from cvpn.devices.reading import CSV, FORMATS, JSON_LINES
from cvpn.devices.records import (
    COMMON_NAME,
    PREFIX,
    Known,
    format_value,
    to_document,
)
from cvpn.devices.table import Table
from cvpn.failures import OK, Failure

from .options import table_options

COLUMNS = (COMMON_NAME, *TEXTS, *TIMES)
"""Of an export, before those of attributes."""


@click.command()
@click.argument("file", default="-", metavar="[FILE]")
@table_options
@click.option("--format", "form_of_file", type=click.Choice(FORMATS), help="Default: as its name says, or else csv.")
def export(file: str, table: Callable[[], Table], form_of_file: str | None) -> int:
    """Export all devices as CSV or JSON lines, which `cvpn devices import` reads.

    FILE is - for standard output, the default.

    \b
    Examples:
      cvpn devices export --function corp devices.csv
      cvpn devices export --function corp --format jsonl | jq -r 'select(.status == "quarantined") | .common_name'
    """
    if form_of_file is None:
        form_of_file = JSON_LINES if file.lower().endswith((".jsonl", ".json", ".ndjson")) else CSV
    from_table = table()
    known = dict(sorted(from_table.known(from_table.scan()).items()))
    text = (_json_lines if form_of_file == JSON_LINES else _csv)(known)
    if file == "-":
        sys.stdout.write(text)
        return OK
    try:
        Path(file).write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise Failure(f"{file}: cannot be written: {error.strerror}") from None
    return OK


def _json_lines(known: dict[str, dict[str, Known]]) -> str:
    lines = [{COMMON_NAME: key, **to_document(dict(record))} for key, record in known.items()]
    return "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)


def _csv(known: dict[str, dict[str, Known]]) -> str:
    attributes = sorted({key for record in known.values() for key in record if key.startswith(PREFIX)})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *attributes])
    for key, record in known.items():
        writer.writerow([key, *(format_value(name, record.get(name)) for name in (*COLUMNS[1:], *attributes))])
    return text.getvalue()
