"""A decision: ours, a function written by hand for just this policy, and the engines that a user would pick instead.

Each engine decides in a process of its own, and a round measures one after the other. Before anything is timed, all
have to have decided alike on every sample.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from benchmarks import RULES
from benchmarks.engines import NAMES, PEERS, engine
from benchmarks.results import Budget, Part, Table, figure, ratio
from benchmarks.versions import distribution_version

ROUNDS = 9
PEER_RULES = RULES[:2]
"""Peers take a second for a decision with more."""
OURS, FLOOR = NAMES[:2]


class Worker:
    """The process of one engine; see :mod:`benchmarks.engines.worker`.

    Attributes
    ----------
    loaded
        What it said when it had loaded the policy: ``import_ms``, ``load_ms`` and ``decisions``.
    """

    def __init__(self, name: str, rules: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.engines.worker", name, str(rules)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.loaded = self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def round(self) -> dict[str, float]:
        """Return ``decision_us`` and ``translation_us`` of one more round."""
        assert self._process.stdin is not None  # noqa: S101 - Popen was given a pipe
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return dict(self._answer())

    def _answer(self) -> Any:
        assert self._process.stdout is not None  # noqa: S101
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} ended; its error is above")
        return json.loads(line)


def measure() -> Part:
    """Measure all engines at each number of rules."""
    part = Part("decisions")
    decided: dict[tuple[str, int], list[float]] = {}
    translated: dict[tuple[str, int], list[float]] = {}
    loaded: dict[tuple[str, int], dict[str, Any]] = {}
    with ExitStack() as stack:
        # Those of one engine one after the other, so that what a round is slowed down by slows all of them down.
        workers = {
            (name, rules): stack.enter_context(Worker(name, rules)) for name in NAMES for rules in _rules_of(name)
        }
        for (name, rules), worker in workers.items():
            if worker.loaded["decisions"] != workers[OURS, rules].loaded["decisions"]:
                raise RuntimeError(f"with {rules} rules, {name} and {OURS} decide differently")
            loaded[name, rules] = worker.loaded
            worker.round()  # finds how many decisions make a round
        for _ in range(ROUNDS):
            for which, worker in workers.items():
                took = worker.round()
                decided.setdefault(which, []).append(took["decision_us"])
                translated.setdefault(which, []).append(took["translation_us"])
    part.tables = [_table(decided, translated, loaded)]
    part.budgets = _budgets(decided)
    return part


def _rules_of(name: str) -> tuple[int, ...]:
    return PEER_RULES if name in PEERS else RULES


def _table(
    decided: dict[tuple[str, int], list[float]],
    translated: dict[tuple[str, int], list[float]],
    loaded: dict[tuple[str, int], dict[str, Any]],
) -> Table:
    table = Table(
        "A decision by the reference policy, µs",
        (
            "engine",
            *(f"{rules:,} rules" for rules in RULES),
            "of it translation",
            "import ms",
            f"load {PEER_RULES[-1]:,} rules ms",
        ),
        [],
        "Everything from the request to the decision. Translation is what puts a request into the form that an engine "
        "takes. All engines decide alike on every sample, which is checked before they are timed.",
    )
    for name in sorted(NAMES, key=lambda name: figure(decided[name, PEER_RULES[-1]]).median):
        last = loaded[name, PEER_RULES[-1]]
        table.rows.append(
            (
                _title(name),
                *(figure(decided[name, rules]) if (name, rules) in decided else "" for rules in RULES),
                figure(translated[name, RULES[0]]).median,
                last["import_ms"],
                last["load_ms"],
            )
        )
    return table


def _title(name: str) -> str:
    titles = {OURS: "`evaluate`", FLOOR: "hand-written Python for this policy"}
    distribution = engine(name).distribution if name in PEERS else ""
    return titles.get(name) or f"{distribution} {distribution_version(distribution)}"


def _budgets(decided: dict[tuple[str, int], list[float]]) -> list[Budget]:
    few, many, most = RULES
    budgets = [
        Budget(
            f"evaluate, {few} rules, against hand-written Python",
            ratio(decided[OURS, few], decided[FLOOR, few]),
            "at most",
            2.0,
        ),
        Budget(
            f"evaluate, {many:,} rules against {few}", ratio(decided[OURS, many], decided[OURS, few]), "at most", 1.3
        ),
        Budget(
            f"evaluate, {most:,} rules against {few}", ratio(decided[OURS, most], decided[OURS, few]), "at most", 1.5
        ),
    ]
    for rules, limit in ((few, 4.0), (many, 25.0)):
        best = min(PEERS, key=lambda name: figure(decided[name, rules]).median)
        what = f"the best peer ({engine(best).distribution}) against evaluate, {rules:,} rules"
        budgets.append(Budget(what, ratio(decided[best, rules], decided[OURS, rules]), "at least", limit))
    return budgets
