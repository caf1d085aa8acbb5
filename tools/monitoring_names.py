"""Writes modules/monitoring/names.tf: the names of metrics and fields, as the handler writes them.

``python -m tools.monitoring_names`` writes the file; ``--check`` tells whether it is stale, and writes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from connect_handler.contract.request import FIELDS
from connect_handler.decision_log import metrics as names
from connect_handler.reauthorization.result import METRICS
from cvpn.schemas.decision_log import FIELDS_OF_A_LINE, REASONS
from tools import ROOT, generated

FILE = ROOT / "modules" / "monitoring" / "names.tf"


def text() -> str:
    """Return the file's text."""
    metrics = {
        "decisions": names.METRIC,
        "shadow_mode": names.SHADOW_MODE_METRIC,
        "shadow_rules": names.SHADOW_RULES_METRIC,
    }
    # Logs Insights takes a name with a hyphen only in backquotes.
    fields = {name: name for name in FIELDS_OF_A_LINE if name.islower() and not name.startswith("_")}
    requested = {f"request_{name.replace('-', '_')}": f"`request.{name}`" for name in FIELDS}
    return "\n".join(
        [
            "# Names that the handler writes, from its source: run `make docs` after a change there.",
            "",
            "locals {",
            f'  decision_namespace = "{names.METRIC_NAMESPACE}"',
            "",
            *_map("decision_metrics", metrics),
            "",
            "  # What could not be had or written down.",
            *_map("evidence_metrics", names.EVIDENCE_METRICS),
            "",
            "  # Of a run of re-authorization.",
            *_map("reauthorization_metrics", METRICS),
            "",
            "  # Why a connection was allowed or denied, by which the metric of decisions is divided.",
            *_map("reasons", {reason.replace("-", "_"): reason for reason in REASONS}),
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
    description = (__doc__ or "").split("\n")[0]
    what = "what the handler writes"
    return generated.write_or_check_files(arguments, "tools.monitoring_names", description, {file: text()}, what)


if __name__ == "__main__":
    sys.exit(main())
