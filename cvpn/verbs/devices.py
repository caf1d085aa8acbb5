"""``cvpn devices``."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from connect_handler.conditions import is_time_zone
from connect_handler.devices import TEXTS, TIMES
from cvpn.aws.account import Account
from cvpn.devices.differences import Differences, FieldChange, changes, differences
from cvpn.devices.exports import EXPORTS
from cvpn.devices.importing import Columns, Reading, columns_of, import_rows
from cvpn.devices.reading import CSV, FORMATS, JSON_LINES, RejectedRow, Sheet, read_sheet
from cvpn.devices.records import (
    COMMON_NAME,
    PREFIX,
    Known,
    Record,
    check_key,
    flatten,
    format_value,
    to_document,
    value_of,
)
from cvpn.devices.table import Table, check_attribute_name, table_of
from cvpn.failures import DIFFERENT, FAILED, OK, Failure
from cvpn.options.common import account_options, output_options
from cvpn.output.console import STYLES, Output
from cvpn.output.progress import progress_bar
from cvpn.times import now

SHARE = 0.1
"""Of the devices in the table, how many an import may remove or make worse without being told that it may."""

COLUMNS = (COMMON_NAME, *TEXTS, *TIMES)
"""Of an export, before those of attributes."""

_CHANGED = ("~ ", "yellow")


@click.group()
def devices() -> None:
    """Fill, show and change the device inventory.

    That is the DynamoDB table in which the function looks a device up by the common name of its client certificate:
    named by --function, or by --table.

    \b
    Examples:
      cvpn devices import --function corp DevicesWithInventory.csv --dry-run
      cvpn devices set --function corp laptop-1 status=quarantined
      cvpn devices export --function corp devices.csv
    """


class Pair(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """``KEY=VALUE``."""

    name = "pair"

    def __init__(self, check: Callable[[str], str]) -> None:
        """Take what raises ValueError for a key that is none."""
        self._check = check

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Part it at the first equals sign."""
        if isinstance(value, tuple):
            return value
        key, sign, text = str(value).partition("=")
        if not sign:
            self.fail(f"{value!r} has no equals sign; write KEY=VALUE", param, ctx)
        try:
            return self._check(key), text
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _column_key(key: str) -> str:
    return key if key == COMMON_NAME else check_key(key)


def table_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name a table, and give it as ``table``."""

    @wraps(function)
    def with_table(
        table_name: str | None,
        function_name: str | None,
        attribute_names: tuple[tuple[str, str], ...],
        exact: bool,
        profile: str | None,
        region: str | None,
        **options: Any,
    ) -> Any:
        if (table_name is None) == (function_name is None):
            raise click.UsageError("Name the table: --function NAME for that of a function, or --table NAME.")
        if table_name is None and (attribute_names or exact):
            raise click.UsageError(
                "--attribute-name and --exact go with --table; a function says what its table is like."
            )
        # Not before the rest of the command line has been looked at.
        table = partial(table_of, table_name, function_name, dict(attribute_names), exact, Account(profile, region))
        return function(table=table, **options)

    add = account_options(with_table)
    add = click.option(
        "--exact", is_flag=True, help="With --table: its keys are common names as certificates have them."
    )(add)
    add = click.option(
        "--attribute-name",
        "attribute_names",
        type=Pair(check_attribute_name),
        multiple=True,
        metavar="OURS=THEIRS",
        help="With --table: what it calls an attribute, such as status=compliance_state; may be repeated.",
    )(add)
    add = click.option("--table", "table_name", metavar="NAME", help="Take this table.")(add)
    return click.option(
        "--function",
        "function_name",
        metavar="NAME[:ALIAS]",
        help="Take the table of a function in AWS: its name, with or without AWSClientVPN-, or its ARN. Alias: live.",
    )(add)


# --- import ----------------------------------------------------------------------------------------------------------


class Zone(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """The name of a time zone."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> ZoneInfo:
        """Look it up."""
        if isinstance(value, ZoneInfo):
            return value
        if not is_time_zone(str(value)):
            self.fail(f"{value!r} is no time zone; write one such as UTC or Europe/Berlin", param, ctx)
        return ZoneInfo(str(value))


@devices.command("import")
@click.argument("file", metavar="FILE")
@table_options
@click.option("--format", "form_of_file", type=click.Choice(FORMATS), help="Default: as its name or content says.")
@click.option(
    "--from",
    "export",
    type=click.Choice(list(EXPORTS)),
    help="Take the columns of an export of Microsoft Intune, Jamf Pro or Kandji. Default: as the columns say.",
)
@click.option(
    "--map",
    "mapped",
    type=Pair(_column_key),
    multiple=True,
    metavar="OURS=COLUMN",
    help="Take a column: common_name='Serial number', attributes.department=Department; may be repeated.",
)
@click.option(
    "--set",
    "constants",
    type=Pair(check_key),
    multiple=True,
    metavar="OURS=VALUE",
    help="Say the same of every device: attributes.source=intune; may be repeated.",
)
@click.option(
    "--expires-after",
    type=click.FloatRange(0, min_open=True),
    metavar="HOURS",
    help="Have what is imported expire so long from now, unless it is imported again.",
)
@click.option("--timezone", "zone", type=Zone(), default="UTC", help="Of dates that name none. Default: UTC.")
@click.option("--date-format", metavar="FORMAT", help="How dates are written, as strptime has it: '%m/%d/%Y %H:%M'.")
@click.option("--latest", is_flag=True, help="Of lines with the same common name, take the one that was updated last.")
@click.option("--remove-missing", is_flag=True, help="Remove devices from the table that the file does not have.")
@click.option("--skip-bad", is_flag=True, help="Leave out lines that cannot be read, and import the others.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
@click.option(
    "--at-most",
    type=click.IntRange(0),
    metavar="N",
    help="Let so many devices be removed, get another status or owner, or an older time. "
    "Default: one in ten of the table's, at least one.",
)
@output_options("json")
def import_(
    file: str,
    table: Callable[[], Table],
    form_of_file: str | None,
    export: str | None,
    mapped: tuple[tuple[str, str], ...],
    constants: tuple[tuple[str, str], ...],
    expires_after: float | None,
    zone: ZoneInfo,
    date_format: str | None,
    latest: bool,
    remove_missing: bool,
    skip_bad: bool,
    dry_run: bool,
    at_most: int | None,
    form: str,
    no_color: bool,
) -> int:
    """Import devices from CSV or JSON lines.

    FILE is what `cvpn devices export` writes, an export of Microsoft Intune, Jamf Pro or Kandji, or anything else with
    --map; - is standard input. It may be compressed. The common name is that of the device's client certificate: where
    certificates are made out to serial numbers, say --map common_name='Serial number'.

    Devices are added, and changed where they differ; what the file has no column for stays as it is. What was updated
    when is what its column says, or else now. Nothing is written if a line cannot be read, or if more than one in ten
    devices of the table would be removed or be worse off: see --skip-bad and --at-most.

    \b
    Examples:
      cvpn devices import --function corp DevicesWithInventory.csv --dry-run
      cvpn devices import --function corp inventory.csv --from jamf --map owner=Username --remove-missing
      cvpn devices import --table laptops devices.jsonl --set attributes.source=hr --expires-after 48

    Exit status: 0 done, or no difference; 2 differences, with --dry-run; 1 anything else, such as lines left out.
    """
    output = Output(not no_color)
    said = {key: _value(key, text) for key, text in constants}
    read = read_sheet(file, form_of_file)
    if not read.rows:
        raise Failure(f"{read.name}: has no devices; nothing was changed")
    columns = columns_of(read, export, dict(mapped))
    _tell(output, read, columns, said)
    at = now()
    expires_at = None if expires_after is None else at + expires_after * 3600
    to = table()
    found = import_rows(read, columns, Reading(said, expires_at, zone, date_format, latest, at), to.key_of)
    for bad in found.bad:
        output.problem(f"cvpn: {bad}")
    if found.bad and not skip_bad:
        raise Failure(f"{_lines(found.bad)} cannot be imported; nothing was written. Correct them, or say --skip-bad")
    if not found.records:
        raise Failure(f"{read.name}: has no devices that can be imported; nothing was changed")
    if found.bad and remove_missing:
        output.problem("cvpn: as lines were left out, no device is removed")
    items = to.scan()
    known = to.known(items)
    compared = differences(known, found.records, at, remove_missing=remove_missing and not found.bad)
    if compared.expired:
        output.problem(
            f"cvpn: {_devices(len(compared.expired))} of the file expired in the table, such as "
            f"{sorted(compared.expired)[0]}: say --expires-after HOURS, or --set expires_at= for never"
        )
    endangered = compared.endangered(at)
    limit = max(1, int(SHARE * len(known))) if at_most is None else at_most
    refused = len(endangered) > limit
    conflicts: list[str] = []
    if not (dry_run or refused) and compared.any:
        with progress_bar(output, "Importing") as progress:
            conflicts = to.apply(compared, items, progress)
    written = 0 if dry_run or refused else compared.writes - len(conflicts)
    if form == "json":
        result = {"table": to.name, "dry_run": dry_run, "refused": refused and not dry_run, "written": written}
        bad_lines = [{"where": bad.where, "problem": bad.text} for bad in found.bad]
        output.json({**result, **compared.document(), "bad": bad_lines, "conflicts": conflicts})
    else:
        if dry_run or refused:
            _print(output, compared)
        output.line(str(compared) + (" (dry run)" if dry_run else ""))
    if refused:
        output.problem(f"cvpn: {_refusal(endangered, len(known), limit, dry_run)}")
    for key in conflicts:
        output.problem(f"cvpn: {key}: was changed meanwhile, and left as it is; run it again")
    if found.bad or conflicts or (refused and not dry_run):
        return FAILED
    return DIFFERENT if dry_run and compared.any else OK


def _value(key: str, text: str) -> Known | None:
    try:
        return value_of(key, text)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _refusal(endangered: list[str], known: int, limit: int, dry_run: bool) -> str:
    number = len(endangered)
    return (
        f"{number:,} of {known:,} devices ({number / known:.0%}) would be removed, or get another status or owner or "
        f"an older time, such as {sorted(endangered)[0]}, and {limit:,} may: "
        f"{'it would be refused' if dry_run else 'nothing was written'}. If that is right, say --at-most {number}"
    )


def _lines(bad: list[RejectedRow]) -> str:
    return "1 line" if len(bad) == 1 else f"{len(bad):,} lines"


def _devices(number: int) -> str:
    return "1 device" if number == 1 else f"{number:,} devices"


def _tell(output: Output, read: Sheet, columns: Columns, said: Record) -> None:
    """Say what is taken for what, where nobody has said it, and what is not taken."""
    if columns.title:
        taken = ", ".join(f'{key} from "{column}"' for key, column in columns.of.items())
        output.problem(f"cvpn: {read.name}: taken for an export of {columns.title}: {taken}")
        missing = [key for key in TEXTS if key not in columns.of and key not in said]
        if missing:
            output.problem(
                f"cvpn: {read.name}: has no column for {', '.join(missing)}, which stays as it is in the table"
            )
        return
    left = [column for column in read.columns if column not in columns.of.values()]
    if left:
        named = ", ".join(f'"{column}"' for column in left)
        output.problem(f"cvpn: {read.name}: left out: {named}; take a column with --map attributes.NAME=COLUMN")


def _print(output: Output, found: Differences) -> None:
    for key, known in sorted(found.removed.items()):
        output.line(("- ", STYLES["-"]), f"{key}  {_words(dict(known))}")
    for key, fields in sorted(found.changed.items()):
        output.line(_CHANGED, f"{key}  {', '.join(map(str, fields))}")
    for key, record in sorted(found.added.items()):
        output.line(("+ ", STYLES["+"]), f"{key}  {_words(record)}")


def _words(record: Record) -> str:
    return ", ".join(f'{key} "{format_value(key, value)}"' for key, value in record.items() if value is not None)


# --- export ----------------------------------------------------------------------------------------------------------


@devices.command()
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


# --- one device ------------------------------------------------------------------------------------------------------


@devices.command()
@click.argument("common_name", metavar="COMMON_NAME")
@table_options
@output_options("json")
def show(common_name: str, table: Callable[[], Table], form: str, no_color: bool) -> int:
    """Show what the inventory knows of a device.

    Exit status: 0 it is registered, 2 it is not or no longer, 1 anything else.
    """
    output = Output(not no_color)
    of = table()
    item = of.get(common_name)
    device = None if item is None else of.device(item)
    registered = device is not None and (device.expires_at is None or now() < device.expires_at)
    known = {} if device is None else flatten(device)
    if form == "json":
        document = None if device is None else to_document(dict(known))
        output.json({COMMON_NAME: of.key_of(common_name), "registered": registered, "device": document})
    elif device is None:
        output.line(f"{of.key_of(common_name)} is not registered in the table {of.name}")
    else:
        rows = [
            (COMMON_NAME, of.key_of(common_name)),
            *((key, format_value(key, value)) for key, value in known.items()),
        ]
        width = max(len(key) for key, _ in rows)
        for key, text in rows:
            output.line((f"{key:<{width}}", "bold"), f"  {text}")
        if not registered:
            output.line("It has expired: it is no longer registered.")
    return OK if registered else DIFFERENT


@devices.command("set")
@click.argument("common_name", metavar="COMMON_NAME")
@click.argument("values", type=Pair(check_key), nargs=-1, required=True, metavar="KEY=VALUE...")
@table_options
@click.option("--create", is_flag=True, help="Register the device if it is not.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
@output_options("json")
def set_(
    common_name: str,
    values: tuple[tuple[str, str], ...],
    table: Callable[[], Table],
    create: bool,
    dry_run: bool,
    form: str,
    no_color: bool,
) -> int:
    """Change what the inventory knows of a device.

    KEY is status, owner, platform, serial, attributes.NAME, updated_at or expires_at; a VALUE that is empty removes it;
    a time is RFC 3339, or now. An import changes what it has a column for: what is to outlast it belongs into an
    attribute of its own.

    \b
    Examples:
      cvpn devices set --function corp laptop-1 status=quarantined
      cvpn devices set --function corp laptop-9 --create owner=anna@example.com expires_at=2026-12-31T00:00:00Z

    Exit status: 0 done, or no difference; 2 differences, with --dry-run; 1 anything else.
    """
    output = Output(not no_color)
    wanted: Record = {key: _value(key, text) for key, text in values}
    of = table()
    key = of.key_of(common_name)
    item = of.get(common_name)
    known: dict[str, Known] = {}
    if item is not None:
        known = of.known({key: item})[key]
    elif not create:
        raise Failure(f"{key} is not registered in the table {of.name}; register it with --create")
    else:
        wanted.setdefault("updated_at", float(int(now())))
    fields = changes(known, wanted)
    if not dry_run and (fields or item is None):
        done = of.put_new(key, wanted) if item is None else of.update(key, item, fields)
        if not done:
            raise Failure(f"{key}: was {'registered' if item is None else 'removed'} meanwhile; run it again")
    _print_changes(output, form, key, fields, created=item is None)
    return DIFFERENT if dry_run and fields else OK


def _print_changes(output: Output, form: str, key: str, fields: tuple[FieldChange, ...], *, created: bool) -> None:
    if form == "json":
        output.json({COMMON_NAME: key, "created": created, "changes": [one.document() for one in fields]})
        return
    sign = ("+ ", STYLES["+"]) if created else _CHANGED
    for one in fields:
        output.line(sign, f"{key}  {one}")
    if not fields:
        output.line(f"{key} is as it should be")


@devices.command()
@click.argument("common_names", nargs=-1, required=True, metavar="COMMON_NAME...")
@table_options
@output_options("json")
def remove(common_names: tuple[str, ...], table: Callable[[], Table], form: str, no_color: bool) -> int:
    """Remove devices from the inventory; what was known of them is printed.

    Exit status: 0 done, 1 anything else, such as a device that is not there.
    """
    output = Output(not no_color)
    of = table()
    status = OK
    for common_name in common_names:
        key = of.key_of(common_name)
        device = of.remove(common_name)
        known: Record = {} if device is None else dict(flatten(device))
        if device is None:
            output.problem(f"cvpn: {key} is not registered in the table {of.name}")
            status = FAILED
        if form == "json":
            output.json(
                {COMMON_NAME: key, "removed": device is not None, "device": to_document(known) if device else None}
            )
        elif device is not None:
            output.line(("- ", STYLES["-"]), f"{key}  {_words(known)}")
    return status
