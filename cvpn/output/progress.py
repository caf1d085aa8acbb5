"""How far a command has come, on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .console import Output


@contextmanager
def progress_bar(output: Output, doing: str) -> Iterator[Callable[[float], None]]:
    """Show on standard error how much is done, where that is a terminal; what is returned takes it, from 0 to 1."""
    if not output.errors.is_terminal:
        yield lambda _: None
        return
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn(doing), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=output.errors, transient=True) as shown:
        task = shown.add_task("", total=1.0)
        yield lambda share: shown.update(task, completed=min(max(share, 0.0), 1.0))
