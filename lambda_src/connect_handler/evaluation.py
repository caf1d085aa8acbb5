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
    from .shadow import ShadowOutcome

ALLOW_RULE = "allow-rule"
EXPLICIT_DENY = "explicit-deny"
IMPLICIT_DENY = "implicit-deny"


class Decision:
    """What a policy says of a request.

    Attributes
    ----------
    allow
        Whether the policy allows the connection.
    reason
        In IAM's words: ``explicit-deny``, ``allow-rule`` or ``implicit-deny``.
    rule
        Name of the rule that decided; None where none did, which is ``implicit-deny``.
    rules
        All rules that applied, in document order, but for shadow rules.
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

    __slots__ = (
        "allow",
        "ends",
        "message",
        "posture",
        "reason",
        "rule",
        "rules",
        "shadow",
        "template",
        "unknown",
    )

    allow: bool
    reason: str
    rule: str | None
    rules: list[AccessRule]
    message: str
    template: Message | None
    posture: list[str]
    unknown: list[tuple[str, list[str]]]
    shadow: ShadowOutcome | None
    ends: list[str]

    @property
    def applied(self) -> list[str]:
        """Names of the rules that applied."""
        return [rule.label for rule in self.rules]


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
    decision.shadow = None
    making_room: list[AccessRule] = []
    deciding = applying
    if policy.ending:
        from .evidence import ended_by, parted

        making_room, deciding = parted(policy, applying, unknown)
    if policy.has_shadows and any(rule.shadow for rule in applying):
        from .shadow import ShadowOutcome  # late: few policies have such rules

        decision.shadow = ShadowOutcome(deciding, [rule for rule in applying if rule.shadow])
        applying = [rule for rule in applying if not rule.shadow]
        deciding = [rule for rule in deciding if not rule.shadow]
    decision.rules = applying
    decision.allow, decision.reason, decider = conclude(deciding)
    decision.rule = None if decider is None else decider.label
    if decision.allow:
        decision.template = None
        decision.message = ""
        if making_room and evidence is not None:
            decision.ends = ended_by([rule for rule in making_room if not rule.shadow], evidence.sessions)
    else:
        own = None if decider is None else decider.message
        decision.template = template = own or policy.default_deny_message
        decision.message = cut(template.fill(request, decision.rule or decision.reason))
    return decision


def conclude(applying: list[AccessRule]) -> tuple[bool, str, AccessRule | None]:
    """Return whether the rules that apply, in document order, allow the connection, why, and which of them decides."""
    for rule in applying:
        if rule.denies:
            return False, EXPLICIT_DENY, rule
    if applying:
        return True, ALLOW_RULE, applying[0]
    return False, IMPLICIT_DENY, None
