"""CEL by its Python implementation: one program for each rule, transpiled to Python; those that deny are asked first.

In one large expression both sides of each ``||`` are computed, which is slower than to stop between programs. Functions
of one's own do not work with the runner that transpiles (https://github.com/cloud-custodian/cel-python/issues/145), and
the default one with them takes longer. So networks are compared as integers; versions, weekday and minute are
translated as for ``common_expression_language``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import celpy
from celpy.adapter import json_to_cel

from benchmarks.engines import translation
from connect_handler.contract.request import Request

DISTRIBUTION = "cel-python"


def prepare(policy: dict[str, Any]) -> Callable[[dict[str, Any]], bool]:
    """Return the function that runs the programs."""
    environment = celpy.Environment(runner_class=celpy.CompiledRunner)
    denying, allowing = (
        [environment.program(environment.compile(translation.cel(rule, "request."))).evaluate for rule in rules]
        for rules in translation.split(policy)
    )

    def decide(context: dict[str, Any]) -> bool:
        return not any(applies(context) for applies in denying) and any(applies(context) for applies in allowing)

    return decide


def translate(request: Request, now: float) -> dict[str, Any]:
    """Return the values in CEL's types, as the one variable ``request``: each variable costs every program."""
    return {"request": json_to_cel(translation.attributes(request, now))}


def allows(answer: bool) -> bool:
    """Tell what was decided."""
    return answer
