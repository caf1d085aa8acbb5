"""An answer that may depend on evidence from outside, and what is written about those who are let in.

Evidence is fetched late: only what the outcome of the decision depends on, once, side by side. All of it, and all
writing, ends at a deadline; whatever is not there by then is unknown, which counts against the connection.
"""

from __future__ import annotations

import time
from contextlib import suppress

from . import answering
from .connections import Conflict, Connections, Places, end, request_item, still_active
from .device_inventory import DeviceInventory
from .devices import key_of
from .evidence import CONNECTIONS, Evidence, needed, session_limits
from .evidence_conditions import BY, DEVICE, SESSIONS
from .outside import NotHad, client, together
from .settings import CONNECTIONS as CONNECTIONS_VARIABLE
from .settings import DEVICE_INVENTORY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .answering import Answer
    from .evaluation import Decision
    from .policy import Policy
    from .request import Request
    from .settings import Settings

DEADLINE_SECONDS = 2.0
"""For everything outside; half of the time that the function has left, where that is less."""

PAUSE_SECONDS = 0.02
"""After somebody else was quicker."""


def look_outside(settings: Settings, inventory: str, connections: str) -> None:
    """Set up what evidence comes from; without what the environment says of it, no policy can be asked."""
    try:
        settings.outside = Outside(inventory, connections)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = f"{DEVICE_INVENTORY} or {CONNECTIONS_VARIABLE} cannot be read ({type(error).__name__}: {error})"
        settings.policy = None
        settings.policy_problems += (f"the environment: {what}; apply again",)
        return
    with suppress(Exception):  # what is missing is noticed, and told, where it is needed
        settings.outside.prepare(settings.policy)


class Outside:
    """What the function knows of, outside itself.

    Attributes
    ----------
    inventory
        Where devices are looked up; None for nowhere.
    connections
        Where those who are let in are written down; None for nowhere.
    """

    __slots__ = ("connections", "inventory")

    def __init__(self, inventory: str, connections: str) -> None:
        """Read the environment variables ``DEVICE_INVENTORY`` and ``CONNECTIONS``; an empty text is none.

        Raises
        ------
        ValueError, KeyError, TypeError
            They are not as modules/handler writes them.
        """
        self.inventory = DeviceInventory(inventory) if inventory else None
        self.connections = Connections(connections) if connections else None

    def prepare(self, policy: Policy | None) -> None:
        """Make the clients that decisions will need, as long as no connection waits for them."""
        asked_for = frozenset() if policy is None else policy.evidence
        if self.connections is not None or DEVICE in asked_for:
            client("dynamodb")
        if not asked_for.isdisjoint(BY):
            client("ec2")

    def answer(self, settings: Settings, event: Any, alias: str | None, now: float, seconds_left: float) -> Answer:
        """Answer one connection request; this raises nothing that answering does not.

        Parameters
        ----------
        settings
            With the policy to decide by.
        event, alias, now
            As in :func:`~connect_handler.answering.answer`.
        seconds_left
            Until Lambda ends the invocation.
        """
        admission = _Admission(self, settings, event, alias, now, min(DEADLINE_SECONDS, seconds_left / 2))
        answered = admission.answered(admission.look_up)
        if self.connections is None:
            return answered
        policy = settings.policy
        while policy is not None and answered.response["allow"]:
            request, decision = answered.request, answered.decision
            if request is None or decision is None:
                break
            cause = admission.let_in(policy, request, decision, self.connections)
            if cause is None:
                break
            if not admission.evidence.sessions or policy.shadow_mode:
                # Nothing that was written there has decided.
                admission.evidence.failures[CONNECTIONS] = cause
                break
            answered = admission.answered(admission.look_again if cause is _CONFLICT else admission.give_up(cause))
        return answered


_CONFLICT = "others have come at the same time"


class _Admission:
    """One request on its way to an answer."""

    __slots__ = ("_alias", "_deadline", "_event", "_now", "_outside", "_seen", "_settings", "evidence")

    def __init__(
        self, outside: Outside, settings: Settings, event: Any, alias: str | None, now: float, seconds: float
    ) -> None:
        self._outside = outside
        self._settings = settings
        self._event = event
        self._alias = alias
        self._now = now
        self._deadline = time.monotonic() + seconds
        self._seen: dict[str, Places] = {}
        self.evidence = Evidence()

    def answered(self, look_up: Callable[[Policy, Request], Evidence]) -> Answer:
        """Answer the request with the evidence that is looked up."""
        settings = self._settings
        answered = answering.answer(
            settings.policy, settings.policy_problems, self._event, self._alias, self._now, look_up
        )
        answered.evidence = self.evidence
        return answered

    def look_up(self, policy: Policy, request: Request) -> Evidence:
        """Look up what the outcome depends on."""
        if policy.evidence:
            keys = needed(policy, request, self._now)
            if keys:
                self._fetch(keys, policy, request)
        return self.evidence

    def look_again(self, policy: Policy, request: Request) -> Evidence:
        """Look up anew who else is connected, as that has changed."""
        if time.monotonic() + PAUSE_SECONDS < self._deadline:
            time.sleep(PAUSE_SECONDS)
            self._fetch(frozenset(self.evidence.sessions), policy, request)
        else:
            self.give_up(_CONFLICT)
        return self.evidence

    def give_up(self, cause: str) -> Callable[[Policy, Request], Evidence]:
        """Make it unknown who else is connected, and return what looks that up."""
        self.evidence.sessions = {}
        self._seen = {}
        self.evidence.failures[SESSIONS] = cause
        return lambda policy, request: self.evidence

    def _fetch(self, keys: frozenset[str], policy: Policy, request: Request) -> None:
        tasks: dict[str, Callable[[], Any]] = {}
        inventory, connections = self._outside.inventory, self._outside.connections
        if DEVICE in keys:
            if inventory is None:
                self.evidence.failures[DEVICE] = "the function has no device inventory"
            else:
                key = key_of(request, inventory.exact)
                tasks[DEVICE] = lambda: inventory.fetch(key)
        limits = session_limits(policy)
        for by in keys.intersection(BY):
            if connections is None:
                self.evidence.failures[SESSIONS] = "the function has no table of connections"
            else:
                tasks[by] = self._places_task(connections, by, getattr(request, by), limits[by], request.connection_id)
        for name, result in together(tasks, self._deadline).items():
            if isinstance(result, NotHad):
                self.evidence.sessions.pop(name, None)
                self._seen.pop(name, None)
                self.evidence.failures[DEVICE if name == DEVICE else SESSIONS] = str(result)
            elif name == DEVICE:
                self.evidence.device = result
            else:
                self._seen[name] = result
                self.evidence.sessions[name] = [place.connection_id for place in result.others(request.connection_id)]

    def _places_task(
        self, connections: Connections, by: str, name: str, limit: int, connection_id: str
    ) -> Callable[[], Places]:
        def task() -> Places:
            places = connections.places(by, name, self._now)
            others = places.others(connection_id)
            if len(others) >= limit:
                active = still_active(others, self._now)
                places.leave({place.connection_id for place in others} - {place.connection_id for place in active})
            return places

        return task

    def let_in(self, policy: Policy, request: Request, decision: Decision, connections: Connections) -> str | None:
        """Write down that the connection is let in, and end those that make room; return why that failed, if it did."""
        names = {by: name for by in BY if by in policy.evidence and (name := getattr(request, by))}
        kept = None
        if connections.keeps_requests:
            kept = request_item(request, decision, self._event, self._alias, policy.digest, self._now)
        seen = {} if policy.shadow_mode else self._seen
        going = (
            [] if policy.shadow_mode else [place for place in self._others() if place.connection_id in decision.ends]
        )
        for places in seen.values():
            places.leave(decision.ends)

        def task() -> None:
            end(going)
            connections.take(request, kept, self._now, names, seen)

        result = together({CONNECTIONS: task}, self._deadline)[CONNECTIONS]
        if isinstance(result, NotHad):
            return _CONFLICT if isinstance(result, Conflict) else str(result)
        return None

    def _others(self) -> list[Any]:
        return [place for places in self._seen.values() for place in places.taken]
