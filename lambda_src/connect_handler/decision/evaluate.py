"""The decision on a connection.

The handler, the command line and every test of a policy decide through :func:`evaluate`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from connect_handler.contract.request import Request
from connect_handler.contract.response import cut
from connect_handler.facts.evidence import Evidence
from connect_handler.facts.facts import Facts
from connect_handler.policy.conditions.sessions import SessionsCondition
from connect_handler.policy.messages import Message
from connect_handler.policy.model import ALLOW, DENY, AccessRule, Policy

from .index import Index, index_of

ALLOW_RULE = "allow-rule"
EXPLICIT_DENY = "explicit-deny"
IMPLICIT_DENY = "implicit-deny"

Unknown = list[tuple[str, list[str]]]
"""Rules that are unknown, each with its unknown conditions: ``("staff", ["when.groups"])``."""


class Outcome:
    """The outcome of the rules that apply.

    ``rules`` are in document order, without shadow rules; in :attr:`Decision.shadow` they are shadow rules alone.
    ``reason`` is in IAM's words: ``explicit-deny``, ``allow-rule`` or ``implicit-deny``. ``rule`` is the name of the
    deciding rule, None for ``implicit-deny``.
    """

    __slots__ = ("allow", "reason", "rule", "rules")

    def __init__(self, decider: AccessRule | None, rules: Sequence[AccessRule]) -> None:
        self.rules = rules
        self.rule = None if decider is None else decider.label
        self.allow = decider is not None and not decider.denies
        self.reason = IMPLICIT_DENY if decider is None else EXPLICIT_DENY if decider.denies else ALLOW_RULE

    @property
    def effect(self) -> str:
        """``allow`` or ``deny``."""
        return ALLOW if self.allow else DENY

    @property
    def applied(self) -> list[str]:
        """Names of the rules that apply."""
        return [rule.label for rule in self.rules]


class Decision(Outcome):
    """A policy's decision on a request.

    Attributes
    ----------
    message
        Message for a denied user, cut to the length that Client VPN takes; empty if allowed.
    template
        The message with its placeholders; None if allowed.
    posture
        Posture compliance statuses, in document order.
    unknown
        Rules and posture rules that are unknown.
    shadow
        The outcome if the shadow rules counted; None if none of them applies.
    ends
        Ids of the connections to end, so that this one can be allowed.
    """

    __slots__ = ("ends", "message", "posture", "shadow", "template", "unknown")

    def __init__(
        self, decider: AccessRule | None, rules: Sequence[AccessRule], posture: list[str], unknown: Unknown
    ) -> None:
        Outcome.__init__(self, decider, rules)
        self.posture = posture
        self.unknown = unknown
        self.template: Message | None = None
        self.message = ""
        self.shadow: Outcome | None = None
        self.ends: list[str] = []


def evaluate(policy: Policy, request: Request, now: float, evidence: Evidence | None = None) -> Decision:
    """Decide on a connection.

    Explicit deny beats allow. A connection without an allow rule that applies is denied. A deny rule applies unless it
    is false; an allow rule or a posture rule applies only if it is true. So the unknown never helps the client. A rule
    with ``end_oldest`` denies only if it is unknown.

    Parameters
    ----------
    policy
        The policy. Its shadow mode changes the response, not the decision.
    now
        Seconds since 1970-01-01 UTC.
    evidence
        Facts besides the request; all others are unknown.
    """
    index = index_of(policy)
    facts = Facts(request, now, evidence)
    unknown: Unknown = []
    posture = assign_posture(policy, index.posture_rules, facts, unknown) if policy.assigns_posture else []
    applied: list[AccessRule] = []
    ending: list[AccessRule] = []
    last = None
    for candidate in index.rules.candidates(facts):
        if candidate is last:  # two values found the same rule
            continue
        last = candidate
        _, rule, test = candidate
        value = test is None or test(facts)
        if value is None:
            unknown.append((rule.label, rule.unknown_conditions(facts)))
            value = rule.denies
        elif value and rule.end_oldest:
            ending.append(rule)
        if value:
            applied.append(rule)

    deciding = [rule for rule in applied if rule not in ending] if ending else applied
    shadows: list[AccessRule] = []
    shadow_decider = None
    if policy.has_shadow_rules:
        shadows = [rule for rule in applied if rule.shadow]
        shadow_decider = find_decider(deciding)
        applied = [rule for rule in applied if not rule.shadow]
        deciding = [rule for rule in deciding if not rule.shadow]
    decider = find_decider(deciding)
    decision = Decision(decider, applied, posture, unknown)
    if shadows:
        decision.shadow = Outcome(shadow_decider, shadows)
    if not decision.allow:
        template = (decider and decider.message) or policy.default_deny_message
        decision.template = template
        decision.message = cut(template.fill(request, decision.rule or decision.reason))
    elif ending and evidence is not None:
        decision.ends = connections_to_end([rule for rule in ending if not rule.shadow], evidence.sessions)
    return decision


def assign_posture(policy: Policy, index: Index, facts: Facts, unknown: Unknown) -> list[str]:
    """Return the posture compliance statuses, in document order, and put them into the facts.

    Add the posture rules that are unknown to ``unknown``.
    """
    statuses: list[str] = []
    possible: list[str] = []
    for rule, value in index.values(facts):
        if value is None:
            unknown.append((rule.label, rule.unknown_conditions(facts)))
            possible.append(rule.status)
        elif rule.status not in statuses:
            statuses.append(rule.status)
    if not statuses and policy.default_posture_status is not None:
        statuses.append(policy.default_posture_status)
    facts.posture = frozenset(statuses)
    facts.possible_posture = frozenset(possible)
    return statuses


def find_decider(rules: Sequence[AccessRule]) -> AccessRule | None:
    """Return the deciding rule of the rules that apply, in document order: the first that denies, else the first."""
    for rule in rules:
        if rule.denies:
            return rule
    return rules[0] if rules else None


def connections_to_end(rules: Iterable[AccessRule], sessions: Mapping[str, list[str]]) -> list[str]:
    """Return the oldest connections, just enough that without them each of the rules is false.

    The rules have ``end_oldest``, and are true. ``sessions`` are ids of the other connections, the oldest first, by
    ``username`` and ``common_name``.
    """
    ended: dict[str, None] = {}
    for rule in rules:
        for condition in rule.when:
            if isinstance(condition, SessionsCondition):
                others = sessions.get(condition.by, [])
                ended |= dict.fromkeys(others[: len(others) - condition.at_least + 1])
    return list(ended)
