"""Writes modules/monitoring/names.tf: the names of metrics and fields, as the handler writes them.

``python -m tools.monitoring_names`` writes the file; ``--check`` tells whether it is stale, and writes nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from connect_handler import answering, decision_log, evaluation
from connect_handler.request import FIELDS
from cvpn.log_schema import FIELDS_OF_A_LINE
from tools import ROOT

FILE = ROOT / "modules" / "monitoring" / "names.tf"


def text() -> str:
    """Return the file's text."""
    metrics = {
        "decisions": decision_log.METRIC,
        "shadow_mode": decision_log.SHADOW_MODE_METRIC,
        "shadow_rules": decision_log.SHADOW_RULES_METRIC,
    }
    reasons = (
        evaluation.ALLOW_RULE,
        evaluation.EXPLICIT_DENY,
        evaluation.IMPLICIT_DENY,
        answering.INVALID_REQUEST,
        answering.POLICY_ERROR,
        answering.INTERNAL_ERROR,
    )
    # Logs Insights takes a name with a hyphen only in backquotes.
    fields = {name: name for name in FIELDS_OF_A_LINE if name.islower() and not name.startswith("_")}
    requested = {f"request_{name.replace('-', '_')}": f"`request.{name}`" for name in FIELDS}
    return "\n".join(
        [
            "# Names that the handler writes, from its source: run `make docs` after a change there.",
            "",
            "locals {",
            f'  decision_namespace = "{decision_log.METRIC_NAMESPACE}"',
            "",
            *_map("decision_metrics", metrics),
            "",
            "  # Why a connection was allowed or denied, by which the metric of decisions is divided.",
            *_map("reasons", {reason.replace("-", "_"): reason for reason in reasons}),
            "",
            "  # The decision log's fields, as Logs Insights calls them.",
            *_map("fields", fields | requested),
            "}",
            "",
        ]
    )


def _map(name: str, members: Mapping[str, str]) -> list[str]:
    width = max(map(len, members))
    return [f"  {name} = {{", *[f'    {key:{width}} = "{value}"' for key, value in members.items()], "  }"]


def main(arguments: Sequence[str] | None = None, file: Path = FILE) -> int:
    """Write or check the file; 0: done, or up to date."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.monitoring_names", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    check = parser.parse_args(arguments).check
    new = text()
    if file.is_file() and file.read_text(encoding="utf-8") == new:
        return 0
    if check:
        print(f"{file.name} does not have the names that the handler writes. Run `make docs`.", file=sys.stderr)
        return 1
    file.write_text(new, encoding="utf-8")
    print(f"Written: {file.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
