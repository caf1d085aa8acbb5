"""How a rule becomes an entry of an index, so that a decision looks at few rules even where there are many.

A rule's conditions must all hold, so one of them is enough to tell that the rule cannot matter for a request. Each
rule is filed under the values of one condition of its ``when``: the one in :data:`ORDER` that is expected to leave the
fewest requests. A request then finds its candidates by looking up its own values: its user name, each of its groups,
the beginnings of both for patterns such as ``ops-*``, its address under each prefix length in use. Rules without such
a condition (with other wildcards, versions or times alone) are candidates always.

The index leaves rules out, nothing else: every candidate is evaluated in full. And what it leaves out is false for
certain: where the value to look up is unknown, all rules filed under that field are candidates.
"""

from __future__ import annotations

from .networks import BITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence
    from typing import Any

    from .conditions import Condition, Facts

ORDER = ("username", "common_name", "groups", "all_groups", "public_ip", "endpoint", "posture", "platform")
"""Condition keys that rules are filed under, the most selective first."""

MAX_VALUES = 1_000
"""A condition with more values than this is not filed under: to ask it costs one look-up or bisection, to file all of
its values would double what loading it takes."""


class Index:
    """Finds the rules that can be true or unknown for a request."""

    __slots__ = ("_always", "_tables")

    def __init__(self, whens: Iterable[Sequence[Condition]]) -> None:
        """Take the conditions of each rule's ``when``, in document order."""
        always = []
        tables: dict[str, Any] = {}
        for position, when in enumerate(whens):
            condition = _filed_under(when)
            if condition is None:
                always.append(position)
                continue
            if condition.key not in tables:
                tables[condition.key] = (
                    _Networks() if condition.key == "public_ip" else _Values(_LOOK_UP[condition.key])
                )
            tables[condition.key].add(position, condition)
        self._always = tuple(always)
        self._tables = tuple(tables.values())

    def candidates(self, facts: Facts) -> list[int]:
        """Return the positions of the rules that are not false for certain, in document order."""
        positions = set(self._always)
        for table in self._tables:
            table.find(facts, positions)
        return sorted(positions)


def _filed_under(when: Sequence[Condition]) -> Condition | None:
    by_key = {condition.key: condition for condition in when if _is_simple(condition)}
    for key in ORDER:
        if key in by_key:
            return by_key[key]
    return None


def _is_simple(condition: Condition) -> bool:
    return condition.exact is not None and len(condition.exact) + len(condition.prefixes) <= MAX_VALUES


_LOOK_UP: dict[str, Callable[[Facts], Iterable[str | None] | None]] = {
    "username": lambda facts: None if facts.username is None else (facts.username,),
    "common_name": lambda facts: None if facts.common_name is None else (facts.common_name,),
    "platform": lambda facts: None if facts.platform is None else (facts.platform,),
    "groups": lambda facts: facts.groups,
    "all_groups": lambda facts: facts.groups,
    "endpoint": lambda facts: (facts.request.alias, facts.request.endpoint_id),
    "posture": lambda facts: facts.posture | facts.possible_posture,
}
"""The values of a request to look up, by condition key; None where they are unknown."""


class _Values:
    """Rules by value of one field, and by its beginnings: for each length in use, a table of them."""

    __slots__ = ("_all", "_by_prefix", "_by_value", "_look_up")

    def __init__(self, look_up: Callable[[Facts], Iterable[str | None] | None]) -> None:
        self._look_up = look_up
        self._by_value: dict[Hashable, list[int]] = {}
        self._by_prefix: dict[int, dict[str, list[int]]] = {}
        self._all: list[int] = []

    def add(self, position: int, condition: Condition) -> None:
        self._all.append(position)
        for value in condition.exact or ():
            self._by_value.setdefault(value, []).append(position)
        for prefix in condition.prefixes:
            self._by_prefix.setdefault(len(prefix), {}).setdefault(prefix, []).append(position)

    def find(self, facts: Facts, positions: set[int]) -> None:
        values = self._look_up(facts)
        if values is None:
            positions.update(self._all)
            return
        by_value = self._by_value
        for value in values:
            if value in by_value:
                positions.update(by_value[value])
        for length, by_prefix in self._by_prefix.items():
            for value in values:
                found = by_prefix.get(value[:length]) if value is not None else None
                if found is not None:
                    positions.update(found)


class _Networks:
    """Rules by network: for each prefix length in use, a table of prefixes."""

    __slots__ = ("_all", "_by_length")

    def __init__(self) -> None:
        self._by_length: dict[tuple[int, int], dict[int, list[int]]] = {}
        self._all: list[int] = []

    def add(self, position: int, condition: Condition) -> None:
        self._all.append(position)
        networks: Iterable[Any] = condition.exact or ()
        for version, length, first in networks:
            shift = BITS[version] - length
            self._by_length.setdefault((version, shift), {}).setdefault(first >> shift, []).append(position)

    def find(self, facts: Facts, positions: set[int]) -> None:
        address = facts.address
        if address is None:
            positions.update(self._all)
            return
        version, number = address
        for (of_version, shift), by_prefix in self._by_length.items():
            if of_version == version:
                found = by_prefix.get(number >> shift)
                if found is not None:
                    positions.update(found)
