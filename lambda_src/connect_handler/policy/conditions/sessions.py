"""The condition ``sessions``, on the other active connections."""

from __future__ import annotations

from typing import Any

from connect_handler.facts.evidence import BY
from connect_handler.facts.facts import Facts
from connect_handler.policy.problems import Path, Problems, wrong_value

from .base import Condition, Test, read_object

SESSIONS_KEYS = ("at_least", "by")
MAX_SESSIONS = 100


class SessionsCondition(Condition):
    """The condition ``sessions``: true from ``at_least`` other active connections, ``by`` user name or common name."""

    def __init__(self, key: str, test: Test, by: str, at_least: int) -> None:
        super().__init__(key, test)
        self.by = by
        self.at_least = at_least


def read_sessions(key: str, value: Any, path: Path, problems: Problems) -> SessionsCondition | None:
    """Read ``sessions``: the user, or the certificate, has at least so many other active connections."""
    before = len(problems)
    if not read_object(value, path, problems, SESSIONS_KEYS, '{ by = "username", at_least = 1 }'):
        return None
    by, at_least = value.get("by"), value.get("at_least")
    if by not in BY:
        problems.add((*path, "by"), wrong_value(value, "by"), 'write "username" or "common_name"')
    if not isinstance(at_least, int) or isinstance(at_least, bool) or not 1 <= at_least <= MAX_SESSIONS:
        advice = f"write a whole number from 1 to {MAX_SESSIONS}"
        problems.add((*path, "at_least"), wrong_value(value, "at_least"), advice)
    if len(problems) > before:
        return None

    def test(facts: Facts) -> bool | None:
        name = getattr(facts.request, by)
        if name is None:
            return None
        if not name:
            return False  # a client without a name shares it with nobody
        others = None if facts.evidence is None else facts.evidence.sessions.get(by)
        return None if others is None else len(others) >= at_least

    return SessionsCondition(key, test, by, at_least)
