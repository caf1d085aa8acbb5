"""``cvpn devices show``, ``set`` and ``remove``."""

from __future__ import annotations

from collections.abc import Callable

import click

from cvpn import times
from cvpn.devices.differences import FieldChange, changes
from cvpn.devices.records import (
    COMMON_NAME,
    Known,
    Record,
    check_key,
    describe_record,
    flatten,
    format_value,
    to_document,
)
from cvpn.devices.table import Table
from cvpn.failures import DIFFERENT, FAILED, OK, Failure
from cvpn.options.common import output_options
from cvpn.output.console import STYLES, Output

from .options import Pair, read_value, table_options

_CHANGED = ("~ ", "yellow")


@click.command()
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
    registered = device is not None and (device.expires_at is None or times.now() < device.expires_at)
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


@click.command("set")
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
    wanted: Record = {key: read_value(key, text) for key, text in values}
    of = table()
    key = of.key_of(common_name)
    item = of.get(common_name)
    known: dict[str, Known] = {}
    if item is not None:
        known = of.known({key: item})[key]
    elif not create:
        raise Failure(f"{key} is not registered in the table {of.name}; register it with --create")
    else:
        wanted.setdefault("updated_at", float(int(times.now())))
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


@click.command()
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
            output.line(("- ", STYLES["-"]), f"{key}  {describe_record(known)}")
    return status
