"""The decision: one pure function of the policy, the request, the clock and the evidence.

The handler, the command line and every test of a policy decide through it.
"""

from __future__ import annotations

from .conditions import Facts
from .response import cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .evidence import Evidence
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
    rules
        All rules that applied, in document order; of the shadow outcome, the shadow rules alone.
    """

    __slots__ = ("allow", "reason", "rule", "rules")

    allow: bool
    reason: str
    rule: str | None
    rules: list[AccessRule]

    @property
    def applied(self) -> list[str]:
        """Names of the rules that applied."""
        return [rule.label for rule in self.rules]


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
    ends
        Ids of the other connections that are to be ended so that this one can be allowed.
    """

    __slots__ = ("ends", "message", "posture", "shadow", "template", "unknown")

    message: str
    template: Message | None
    posture: list[str]
    unknown: list[tuple[str, list[str]]]
    shadow: Outcome | None
    ends: list[str]


def evaluate(policy: Policy, request: Request, now: float, evidence: Evidence | None = None) -> Decision:
    """Decide on a connection.

    Explicit deny beats allow, and where no rule allows the connection is denied. A deny rule applies unless it is
    false; an allow rule and a posture rule apply only if they are true: what is unknown never helps the client. A rule
    that ends other connections denies only where it is unknown.

    Parameters
    ----------
    policy
        What to decide by. Its shadow mode does not change the decision, only what the handler makes of it.
    request
        What to decide on.
    now
        Seconds since 1970-01-01 UTC.
    evidence
        What is known beside the request; what is not there is unknown.
    """
    facts = Facts(request, now, evidence)
    unknown: list[tuple[str, list[str]]] = []
    posture = [] if policy.posture is None else policy.posture.assign(facts, unknown)
    applying: list[AccessRule] = []
    last = None
    for position, rule, test in policy.index.candidates(facts):
        if position == last:
            continue
        last = position
        if test is not None:
            value = test(facts)
            if value is None:
                unknown.append((rule.label, rule.unknown_conditions(facts)))
                value = rule.denies
            if not value:
                continue
        applying.append(rule)

    decision = Decision()
    decision.posture = posture
    decision.unknown = unknown
    decision.ends = []
    has_shadows = policy.has_shadows and any(rule.shadow for rule in applying)
    making_room = _making_room(policy, applying, unknown) if policy.ending else None
    deciding = [rule for rule in applying if rule not in making_room] if making_room else applying
    denier = conclude(decision, [rule for rule in deciding if not rule.shadow] if has_shadows else deciding)
    if making_room:
        decision.rules = [rule for rule in applying if not rule.shadow]
        if decision.allow and evidence is not None:
            from .evidence import ended_by

            decision.ends = ended_by([rule for rule in making_room if not rule.shadow], evidence.sessions)
    if decision.allow:
        decision.template = None
        decision.message = ""
    else:
        own = None if denier is None else denier.message
        decision.template = template = own or policy.default_deny_message
        decision.message = cut(template.fill(request, decision.rule or decision.reason))
    if has_shadows:
        decision.shadow = shadow = Outcome()
        conclude(shadow, deciding)
        shadow.rules = [rule for rule in applying if rule.shadow]
    else:
        decision.shadow = None
    return decision


def _making_room(policy: Policy, applying: list[AccessRule], unknown: list[tuple[str, list[str]]]) -> list[AccessRule]:
    """Return the rules that apply and end other connections instead of denying."""
    not_known = {label for label, _ in unknown}
    return [rule for rule in applying if rule.label in policy.ending and rule.label not in not_known]


def conclude(outcome: Outcome, applying: list[AccessRule]) -> AccessRule | None:
    """Say what comes of the rules that apply, in document order; return the one that denies."""
    outcome.rules = applying
    for rule in applying:
        if rule.denies:
            outcome.allow = False
            outcome.reason = EXPLICIT_DENY
            outcome.rule = rule.label
            return rule
    if applying:
        outcome.allow = True
        outcome.reason = ALLOW_RULE
        outcome.rule = applying[0].label
    else:
        outcome.allow = False
        outcome.reason = IMPLICIT_DENY
        outcome.rule = None
    return None
