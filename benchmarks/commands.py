"""Commands of cvpn, against the start of Python."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from benchmarks import reference
from benchmarks.results import Budget, Part, Table, figure, ratio

ROUNDS = 7
HELP_LIMIT, VALIDATE_LIMIT, GROWTH_LIMIT = 6.0, 5.0, 5.0


def measure() -> Part:
    """Measure help, and validation of 1,000 and of 4,000 rules."""
    cvpn = [sys.executable, "-m", "cvpn"]
    took: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        commands = {"python -c pass": [sys.executable, "-c", "pass"], "cvpn --help": [*cvpn, "--help"]}
        for rules in (1000, 4000):
            path = Path(name, f"{rules}.tfvars.json")
            path.write_text(json.dumps({**reference.policy(rules), "policy_bucket": "policies"}))
            commands[f"cvpn validate, {rules:,} rules"] = [*cvpn, "validate", str(path)]
        for number in range(ROUNDS + 1):
            for title, command in commands.items():
                began = time.perf_counter()
                subprocess.run(command, capture_output=True, check=True)
                if number:  # the first round fills the page cache
                    took[title].append(1000 * (time.perf_counter() - began))
    start, help_text, few, many = took
    return Part(
        "commands",
        [Table("Commands, ms", ("command", "ms"), [(title, figure(values)) for title, values in took.items()])],
        [
            Budget("cvpn --help against python -c pass", ratio(took[help_text], took[start]), "at most", HELP_LIMIT),
            Budget(f"{few} against cvpn --help", ratio(took[few], took[help_text]), "at most", VALIDATE_LIMIT),
            Budget(f"{many} against 1,000", ratio(took[many], took[few]), "at most", GROWTH_LIMIT),
        ],
    )
