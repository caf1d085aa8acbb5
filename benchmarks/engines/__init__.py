"""Engines that decide by the reference policy: ours, a function written by hand, and what a user would pick instead.

Each module here is one engine, and has up to four names:

``DISTRIBUTION``
    What it is called on PyPI; empty for what is ours.
``prepare(policy)``
    Takes the policy as :func:`benchmarks.reference.policy` returns it, expresses it in the engine's own language as its
    documentation advises, and returns the function that decides: from what ``translate`` returns, or from a request and
    the time where there is no ``translate``, to whatever the engine gives. Whatever can be done once, before the first
    request, is done there.
``translate(request, now)``
    Puts a request and the time into the form that the engine takes, which is a part of every decision.
``allows(answer)``
    Tells whether what the deciding function returned allows the connection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

PEERS = ("cedarpy", "common_expression_language", "regopy")
"""What a user would pick instead."""

NAMES = ("evaluate", "handwritten", *PEERS)


@dataclass(frozen=True)
class Engine:
    """What a module of this package has."""

    distribution: str
    prepare: Callable[[dict[str, Any]], Callable[..., Any]]
    translate: Callable[..., Any] | None
    allows: Callable[[Any], bool]


def engine(name: str) -> Engine:
    """Load an engine by the name of its module."""
    module = import_module(f"benchmarks.engines.{name}")
    return Engine(module.DISTRIBUTION, module.prepare, getattr(module, "translate", None), module.allows)
