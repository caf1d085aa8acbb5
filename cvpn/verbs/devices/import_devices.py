"""``cvpn devices import``."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

import click

from connect_handler.facts.device import TEXTS
from cvpn import times
from cvpn.devices.differences import Differences, differences
from cvpn.devices.exports import EXPORTS
from cvpn.devices.importing import Columns, ImportResult, Reading, columns_of, import_rows
from cvpn.devices.reading import FORMATS, RejectedRow, Sheet, read_sheet
from cvpn.devices.records import (
    Record,
    check_key,
    describe_record,
)
from cvpn.devices.table import Table
from cvpn.failures import DIFFERENT, FAILED, OK, Failure
from cvpn.options.common import output_options
from cvpn.output.console import STYLES, Output
from cvpn.output.progress import progress_bar

from .options import Pair, Zone, column_key, read_value, table_options

SHARE = 0.1
"""Of the devices in the table, how many an import may remove or make worse without being told that it may."""

_CHANGED = ("~ ", "yellow")


@click.command("import")
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
    type=Pair(column_key),
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
    said = {key: read_value(key, text) for key, text in constants}
    read = read_sheet(file, form_of_file)
    if not read.rows:
        raise Failure(f"{read.name}: has no devices; nothing was changed")
    columns = columns_of(read, export, dict(mapped))
    _tell(output, read, columns, said)
    at = times.now()
    expires_at = None if expires_after is None else at + expires_after * 3600
    to = table()
    found = import_rows(read, columns, Reading(said, expires_at, zone, date_format, latest, at), to.key_of)
    _check_rows(output, read, found, skip_bad, remove_missing)
    items = to.scan()
    known = to.known(items)
    compared = differences(known, found.records, at, remove_missing=remove_missing and not found.bad)
    _tell_expired(output, compared)
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
        _print(output, compared, dry_run, refused)
    if refused:
        output.problem(f"cvpn: {_refusal(endangered, len(known), limit, dry_run)}")
    for key in conflicts:
        output.problem(f"cvpn: {key}: was changed meanwhile, and left as it is; run it again")
    if found.bad or conflicts or (refused and not dry_run):
        return FAILED
    return DIFFERENT if dry_run and compared.any else OK


def _check_rows(output: Output, read: Sheet, found: ImportResult, skip_bad: bool, remove_missing: bool) -> None:
    """Name what cannot be imported; a failure if nothing is left, or if nothing may be left out."""
    for bad in found.bad:
        output.problem(f"cvpn: {bad}")
    if found.bad and not skip_bad:
        raise Failure(f"{_lines(found.bad)} cannot be imported; nothing was written. Correct them, or say --skip-bad")
    if not found.records:
        raise Failure(f"{read.name}: has no devices that can be imported; nothing was changed")
    if found.bad and remove_missing:
        output.problem("cvpn: as lines were left out, no device is removed")


def _tell_expired(output: Output, compared: Differences) -> None:
    if compared.expired:
        output.problem(
            f"cvpn: {_devices(len(compared.expired))} of the file expired in the table, such as "
            f"{sorted(compared.expired)[0]}: say --expires-after HOURS, or --set expires_at= for never"
        )


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


def _print(output: Output, found: Differences, dry_run: bool, refused: bool) -> None:
    if dry_run or refused:
        _print_differences(output, found)
    output.line(str(found) + (" (dry run)" if dry_run else ""))


def _print_differences(output: Output, found: Differences) -> None:
    for key, known in sorted(found.removed.items()):
        output.line(("- ", STYLES["-"]), f"{key}  {describe_record(dict(known))}")
    for key, fields in sorted(found.changed.items()):
        output.line(_CHANGED, f"{key}  {', '.join(map(str, fields))}")
    for key, record in sorted(found.added.items()):
        output.line(("+ ", STYLES["+"]), f"{key}  {describe_record(record)}")
