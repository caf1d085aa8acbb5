"""Lambda, with functions that run: one module an entity, as in moto."""

from __future__ import annotations

from .alias import AliasBackend
from .invocation import Invocation, InvocationBackend

__all__ = ["Invocation", "LambdaBackend"]


class LambdaBackend(AliasBackend, InvocationBackend):
    """Lambda in one account and Region."""
