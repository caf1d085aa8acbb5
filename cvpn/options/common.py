"""Options that most verbs have."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from connect_handler.facts.times import INSTANT
from cvpn.times import parse_time

Function = TypeVar("Function", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)


class Instant(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """A time of day and date, in seconds since 1970-01-01 UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read RFC 3339."""
        if isinstance(value, float):
            return value
        seconds = parse_time(value) if re.fullmatch(INSTANT, str(value)) else None
        if seconds is None:
            self.fail(f"{value!r} is no time; write RFC 3339 with an offset, such as 2026-12-24T18:00:00Z", param, ctx)
        return seconds


INSTANT_TYPE = Instant()


def output_options(*formats: str) -> Callable[[Function], Function]:
    """Add ``-o`` with the given formats, and ``--no-color``."""

    def add(function: Function) -> Function:
        function = click.option(
            "--no-color", is_flag=True, help="Print without colour; so does the variable NO_COLOR."
        )(function)
        return click.option(
            "-o",
            "--output",
            "form",
            type=click.Choice(["text", *formats]),
            default="text",
            show_default=True,
            help="Form of the result.",
        )(function)

    return add


def account_options(function: Function) -> Function:
    """Add ``--profile`` and ``--region``."""
    function = click.option("--region", metavar="REGION", help="AWS Region.")(function)
    return click.option("--profile", metavar="NAME", help="Profile of the shared AWS configuration.")(function)
