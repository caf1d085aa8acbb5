"""Reports of the figures: JSON, and the tables of docs/performance.md."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from benchmarks import ROOT
from benchmarks.results import Budget, Cell, Part, Table, number
from tools.generated import filled

RESULTS = ROOT / ".cache" / "benchmarks"
PAGE = ROOT / "docs" / "performance.md"


def write(parts: Sequence[Part], machine: dict[str, Any], seconds: float) -> None:
    """Write what one run has measured."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    content = {
        "measured": _today(),
        "seconds": round(seconds),
        "machine": machine,
        "parts": [asdict(part) for part in parts],
    }
    (RESULTS / "results.json").write_text(json.dumps(_rounded(content), indent=1) + "\n")
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(filled(text, _sections(parts, content), PAGE, all_needed=True), encoding="utf-8")


def write_long(parts: Sequence[Part], machine: dict[str, Any]) -> None:
    """Write parts that are measured by themselves onto the page, each with its machine."""
    text = PAGE.read_text(encoding="utf-8")
    about = f"Measured on {_today()}: {_about(machine)}."
    sections = {part.name: f"{_tables(part)}\n\n{about}" for part in parts}
    PAGE.write_text(filled(text, sections, PAGE, all_needed=True), encoding="utf-8")


def budgets(parts: Sequence[Part]) -> list[Budget]:
    """Return the budgets of all parts."""
    return [budget for part in parts for budget in part.budgets]


def budget_table(found: Sequence[Budget]) -> Table:
    """Return a table of budgets, each with its figure and whether it holds."""
    rows: list[tuple[Cell, ...]] = []
    for budget in found:
        limit = f"{budget.kind} {number(budget.limit)}{' ' + budget.unit if budget.unit else ''}"
        rows.append((budget.what, budget.figure, limit, "holds" if budget.holds else "**missed**"))
    return Table("Budgets", ("what", "median (quartiles)", "budget", ""), rows)


def as_markdown(table: Table) -> str:
    """Return a table in Markdown, with its note."""
    lines = [f"| {' | '.join(table.columns)} |", f"|{'|'.join(['---'] * len(table.columns))}|"]
    lines += [f"| {' | '.join(map(_cell, row))} |" for row in table.rows]
    return "\n".join(lines) + (f"\n\n{table.note}" if table.note else "")


def as_text(table: Table) -> str:
    """Return a table in columns, for a terminal."""
    rows = [table.columns, *(tuple(map(_cell, row)) for row in table.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([table.title, *lines, *([table.note] if table.note else [])])


def _sections(parts: Sequence[Part], content: dict[str, Any]) -> dict[str, str]:
    about = (
        f"Measured on {content['measured']} in {content['seconds']} s: {_about(content['machine'])}. Figures are "
        "medians, with the quartiles in parentheses."
    )
    sections = {"machine": about, "budgets": as_markdown(budget_table(budgets(parts)))}
    for part in parts:
        sections[part.name] = _tables(part)
    return sections


def _tables(part: Part) -> str:
    return "\n\n".join(f"**{table.title}**\n\n{as_markdown(table)}" for table in part.tables)


def _about(machine: dict[str, Any]) -> str:
    return (
        f"{machine['cores']} cores of {machine['processor']}, {machine['memory_gib']} GiB, {machine['system']}; "
        f"Python {machine['python']}, awslambdaric {machine['awslambdaric']}, boto3 {machine['boto3']}"
    )


def _today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d")


def _cell(value: Cell) -> str:
    if isinstance(value, float):
        return number(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _rounded(member) for key, member in value.items()}
    return [_rounded(member) for member in value] if isinstance(value, (list, tuple)) else value
