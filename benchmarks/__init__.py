"""Where performance claims come from: ratios, measured side by side in one run.

``make bench``, or ``python -m benchmarks``, measures everything, prints each budget with its figure and whether it
holds, and writes ``benchmarks/results`` and the tables of docs/performance.md. ``python -m benchmarks NAME...``
measures the named parts alone, and writes nothing.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUNDLE = ROOT / "modules" / "handler" / "connect_handler.zip"

DEFAULT_MINOR = "3.13"
"""Python of the module's default runtime, of which the budgets are."""

RULES = (10, 100, 1000)
"""Numbers of rules in the reference policy that budgets are of."""
