"""The decision: one pure function of the policy, the request and the clock.

The handler, the command line and every test of a policy decide through it.
"""

from __future__ import annotations

from .conditions import Facts
from .response import cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .messages import Message
    from .policy import AccessRule, Policy
    from .request import Request

ALLOW_RULE = "allow-rule"
EXPLICIT_DENY = "explicit-deny"
IMPLICIT_DENY = "implicit-deny"


class Outcome:
    """Allowed or denied, for which reason, and by which rule.

    Attributes
    ----------
    allow
        Whether the policy allows the connection.
    reason
        In IAM's words: ``explicit-deny``, ``allow-rule`` or ``implicit-deny``.
    rule
        Name of the rule that decided; None where none did, which is ``implicit-deny``.
    applied
        Names of all rules that applied, in document order; of the shadow outcome, of the shadow rules alone.
    """

    __slots__ = ("allow", "applied", "reason", "rule")

    def __init__(self, allow: bool, reason: str, rule: str | None, applied: list[str]) -> None:
        self.allow = allow
        self.reason = reason
        self.rule = rule
        self.applied = applied


class Decision(Outcome):
    """What a policy says of a request.

    Attributes
    ----------
    message
        For the user who is denied, cut to what Client VPN takes; empty if allowed.
    template
        What the message was made from; None if allowed.
    posture
        Posture compliance statuses, in document order.
    unknown
        Rules that are neither true nor false, each with the conditions that made it so:
        ``("staff", ["when.groups"])``.
    shadow
        What the outcome would be with the shadow rules counted; None where none of them applies.
    """

    __slots__ = ("message", "posture", "shadow", "template", "unknown")

    message: str
    template: Message | None
    posture: list[str]
    unknown: list[tuple[str, list[str]]]
    shadow: Outcome | None


def evaluate(policy: Policy, request: Request, now: float) -> Decision:
    """Decide on a connection.

    Explicit deny beats allow, and where no rule allows the connection is denied. A deny rule applies unless it is
    false; an allow rule and a posture rule apply only if they are true: what is unknown never helps the client.

    Parameters
    ----------
    policy
        What to decide by. Its shadow mode does not change the decision, only what the handler makes of it.
    request
        What to decide on.
    now
        Seconds since 1970-01-01 UTC.
    """
    facts = Facts(request, now)
    unknown: list[tuple[str, list[str]]] = []
    posture = assign_posture(policy, facts, unknown)
    applying: list[AccessRule] = []
    rules = policy.rules
    for position in policy.index.candidates(facts):
        rule = rules[position]
        value = rule.applies(facts)
        if value is None:
            unknown.append((rule.label, rule.unknown_conditions(facts)))
        if value or (value is None and rule.denies):
            applying.append(rule)

    shadows = [rule for rule in applying if rule.shadow]
    counted = [rule for rule in applying if not rule.shadow] if shadows else applying
    decision = Decision(*outcome(counted), [rule.label for rule in counted])
    decision.posture = posture
    decision.unknown = unknown
    decision.message = ""
    decision.template = None
    if not decision.allow:
        decision.template = template = _message(policy, counted)
        decision.message = cut(template.fill(request, decision.rule or decision.reason))
    decision.shadow = Outcome(*outcome(applying), [rule.label for rule in shadows]) if shadows else None
    return decision


def assign_posture(policy: Policy, facts: Facts, unknown: list[tuple[str, list[str]]]) -> list[str]:
    """Assign posture compliance statuses, in document order, and tell them to ``facts`` too.

    Posture rules that are neither true nor false are added to ``unknown``.
    """
    statuses: list[str] = []
    possible: list[str] = []
    for position in policy.posture_index.candidates(facts) if policy.posture_rules else ():
        rule = policy.posture_rules[position]
        value = rule.applies(facts)
        if value is None:
            unknown.append((rule.label, rule.unknown_conditions(facts)))
            possible.append(rule.status)
        elif value and rule.status not in statuses:
            statuses.append(rule.status)
    if not statuses and policy.default_posture_status is not None:
        statuses.append(policy.default_posture_status)
    facts.posture = frozenset(statuses)
    facts.possible_posture = frozenset(possible)
    return statuses


def outcome(applying: list[AccessRule]) -> tuple[bool, str, str | None]:
    """Decide, of the rules that apply in document order: whether to allow, for which reason, by which rule."""
    denier = _first_denying(applying)
    if denier is not None:
        return False, EXPLICIT_DENY, denier.label
    if applying:
        return True, ALLOW_RULE, applying[0].label
    return False, IMPLICIT_DENY, None


def _message(policy: Policy, applying: list[AccessRule]) -> Message:
    denier = _first_denying(applying)
    own = denier.message if denier is not None else None
    return own or policy.default_deny_message


def _first_denying(applying: list[AccessRule]) -> AccessRule | None:
    for rule in applying:
        if rule.denies:
            return rule
    return None
