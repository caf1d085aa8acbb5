"""A policy and its rules, as data."""

from __future__ import annotations

from collections.abc import Sequence

from connect_handler.facts.facts import Facts

from .conditions.base import Condition, Test, rule_test
from .messages import Message

ALLOW = "allow"
DENY = "deny"


class Rule:
    """A rule of any kind: all of ``when`` must hold, and not all of ``unless``.

    ``label`` is the rule's name. A posture rule has none, so its label is ``posture_rules[2]``.
    """

    def __init__(self, label: str, when: Sequence[Condition], unless: Sequence[Condition]) -> None:
        self.label = label
        self.when = tuple(when)
        self.unless = tuple(unless)
        self._test = rule_test(self.when, self.unless)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All conditions of the rule."""
        return self.when + self.unless

    def applies(self, facts: Facts) -> bool | None:
        """Tell whether the rule applies; None is unknown."""
        return True if self._test is None else self._test(facts)

    def test_without(self, condition: Condition) -> Test | None:
        """Return a test of the rule without a condition of its ``when`` that holds for certain.

        Return None if the rule then applies for certain.
        """
        return rule_test([other for other in self.when if other is not condition], self.unless)

    def unknown_conditions(self, facts: Facts) -> list[str]:
        """Name the conditions that make the rule unknown: ``when.groups``."""
        names = [f"when.{condition.key}" for condition in self.when if condition.test(facts) is None]
        values = [condition.test(facts) for condition in self.unless]
        if None in values and False not in values:
            names += [f"unless.{condition.key}" for condition in self.unless if condition.test(facts) is None]
        return names


class AccessRule(Rule):
    """A rule that allows or denies.

    ``message`` is None for the policy's. A ``shadow`` rule does not count: the log tells the effect that it would
    have. A rule with ``end_oldest`` ends the oldest connections instead of denying, if it is true.
    """

    def __init__(
        self,
        label: str,
        when: Sequence[Condition],
        unless: Sequence[Condition],
        *,
        denies: bool,
        message: Message | None = None,
        shadow: bool = False,
        end_oldest: bool = False,
    ) -> None:
        super().__init__(label, when, unless)
        self.denies = denies
        self.message = message
        self.shadow = shadow
        self.end_oldest = end_oldest


class PostureRule(Rule):
    """A rule that assigns a posture compliance status."""

    def __init__(self, label: str, when: Sequence[Condition], unless: Sequence[Condition], status: str) -> None:
        super().__init__(label, when, unless)
        self.status = status


class Policy:
    """A valid policy, with its rules in document order.

    ``default_posture_status`` is for connections that no posture rule applies to, None for no status.
    ``default_deny_message`` is for denied users if the deciding rule has no message. In ``shadow_mode`` every
    connection is allowed, and the decision only logged. ``digest`` is SHA-256 of the document, in hexadecimal.
    """

    def __init__(
        self,
        rules: Sequence[AccessRule],
        posture_rules: Sequence[PostureRule] = (),
        *,
        default_posture_status: str | None = None,
        default_deny_message: Message,
        shadow_mode: bool = False,
        digest: str,
    ) -> None:
        self.rules = tuple(rules)
        self.posture_rules = tuple(posture_rules)
        self.default_posture_status = default_posture_status
        self.default_deny_message = default_deny_message
        self.shadow_mode = shadow_mode
        self.digest = digest
        every_rule: tuple[Rule, ...] = (*self.rules, *self.posture_rules)
        self.condition_keys = frozenset(condition.key for rule in every_rule for condition in rule.conditions)
        self.has_shadow_rules = any(rule.shadow for rule in self.rules)
        self.assigns_posture = bool(self.posture_rules) or default_posture_status is not None
