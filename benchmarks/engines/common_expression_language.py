"""CEL by its Rust implementation: the policy as one expression, in which no rule denies and one allows, compiled once.

The values go to Rust once, in a context, which is faster than one program for each rule. This CEL has neither networks
nor time zones, and no CEL has versions, so it compares what is translated: addresses and versions as integers, weekday
and minute in Berlin, folded text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cel

from benchmarks.engines import translation
from connect_handler.contract.request import Request

DISTRIBUTION = "common-expression-language"


def prepare(policy: dict[str, Any]) -> Callable[[cel.Context], Any]:
    """Return the compiled expression."""
    denying, allowing = (
        " || ".join(f"({translation.cel(rule)})" for rule in rules) for rules in translation.split(policy)
    )
    program = cel.compile(f"!({denying or 'false'}) && ({allowing or 'false'})")
    return lambda context: program.execute(context)


def translate(request: Request, now: float) -> cel.Context:
    """Return the variables."""
    return cel.Context(translation.attributes(request, now))


def allows(answer: Any) -> bool:
    """Tell what the expression says."""
    return answer is True
