"""Tries new examples of each property until one fails, or time is up: ``python -m tools.fuzz [MINUTES]``.

Each round runs every test that states a property (Hypothesis), with a seed of its own. Exit status 1: a property does
not hold; the test's output shows the example, which ``.cache/hypothesis`` keeps for the next run.
"""

from __future__ import annotations

import math
import random
import subprocess
import sys
import time
from collections.abc import Sequence

from localaws.processes import die_with_parent
from tools import ROOT


def main(arguments: Sequence[str]) -> int:
    """Run rounds for as many minutes as the argument says, or without end."""
    try:
        minutes = float(arguments[0]) if arguments else math.inf
    except ValueError:
        print(f"{arguments[0]!r} is no number of minutes; write, for example, MINUTES=30.", file=sys.stderr)
        return 1
    ends = time.monotonic() + minutes * 60
    number = 0
    while number == 0 or time.monotonic() < ends:
        number += 1
        seed = random.SystemRandom().randrange(2**32)
        print(f"==> round {number}, seed {seed}", flush=True)
        if status := run_round(seed):
            return status
    return 0


def run_round(seed: int) -> int:
    """Run every property once; return pytest's exit status."""
    options = ("-m", "hypothesis", "--hypothesis-profile=fuzz", f"--hypothesis-seed={seed}", "-q", "-n", "auto", "-x")
    return subprocess.run(die_with_parent([sys.executable, "-m", "pytest", *options]), cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
