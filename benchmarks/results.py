"""Results of a benchmark: figures with their spread, tables of them, and budgets that hold or do not."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """A median and the quartiles around it, of rounds that were interleaved with those it is compared with."""

    median: float
    low: float
    high: float
    rounds: int

    def __str__(self) -> str:
        return f"{number(self.median)} ({number(self.low)} to {number(self.high)})"


Cell = str | int | float | Figure


@dataclass(frozen=True)
class Table:
    """Rows of cells under a title; what is to be known of them stands in the note."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    note: str = ""


@dataclass(frozen=True)
class Budget:
    """A ratio, or a size, and what it may be; of rounds, the median counts."""

    what: str
    figure: Figure
    kind: Literal["at most", "at least"]
    limit: float
    unit: str = ""

    @property
    def holds(self) -> bool:
        """Whether the figure is within the budget."""
        found = self.figure.median
        return found <= self.limit if self.kind == "at most" else found >= self.limit


@dataclass
class Part:
    """What one file of this folder has measured."""

    name: str
    tables: list[Table] = field(default_factory=list)
    budgets: list[Budget] = field(default_factory=list)


def figure(values: Iterable[float]) -> Figure:
    """Return the median of rounds, and their quartiles."""
    found = sorted(values)
    low, median, high = statistics.quantiles(found, n=4, method="inclusive") if len(found) > 1 else found * 3
    return Figure(median, low, high, len(found))


def ratio(above: list[float], below: list[float]) -> Figure:
    """Return how many times the first is the second, round by round: what slows a round down, slows down both."""
    return figure(one / other for one, other in zip(above, below, strict=True))


def number(value: float) -> str:
    """Return a number with three digits, or all of those before the point."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"
