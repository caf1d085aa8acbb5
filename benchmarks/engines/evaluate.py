"""Ours: the function that the handler, ``cvpn`` and the deploy gate decide with."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from connect_handler.decision.evaluate import Decision, evaluate
from connect_handler.policy.document import read_policy

DISTRIBUTION = ""


def prepare(policy: dict[str, Any]) -> Callable[..., Decision]:
    """Return the function that decides by a policy; all that it makes of a request is a part of its own time."""
    return partial(evaluate, read_policy(json.dumps(policy)))


def allows(decision: Decision) -> bool:
    """Tell what was decided."""
    return decision.allow
