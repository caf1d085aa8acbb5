"""The index: a decision tries few rules even if the policy has many.

A rule's conditions must all hold. So one false condition shows that the rule cannot matter for a request. Each rule is
filed under the values of one condition of its ``when``: the one in :data:`ORDER` that should leave the fewest requests.
A request looks up its own values to find its candidates: its user name, each of its groups, the beginnings of both for
patterns such as ``ops-*``, its address under each prefix length in use. Rules without such a condition (with times
alone, say) are always candidates.

Rules on nothing but the client, :data:`CLIENT`, are an exception. A fleet has few kinds of clients, so the values of
these rules are kept for each kind.

A rule becomes a :data:`Candidate` in one of three ways:

- ``{ groups = ["staff"] }`` for a request with that group: the look-up shows that the condition is true. Only the
  rule's other conditions are left to test, and there may be none.
- ``{ username = ["a*z"] }`` for a user name that begins with ``a``: the look-up only shows that the condition may be
  true. The whole rule is tested.
- Either for a request whose value is unknown: every rule filed under that key is a candidate, and the whole rule is
  tested.

So a rule outside the candidates is false for certain, and a candidate has the value of its rule.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeAlias

from connect_handler.facts.addresses import IPV6
from connect_handler.facts.facts import Facts
from connect_handler.policy.conditions.base import Condition, Test
from connect_handler.policy.model import Policy, Rule

Candidate: TypeAlias = "tuple[int, Any, Test | None]"
"""Position of a rule, the rule, and the test that remains; None if the rule applies for certain."""

ORDER = ("username", "common_name", "public_ip", "all_groups", "groups", "endpoint", "posture", "platform")
"""Condition keys to file rules under, the most selective first."""

CLIENT = ("platform", "platform_version", "client_openvpn_version", "aws_client_version")
"""Condition keys on the client alone."""

MAX_FILED = 1_000
"""The most values to file a rule under. Beyond, one bisection or one look-up tests the condition."""

MAX_CLIENTS = 64
"""The most kinds of clients to keep values for; the next one clears all."""

_VALUES: dict[str, Callable[[Facts], Iterable[Any] | None]] = {
    "username": lambda facts: None if facts.username is None else (facts.username,),
    "common_name": lambda facts: None if facts.common_name is None else (facts.common_name,),
    "platform": lambda facts: None if facts.platform is None else (facts.platform,),
    "groups": attrgetter("groups"),
    "all_groups": attrgetter("groups"),
    "endpoint": lambda facts: (facts.request.alias, facts.request.endpoint_id),
    "posture": lambda facts: facts.posture | facts.possible_posture,
}
"""Values of a request by condition key; None if they are unknown. Addresses have prefixes instead."""

_client_of = attrgetter(*CLIENT)


class Index:
    """Finds the rules that can be true or unknown for a request."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._always: list[Candidate] = []
        self._of_client: list[tuple[int, Rule]] = []
        self._by_client: dict[tuple[str | None, ...], list[Candidate]] = {}
        self._tables: dict[str, _Table] = {}
        self._networks = _Table()
        # Numbers of bits behind the prefixes in use, for IPv4 and IPv6.
        self._shifts: tuple[set[int], set[int]] = (set(), set())
        for position, rule in enumerate(rules):
            self._file(position, rule)
        self._look_ups = [
            (_VALUES[key], table.all, table.by_value, table.by_beginning) for key, table in self._tables.items()
        ]

    def _file(self, position: int, rule: Rule) -> None:
        if rule.conditions and all(condition.key in CLIENT for condition in rule.conditions):
            self._of_client.append((position, rule))
            return
        condition = _filing_condition(rule.when)
        if condition is None:
            self._always.append((position, rule, rule.applies if rule.conditions else None))
            return
        test = rule.test_without(condition) if condition.match_suffices else rule.applies
        values: Iterable[Any] = condition.values or ()
        if condition.key == "public_ip":
            table = self._networks
            values = [self._prefix(shift, first) for shift, first in values]
        else:
            table = self._tables.setdefault(condition.key, _Table())
        table.file(values, condition.beginnings, (position, rule, test))

    def _prefix(self, shift: int, address: int) -> int:
        """Return a network's prefix. The mark before its bits makes it differ from every prefix of another length."""
        self._shifts[address >= IPV6].add(shift)
        return address >> shift

    def values(self, facts: Facts) -> list[tuple[Any, bool | None]]:
        """Return the rules that are true or unknown, in document order, each with its value."""
        values: list[tuple[Any, bool | None]] = []
        last = None
        for candidate in self.candidates(facts):
            if candidate is not last:
                last = candidate
                _, rule, test = candidate
                value = test is None or test(facts)
                if value is not False:
                    values.append((rule, value))
        return values

    def candidates(self, facts: Facts) -> list[Candidate]:
        """Return the rules that are not false for certain, in document order. Two look-ups can find a rule twice."""
        found = self._always.copy()
        if self._of_client:
            found += self._candidates_of_client(facts)
        for values_of, every_candidate, by_value, by_beginnings in self._look_ups:
            values = values_of(facts)
            if values is None:
                found += every_candidate
                continue
            for value in values:
                if value in by_value:
                    found += by_value[value]
            for length, by_beginning in by_beginnings:
                for value in values:
                    if value[:length] in by_beginning:
                        found += by_beginning[value[:length]]
        address = facts.address
        if address is None:
            found += self._networks.all
        else:
            by_prefix = self._networks.by_value
            for shift in self._shifts[address >= IPV6]:
                prefix = address >> shift
                if prefix in by_prefix:
                    found += by_prefix[prefix]
        found.sort()
        return found

    def _candidates_of_client(self, facts: Facts) -> list[Candidate]:
        client = _client_of(facts.request)
        kept = self._by_client.get(client)
        if kept is None:
            kept = []
            for position, rule in self._of_client:
                value = rule.applies(facts)
                if value is not False:
                    kept.append((position, rule, None if value else _unknown))
            if len(self._by_client) >= MAX_CLIENTS:
                self._by_client.clear()
            self._by_client[client] = kept
        return kept


class PolicyIndex:
    """The indexes of a policy's rules and of its posture rules."""

    def __init__(self, policy: Policy) -> None:
        self.rules = Index(policy.rules)
        self.posture_rules = Index(policy.posture_rules)


@lru_cache(maxsize=4)
def index_of(policy: Policy) -> PolicyIndex:
    """Return the index of a policy. It is built once."""
    return PolicyIndex(policy)


def _unknown(_: Facts) -> None:
    """Test a rule that is unknown for certain."""


def _filing_condition(when: Sequence[Condition]) -> Condition | None:
    """Return the condition to file a rule under; None for none."""
    best = None
    for condition in when:
        if condition.values is None or condition.key not in ORDER:
            continue
        if len(condition.values) + len(condition.beginnings) > MAX_FILED:
            continue
        if best is None or ORDER.index(condition.key) < ORDER.index(best.key):
            best = condition
    return best


class _Table:
    """Candidates of one condition key: by value, by beginning for each length in use, and ``all``.

    A request whose value is unknown has all of them.
    """

    def __init__(self) -> None:
        self.all: list[Candidate] = []
        self.by_value: dict[Hashable, list[Candidate]] = {}
        self.by_beginning: list[tuple[int, dict[str, list[Candidate]]]] = []

    def file(self, values: Iterable[Hashable], beginnings: Collection[str], candidate: Candidate) -> None:
        position, rule, _ = candidate
        self.all.append((position, rule, rule.applies))
        for value in values:
            self.by_value.setdefault(value, []).append(candidate)
        for beginning in beginnings:
            by_length = dict(self.by_beginning)
            by_length.setdefault(len(beginning), {}).setdefault(beginning, []).append(candidate)
            self.by_beginning = list(by_length.items())
