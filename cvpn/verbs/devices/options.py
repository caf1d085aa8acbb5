"""Options that several verbs of ``cvpn devices`` have."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any
from zoneinfo import ZoneInfo

import click

from connect_handler.policy.conditions.schedule import is_time_zone
from cvpn.aws.account import Account
from cvpn.devices.inventory import check_attribute_name, inventory_table
from cvpn.devices.records import (
    COMMON_NAME,
    Known,
    check_key,
    value_of,
)
from cvpn.options.common import account_options


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


def column_key(key: str) -> str:
    """Return a key of a record, or that of the common name; ValueError for what is neither."""
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
        table = partial(
            inventory_table, table_name, function_name, dict(attribute_names), exact, Account(profile, region)
        )
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


def read_value(key: str, text: str) -> Known | None:
    """Read the value of a key on the command line."""
    try:
        return value_of(key, text)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
