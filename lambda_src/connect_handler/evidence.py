"""Evidence from outside the request: what the device inventory says, and which other connections are active.

A decision is a pure function of the policy, the request, the clock and the evidence. This says what evidence is, which
of it the outcome of a decision depends on, and which connections make room for a new one.
"""

from __future__ import annotations

from functools import lru_cache

from .conditions import Facts
from .devices import Device
from .evidence_conditions import BY, DEVICE, SESSIONS, UNKNOWN, SessionsCondition

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from .policy import AccessRule, Policy, Rule
    from .request import Request

CONNECTIONS = "connections"
"""What has failed where a connection could not be recorded."""

FAILED = "failed"

END_OLDEST = "end_oldest"
"""Key of a rule."""


class Evidence:
    """What is known beside the request.

    Attributes
    ----------
    device
        The device, None if the inventory has none, :data:`~connect_handler.evidence_conditions.UNKNOWN` if that is not
        known.
    sessions
        Ids of the other active connections, the oldest first, by what they are counted by: ``username``,
        ``common_name``. What is not there is not known.
    failures
        Why evidence could not be had, by ``device``, ``sessions`` or ``connections``.
    """

    __slots__ = ("device", "failures", "sessions")

    def __init__(self) -> None:
        self.device: Device | None = UNKNOWN
        self.sessions: dict[str, list[str]] = {}
        self.failures: dict[str, str] = {}

    @classmethod
    def from_document(cls, value: Mapping[str, Any], common_name: str | None = None) -> Evidence:
        """Read evidence that was given or recorded: what :meth:`document` returns.

        A number of sessions stands for so many connections that have no names.

        Raises
        ------
        ValueError
            It is no such evidence; the text says where, what was found, and what to write instead.
        """
        evidence = cls()
        for key in value:
            if key not in (DEVICE, SESSIONS, FAILED):
                raise ValueError(f"has the unknown key {key!r}; write {DEVICE} or {SESSIONS}")
        if DEVICE in value:
            evidence.device = _device(value[DEVICE], common_name or "")
        sessions = value.get(SESSIONS, {})
        if not isinstance(sessions, dict):
            raise ValueError(f"has {SESSIONS} of the wrong type; write an object such as {{ username = 1 }}")
        for by, others in sessions.items():
            if by not in BY:
                raise ValueError(f"has the unknown key {SESSIONS}.{by}; write {' or '.join(BY)}")
            evidence.sessions[by] = _others(others, f"{SESSIONS}.{by}")
        failures = value.get(FAILED, {})
        if not isinstance(failures, dict) or not all(isinstance(cause, str) for cause in failures.values()):
            raise ValueError(f"has {FAILED} of the wrong type; write an object of texts")
        evidence.failures = dict(failures)
        return evidence

    def document(self) -> dict[str, Any]:
        """Return the evidence as JSON has it; what is not known is not there."""
        value: dict[str, Any] = {}
        if self.device is not UNKNOWN:
            value[DEVICE] = None if self.device is None else self.device.document()
        if self.sessions:
            value[SESSIONS] = self.sessions
        if self.failures:
            value[FAILED] = self.failures
        return value


def _device(value: Any, common_name: str) -> Device | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueError(f'has {DEVICE} of the wrong type; write null, or an object such as {{ status = "compliant" }}')
    device = Device(common_name, value)
    known = device.document()
    for name in value:
        if name not in known and value[name] is not None:
            raise ValueError(f"has {DEVICE}.{name}, which is no attribute of a device or has no value that it can have")
    return device


def _others(value: Any, where: str) -> list[str]:
    if type(value) is int and value >= 0:
        return [f"another-{number}" for number in range(1, value + 1)]
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value
    raise ValueError(f"has {where} of the wrong type; write a number of connections")


# --- what a policy asks for ------------------------------------------------------------------------------------------


def asked_for(policy: Policy) -> frozenset[str]:
    """Return which evidence the rules of a policy ask for: ``device``, ``username``, ``common_name``."""
    found: set[str] = set()
    for rule in (*policy.posture_rules, *policy.special_rules):
        for condition in (*rule.when, *rule.unless):
            if condition.key == DEVICE:
                found.add(DEVICE)
            elif isinstance(condition, SessionsCondition):
                found.add(condition.by)
    return frozenset(found)


@lru_cache(maxsize=4)
def session_limits(policy: Policy) -> dict[str, int]:
    """Return from how many other connections on they matter to any rule, by what they are counted by.

    Kept, as it goes through all rules, and a connection waits for it.
    """
    limits: dict[str, int] = {}
    for rule in policy.special_rules:
        for condition in (*rule.when, *rule.unless):
            if isinstance(condition, SessionsCondition):
                limits[condition.by] = min(condition.at_least, limits.get(condition.by, condition.at_least))
    return limits


def ending(elements: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Return the names of the rules that end other connections."""
    return frozenset([element["name"] for element in elements if element.get(END_OLDEST)])


# --- what the outcome depends on -------------------------------------------------------------------------------------


def needed(policy: Policy, request: Request, now: float) -> frozenset[str]:
    """Return which evidence the outcome of a decision depends on: ``device``, ``username``, ``common_name``.

    The latter two stand for the sessions that are counted by them. The outcome is the effect, the rule that decides,
    and the posture compliance statuses, both with and without the shadow rules. What the policy does not ask for, or
    asks for in rules that cannot matter for this request, is not needed.
    """
    facts = Facts(request, now)
    found: set[str] = set()
    if policy.posture is not None:
        policy.posture.assign(facts, [])
        assigned: set[str] = set()
        for rule, value in _in_order(policy.posture.index.candidates(facts), facts):
            if value is None and rule.status not in assigned and _can_be_true(rule, facts):
                found |= _keys(rule, facts, found)
            elif value:
                assigned.add(rule.status)
    rules = list(_in_order(policy.index.candidates(facts), facts))
    found |= _deciding([(rule, value) for rule, value in rules if not rule.shadow], facts, found)
    if policy.has_shadows:
        found |= _deciding(rules, facts, found)
    return frozenset(found)


def _in_order(candidates: Iterable[Any], facts: Facts) -> Iterable[tuple[Any, bool | None]]:
    """Return rules that are not false, in document order, with their values."""
    last = None
    for position, rule, test in candidates:
        if position != last:
            value = True if test is None else test(facts)
            if value is not False:
                yield rule, value
        last = position


def _deciding(rules: Sequence[tuple[AccessRule, bool | None]], facts: Facts, of_posture: set[str]) -> set[str]:
    """Return the evidence that decides which rule decides."""
    found: set[str] = set()
    for rule, value in rules:
        if rule.denies:
            keys = _keys(rule, facts, of_posture) if value is None else set()
            if not keys:
                return found  # it denies, whatever the evidence says
            found |= keys
    for rule, value in rules:
        if not rule.denies:
            if value:
                return found
            if _can_be_true(rule, facts):
                found |= _keys(rule, facts, of_posture)
    return found


def _keys(rule: Rule, facts: Facts, of_posture: set[str]) -> set[str]:
    """Return the evidence that a rule lacks; a status that is only possible lacks what its posture rules lack."""
    found: set[str] = set()
    for condition in (*rule.when, *rule.unless):
        if condition.test(facts) is None:
            if condition.key == DEVICE:
                found.add(DEVICE)
            elif isinstance(condition, SessionsCondition):
                found.add(condition.by)
            elif condition.key == "posture":
                found |= of_posture
    return found


def _can_be_true(rule: Rule, facts: Facts) -> bool:
    """Tell whether evidence could make a rule true: not if something else about it is unknown."""
    return all(
        condition.key in (DEVICE, SESSIONS, "posture") or condition.test(facts) is not None for condition in rule.when
    )


# --- making room -----------------------------------------------------------------------------------------------------


def parted(
    policy: Policy, applying: Sequence[AccessRule], unknown: Iterable[tuple[str, list[str]]]
) -> tuple[list[AccessRule], list[AccessRule]]:
    """Part the rules that apply into those that end other connections instead of denying, and those that decide.

    A rule that is unknown denies.
    """
    not_known = {label for label, _ in unknown}
    making_room = [rule for rule in applying if rule.label in policy.ending and rule.label not in not_known]
    return making_room, [rule for rule in applying if rule not in making_room]


def ended_by(rules: Iterable[AccessRule], sessions: Mapping[str, list[str]]) -> list[str]:
    """Return which connections make room for a new one: the oldest, as many as keep each rule from being true.

    Parameters
    ----------
    rules
        Those with ``end_oldest`` that are true.
    sessions
        The other connections, the oldest first, by what they are counted by.
    """
    ended: dict[str, None] = {}
    for rule in rules:
        for condition in rule.when:
            if isinstance(condition, SessionsCondition):
                others = sessions.get(condition.by, [])
                ended |= dict.fromkeys(others[: len(others) - condition.at_least + 1])
    return list(ended)
