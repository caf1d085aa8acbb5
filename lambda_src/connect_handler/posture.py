"""Posture compliance statuses: what a policy says of a device for the connection log, and for its own rules to ask for.

https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-authorization.html
"""

from __future__ import annotations

from .conditions import POSTURE_CONDITIONS, conditions
from .index import Index
from .policy import Rule, text_of
from .response import MAX_STATUSES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .conditions import Condition, Facts

POSTURE_RULE_KEYS = frozenset({"status", "unless", "when"})


class PostureRule(Rule):
    """A rule that assigns a posture compliance status."""

    __slots__ = ("status",)

    def __init__(self, label: str, when: tuple[Condition, ...], unless: tuple[Condition, ...], status: str) -> None:
        self.label = label
        self.when = when
        self.unless = unless
        self.status = status


class Posture:
    """What assigns statuses.

    Attributes
    ----------
    rules
        In document order.
    default_status
        Assigned where no rule applies; None for none.
    statuses
        All that can be assigned.
    index
        Of the rules.
    """

    __slots__ = ("default_status", "index", "rules", "statuses")

    def __init__(self, elements: Any, default_status: Any) -> None:
        """Read ``posture_rules`` and ``default_posture_status`` of a document; an exception where one is not valid."""
        self.rules = _rules(elements)
        self.default_status = None if default_status is None or default_status == "" else text_of(default_status)
        statuses = [rule.status for rule in self.rules]
        self.statuses = frozenset(statuses if self.default_status is None else [*statuses, self.default_status])
        self.index = Index(list(self.rules), enumerate(self.rules))

    def assign(self, facts: Facts, unknown: list[tuple[str, list[str]]]) -> list[str]:
        """Assign statuses, in document order, and tell them to ``facts`` too.

        Rules that are neither true nor false are added to ``unknown``.
        """
        statuses: list[str] = []
        possible: list[str] = []
        last = None
        for position, rule, test in self.index.candidates(facts):
            if position == last:
                continue
            last = position
            value = True if test is None else test(facts)
            if value is None:
                unknown.append((rule.label, rule.unknown_conditions(facts)))
                possible.append(rule.status)
            elif value and rule.status not in statuses:
                statuses.append(rule.status)
        if not statuses and self.default_status is not None:
            statuses.append(self.default_status)
        if statuses or possible:
            facts.posture = frozenset(statuses)
            facts.possible_posture = frozenset(possible)
        return statuses


def _rules(elements: Any) -> tuple[PostureRule, ...]:
    if elements is None:
        return ()
    if type(elements) is not list:
        raise ValueError
    rules = []
    for position, element in enumerate(elements):
        if not POSTURE_RULE_KEYS.issuperset(element):
            raise ValueError
        when = conditions(element["when"], POSTURE_CONDITIONS) if "when" in element else ()
        unless = conditions(element["unless"], POSTURE_CONDITIONS) if "unless" in element else ()
        rules.append(PostureRule(f"posture_rules[{position}]", when, unless, text_of(element["status"])))
    if len({rule.status for rule in rules}) > MAX_STATUSES:
        raise ValueError
    return tuple(rules)
