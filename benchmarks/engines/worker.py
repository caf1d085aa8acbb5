"""One engine in a process of its own, which measures a round whenever it is told to.

``python -m benchmarks.engines.worker ENGINE RULES`` imports the engine, loads the reference policy of that many rules,
decides on every sample, and writes a line of JSON: ``import_ms``, ``load_ms`` and ``decisions``. For each line that it
then reads, it writes another: microseconds of a decision and of its translation, means over the samples.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from typing import Any

ROUND_SECONDS = 0.12


def main(name: str, rules: int) -> None:
    """Answer on standard output."""
    from benchmarks import reference

    requests = reference.requests()
    policy = reference.policy(rules)
    started = time.perf_counter_ns()
    from benchmarks.engines import engine

    chosen = engine(name)
    imported = time.perf_counter_ns()
    prepared, translate = chosen.prepare(policy), chosen.translate
    loaded = time.perf_counter_ns()
    decide = prepared if translate is None else _translating(prepared, translate)
    decisions = [chosen.allows(decide(*request)) for request in requests]
    _say(
        {
            "import_ms": (imported - started) / 1e6,
            "load_ms": (loaded - imported) / 1e6,
            "decisions": decisions,
        }
    )
    gc.collect()
    gc.freeze()  # what was loaded is looked through for garbage by none of the engines
    repeats = 1
    for _ in sys.stdin:
        began = time.perf_counter_ns()
        for _ in range(repeats):
            for request, now in requests:
                decide(request, now)
        decided = translated = time.perf_counter_ns()
        if translate is not None:
            for _ in range(repeats):
                for request, now in requests:
                    translate(request, now)
            translated = time.perf_counter_ns()
        number = repeats * len(requests)
        _say(
            {
                "decision_us": (decided - began) / 1000 / number,
                "translation_us": (translated - decided) / 1000 / number,
            }
        )
        repeats = max(1, int(repeats * ROUND_SECONDS * 1e9 / (decided - began)))


def _translating(prepared: Callable[..., Any], translate: Callable[..., Any]) -> Callable[..., Any]:
    return lambda request, now: prepared(translate(request, now))


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
