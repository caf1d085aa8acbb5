"""Ours: the function that the handler, ``cvpn`` and the deploy gate decide with."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from connect_handler.evaluation import Decision, evaluate
from connect_handler.policy import Policy

DISTRIBUTION = ""


def prepare(policy: dict[str, Any]) -> Callable[..., Decision]:
    """Return the function that decides by a policy; all that it makes of a request is a part of its own time."""
    return partial(evaluate, Policy(json.dumps(policy)))


def allows(decision: Decision) -> bool:
    """Tell what was decided."""
    return decision.allow
