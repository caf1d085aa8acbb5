"""How a rule becomes an entry of an index, so that a decision looks at few rules even where there are many.

A rule's conditions must all hold, so one of them is enough to tell that the rule cannot matter for a request. Each
rule is filed under the values of one condition of its ``when``: the one in :data:`ORDER` that is expected to leave the
fewest requests. A request then finds its candidates by looking up its own values: its user name, each of its groups,
the beginnings of both for patterns such as ``ops-*``, its address under each prefix length in use. Rules without such
a condition (with versions or times alone) are candidates always.

Three things can come of it for a rule, and this is how each is filed, with :data:`Candidate`:

- ``{ groups = ["staff"] }`` for a request with that group: the look-up has found the condition true, so only what else
  the rule asks for is left to test, which may be nothing at all.
- ``{ username = ["a*z"] }`` for a request that begins with ``a``: the look-up only tells that it may be true, and the
  whole rule is tested.
- Either for a request whose value is unknown: all rules filed under that field are candidates, to be tested.

So what the index leaves out is false for certain, and what it finds is what the rule itself would say.
"""

from __future__ import annotations

from operator import attrgetter

from .networks import BITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Sequence
    from typing import Any

    from .conditions import Condition, Facts
    from .policy import Rule
    from .truth import Test

    Candidate = tuple[int, Any, Test | None]
    """Position of a rule, the rule, and what tells whether it applies; None where it applies for certain."""

ORDER = ("username", "common_name", "groups", "all_groups", "public_ip", "endpoint", "posture", "platform")
"""Condition keys that rules are filed under, the most selective first."""

MAX_VALUES = 1_000
"""A condition with more values than this is not filed under: to ask it costs one look-up or bisection, to file all of
its values would double what loading it takes."""


_TEXTS = ("username", "common_name", "platform")
"""Fields of one value."""

_LOOK_UPS: dict[str, Callable[[Facts], Collection[str | None] | None]] = {
    "groups": attrgetter("groups"),
    "all_groups": attrgetter("groups"),
    "endpoint": lambda facts: (facts.request.alias, facts.request.endpoint_id),
    "posture": lambda facts: facts.posture | facts.possible_posture,
}
"""The values of a request, for keys that look at several; None where they are unknown."""


class Index:
    """Finds the rules that can be true or unknown for a request."""

    __slots__ = ("_always", "_networks", "_tables_of_several", "_tables_of_texts")

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Take rules in document order."""
        self._always: list[Candidate] = []
        self._networks = _Networks()
        tables: dict[str, _Table] = {}
        for position, rule in enumerate(rules):
            condition = _filed_under(rule.when)
            if condition is None:
                self._always.append((position, rule, rule.test_without(None)))
                continue
            key = condition.key
            if key == "public_ip":
                table: _Table | _Networks = self._networks
            elif key in tables:
                table = tables[key]
            else:
                table = tables[key] = _Table()
            table.filed.append((position, rule))
            test = rule.test_without(condition) if condition.is_found_true else rule.applies
            table.file(condition, (position, rule, test))
        self._tables_of_texts = [(key, tables[key]) for key in _TEXTS if key in tables]
        self._tables_of_several = [(look_up, tables[key]) for key, look_up in _LOOK_UPS.items() if key in tables]

    def candidates(self, facts: Facts) -> list[Candidate]:
        """Return the rules that are not false for certain, in document order.

        A rule that was found by two values is there twice, the same candidate one after the other.
        """
        found = self._always.copy()
        for field, table in self._tables_of_texts:
            text = getattr(facts, field)
            if text is None:
                found += table.all()
                continue
            if text in table.by_value:
                found += table.by_value[text]
            for length, by_beginning in table.by_beginning:
                if text[:length] in by_beginning:
                    found += by_beginning[text[:length]]
        for look_up, table in self._tables_of_several:
            texts = look_up(facts)
            if texts is None:
                found += table.all()
                continue
            by_value = table.by_value
            for value in texts:
                if value in by_value:
                    found += by_value[value]
            for length, by_beginning in table.by_beginning:
                for beginning in by_beginning.keys() & {value[:length] for value in texts if value is not None}:
                    found += by_beginning[beginning]
        networks = self._networks
        if networks.filed:
            address = facts.address
            if address is None:
                found += networks.all()
            else:
                version, number = address
                for shift, by_prefix in networks.by_shift[version]:
                    prefix = number >> shift
                    if prefix in by_prefix:
                        found += by_prefix[prefix]
        found.sort()
        return found


def _filed_under(when: Sequence[Condition]) -> Condition | None:
    if len(when) == 1:
        only = when[0]
        values = only.values
        return None if values is None or len(values) + len(only.beginnings) > MAX_VALUES else only
    best = None
    for condition in when:
        values = condition.values
        if values is None or len(values) + len(condition.beginnings) > MAX_VALUES:
            continue
        if best is None or ORDER.index(condition.key) < ORDER.index(best.key):
            best = condition
    return best


class _Filed:
    """Rules that are filed under one field.

    Attributes
    ----------
    filed
        All of them, with their positions.
    """

    __slots__ = ("_all", "filed")

    def __init__(self) -> None:
        self.filed: list[tuple[int, Rule]] = []
        self._all: list[Candidate] | None = None

    def all(self) -> list[Candidate]:
        """Return the candidates for a request whose value is unknown: every rule, to be tested as a whole."""
        if self._all is None:
            self._all = [(position, rule, rule.applies) for position, rule in self.filed]
        return self._all


class _Table(_Filed):
    """Candidates by value of one field, and by its beginnings.

    Attributes
    ----------
    by_value
        Those that a value finds.
    by_beginning
        Those that the beginning of a value finds, for each length in use.
    """

    __slots__ = ("by_beginning", "by_value")

    def __init__(self) -> None:
        super().__init__()
        self.by_value: dict[Hashable, list[Candidate]] = {}
        self.by_beginning: list[tuple[int, dict[str, list[Candidate]]]] = []

    def file(self, condition: Condition, candidate: Candidate) -> None:
        """File a candidate under each of the values and beginnings of a condition."""
        by_value = self.by_value
        for value in condition.values or ():
            if value in by_value:
                by_value[value].append(candidate)
            else:
                by_value[value] = [candidate]
        for beginning in condition.beginnings:
            _of(self.by_beginning, len(beginning)).setdefault(beginning, []).append(candidate)


class _Networks(_Filed):
    """Candidates by network.

    Attributes
    ----------
    by_shift
        By IP version: those that the prefix of an address finds, for each number of bits behind a prefix in use.
    """

    __slots__ = ("by_shift",)

    def __init__(self) -> None:
        super().__init__()
        self.by_shift: dict[int, list[tuple[int, dict[int, list[Candidate]]]]] = {4: [], 6: []}

    def file(self, condition: Condition, candidate: Candidate) -> None:
        """File a candidate under each of the networks of a condition."""
        networks: Any = condition.values
        for version, length, first in networks:
            shift = BITS[version] - length
            _of(self.by_shift[version], shift).setdefault(first >> shift, []).append(candidate)


def _of(tables: list[tuple[int, dict[Any, list[Candidate]]]], number: int) -> dict[Any, list[Candidate]]:
    """Return the table of a length or a shift, which is made where there is none."""
    for other, table in tables:
        if other == number:
            return table
    tables.append((number, {}))
    return tables[-1][1]
