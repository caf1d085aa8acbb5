"""Where performance claims come from: ratios, measured side by side in one run.

``make bench``, or ``python -m benchmarks``, measures everything, prints each budget with its figure and whether it
holds, and writes ``.cache/benchmarks/results.json`` and the tables of docs/performance.md. ``python -m benchmarks
NAME...`` measures the named parts alone, and writes nothing.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUNDLE = ROOT / "modules" / "handler" / "connect_handler.zip"

DEFAULT_MINOR = "3.13"
"""Python of the module's default runtime, of which the budgets are."""

START_RULES = (10, 100, 300)
"""Numbers of rules in the reference policy that a start is measured with; about 300 are the most that 4 KB hold."""

RULES = (10, 1000, 10_000)
"""Numbers of rules in the reference policy that a decision is measured with."""
