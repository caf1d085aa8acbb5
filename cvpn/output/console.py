"""What commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

WIDE = 10_000
"""Columns where nobody looks at a terminal: a table in a pipe is not to be folded."""

STYLES = {"ALLOW": "bold green", "DENY": "bold red", "+": "green", "-": "red", "?": "yellow"}


class Output:
    """Prints in the way that the command line asks for.

    rich is imported with the first line that is printed: it takes 0.1 s, and neither help nor JSON needs it.
    """

    def __init__(self, color: bool) -> None:
        """Take whether colour is allowed; whether there is any depends on the terminal and on NO_COLOR too."""
        self._color = color

    @cached_property
    def console(self) -> Console:
        """Standard output."""
        return _console(self._color, stderr=False)

    @cached_property
    def errors(self) -> Console:
        """Standard error."""
        return _console(self._color, stderr=True)

    def line(self, *parts: str | tuple[str, str]) -> None:
        """Print a line of texts, some with a style; a line is never folded."""
        self.console.print(_text(parts), soft_wrap=True)

    def problem(self, *parts: str | tuple[str, str]) -> None:
        """Print a line on standard error."""
        self.errors.print(_text(parts), soft_wrap=True)

    def json(self, value: Any) -> None:
        """Print a value as one line of JSON."""
        sys.stdout.write(json.dumps(value, separators=(",", ":")) + "\n")

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> None:
        """Print a table; ``right`` are the columns of numbers."""
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for number, heading in enumerate(headings):
            table.add_column(
                heading,
                justify="right" if number in right else "left",
                overflow="fold",
                no_wrap=not self.console.is_terminal,
            )
        for row in rows:
            table.add_row(*[Text(printable(cell), STYLES.get(cell, "")) for cell in row])
        if self.console.is_terminal:
            self.console.print(table)
            return
        with self.console.capture() as captured:
            self.console.print(table)
        for line in captured.get().splitlines():
            self.line(line.rstrip())


def _console(color: bool, *, stderr: bool) -> Console:
    from rich.console import Console

    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False, color_system="auto" if color else None)
    if not console.is_terminal:
        console.width = WIDE
    return console


def _text(parts: Sequence[str | tuple[str, str]]) -> Text:
    from rich.text import Text

    text = Text()
    for part in parts:
        if isinstance(part, str):
            text.append(printable(part))
        else:
            text.append(printable(part[0]), part[1])
    return text


def printable(text: str) -> str:
    """Replace what would command a terminal: names in a log are the words of clients."""
    if text.isprintable():
        return text
    return "".join([character if character.isprintable() else f"\\u{ord(character):04x}" for character in text])
