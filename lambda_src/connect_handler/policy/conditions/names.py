"""Conditions on names: common_name, username, platform, groups, all_groups, endpoint and posture.

Names are compared without case. ``*`` and ``?`` are wildcards, except in ``all_groups``, ``endpoint`` and ``posture``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from typing import Any

from connect_handler.facts.facts import Facts
from connect_handler.facts.text import fold
from connect_handler.policy.problems import Path, Problems, describe, one_of

from .base import Condition, Reader, read_names, read_strings


class Patterns:
    """Alternative patterns, all folded.

    ``exact`` have no wildcards. ``beginnings`` are the parts before the star of patterns such as ``ops-*``. ``globs``
    are all others.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        exact, beginnings, self.globs = [], [], []
        for pattern in map(fold, patterns):
            literal = _literal(pattern)
            if literal == pattern:
                exact.append(pattern)
            elif pattern == literal + "*":
                beginnings.append(literal)
            else:
                self.globs.append(pattern)
        self.exact = frozenset(exact)
        self.beginnings = tuple(beginnings)
        self._match: Callable[[str], Any] | None = None

    def match(self, text: str) -> bool:
        """Tell whether a pattern matches the whole of a folded text."""
        return text in self.exact or text.startswith(self.beginnings) or (bool(self.globs) and self._match_glob(text))

    def _match_glob(self, text: str) -> bool:
        if self._match is None:  # late: compiling takes longer than reading the rest of a rule
            from fnmatch import translate

            # A bracket is a wildcard of fnmatch alone.
            expressions = [translate(glob.replace("[", "[[]")) for glob in self.globs]
            self._match = re.compile("|".join(expressions)).match
        return self._match(text) is not None

    def condition(self, key: str, test: Callable[[Facts], bool | None]) -> Condition:
        """Return a condition that is true if a pattern matches.

        The index can file the condition if no pattern begins with a wildcard.
        """
        # A text that does not begin with "laptop-" does not match "laptop-*.example" either.
        literals = tuple(map(_literal, self.globs))
        if not all(literals):
            return Condition(key, test)
        return Condition(key, test, self.exact, self.beginnings + literals, not self.globs)


def _literal(pattern: str) -> str:
    """Return the part of a pattern before its first wildcard."""
    return pattern.partition("*")[0].partition("?")[0]


def read_pattern(key: str, value: Any, path: Path, problems: Problems) -> Condition | None:
    """Read ``common_name``, ``username`` or ``platform``: one of the patterns matches the field.

    An empty pattern matches the empty name of a client that has none.
    """
    strings = read_strings(value, path, problems)
    if strings is None:
        return None
    patterns = Patterns(strings)

    def test(facts: Facts) -> bool | None:
        text = getattr(facts, key)
        return None if text is None else patterns.match(text)

    return patterns.condition(key, test)


def read_groups(key: str, value: Any, path: Path, problems: Problems) -> Condition | None:
    """Read ``groups``: one of the patterns matches one of the groups."""
    names = read_names(value, path, problems, "a group")
    if names is None:
        return None
    patterns = Patterns(names)

    def test(facts: Facts) -> bool | None:
        groups = facts.groups
        if groups is None:
            return None
        return not patterns.exact.isdisjoint(groups) or any(map(patterns.match, groups))

    return patterns.condition(key, test)


def read_all_groups(key: str, value: Any, path: Path, problems: Problems) -> Condition | None:
    """Read ``all_groups``: the request has every one of the groups."""
    names = read_names(value, path, problems, "a group")
    if names is None:
        return None
    wanted = frozenset(map(fold, names))

    def test(facts: Facts) -> bool | None:
        return None if facts.groups is None else wanted <= facts.groups

    # A request that has all of them has the first.
    return Condition(key, test, frozenset([min(wanted)]), match_suffices=len(wanted) == 1)


def read_endpoint(key: str, value: Any, path: Path, problems: Problems) -> Condition | None:
    """Read ``endpoint``: one of the values is the alias that the endpoint invoked, or the endpoint's id."""
    names = read_names(value, path, problems, "an endpoint")
    if names is None:
        return None
    wanted = frozenset(names)

    def test(facts: Facts) -> bool:
        return facts.request.endpoint_id in wanted or facts.request.alias in wanted

    return Condition(key, test, wanted, match_suffices=True)


def posture_reader(statuses: Collection[str]) -> Reader:
    """Return the reader of ``posture``, given the statuses that the policy can assign.

    The condition is true if one of its statuses was assigned. It is unknown if a posture rule that could assign one is.
    """

    def read_posture(key: str, value: Any, path: Path, problems: Problems) -> Condition | None:
        names = read_names(value, path, problems, "a status")
        if names is None:
            return None
        wanted = frozenset(names)
        missing = sorted(wanted.difference(statuses))  # a deny rule with a misspelt status would never deny
        for status in missing:
            what = f"has {describe(status)}, which no posture rule assigns"
            problems.add(path, what, one_of(status, statuses) if statuses else "write a posture rule that does")
        if missing:
            return None

        def test(facts: Facts) -> bool | None:
            if not wanted.isdisjoint(facts.posture):
                return True
            return False if wanted.isdisjoint(facts.possible_posture) else None

        return Condition(key, test, wanted)  # a status in the index may be only possible

    return read_posture
