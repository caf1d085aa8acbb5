"""Connection authorization with evidence: gather, evaluate, reserve, end others.

Evidence is gathered late, once and in parallel, until a deadline, and only if the outcome depends on it. Missing
evidence is unknown, which counts against the connection. A connection is reserved before others are ended for it. The
log has the actions that took place.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from connect_handler.contract.request import Request
from connect_handler.decision.evaluate import Decision, evaluate
from connect_handler.decision.required_evidence import policy_evidence, required_evidence, session_limits
from connect_handler.facts.evidence import BY, COMMON_NAME, CONNECTIONS, DEVICE, SESSIONS, Evidence
from connect_handler.policy.model import Policy
from connect_handler.settings import Settings

from .aws import AwsClients, Deadline, EvidenceUnavailable, describe_error, run_parallel
from .ec2 import terminate
from .inventory import DeviceInventory
from .sessions import SessionTable, SlotConflict, Slots, request_item

PAUSE_SECONDS = 0.02
"""Pause after a conflict."""


class Authorization:
    """A decision, its evidence, and the ids of the connections that were ended (in shadow mode, would have been)."""

    def __init__(self, decision: Decision, evidence: Evidence, ends: Sequence[str]) -> None:
        self.decision = decision
        self.evidence = evidence
        self.ends = ends


class Authorizer:
    """Authorizes connections with evidence from AWS."""

    def __init__(self, settings: Settings) -> None:
        self._clients = AwsClients()
        self._inventory = None if settings.inventory is None else DeviceInventory(settings.inventory, self._clients)
        self._table = None if settings.sessions is None else SessionTable(settings.sessions, self._clients)

    def prepare(self, policy: Policy | None) -> None:
        """Make the clients for later decisions, while no connection waits for them."""
        keys = frozenset() if policy is None else policy_evidence(policy)
        with suppress(Exception):  # the first call of the client reports the error
            if self._table is not None or DEVICE in keys:
                self._clients.client("dynamodb")
            if not keys.isdisjoint(BY):
                self._clients.client("ec2")

    def authorize(self, policy: Policy, request: Request, event: Any, now: float, seconds_left: float) -> Authorization:
        """Decide on a connection, and record it if it is allowed.

        Parameters
        ----------
        event
            The event of the request. The table keeps it for re-authorization, if the settings say so.
        now
            Seconds since 1970-01-01 UTC.
        seconds_left
            Seconds until Lambda ends the invocation.
        """
        attempt = _Attempt(policy, request, event, now, Deadline(seconds_left), self._clients)
        required = required_evidence(policy, request, now)
        attempt.gather(available_evidence(required, request), self._inventory, self._table)
        while True:
            decision = evaluate(policy, request, now, attempt.evidence)
            allow = decision.allow or policy.shadow_mode
            if self._table is None or not allow:
                break
            try:
                attempt.reserve(decision, self._table)
                attempt.end_others(decision, self._table)
                break
            except Exception as error:  # any error of AWS
                cause = describe_error(error)
                is_conflict = isinstance(error, SlotConflict)
            if is_conflict and attempt.deadline.seconds_left > PAUSE_SECONDS:
                time.sleep(PAUSE_SECONDS)
                attempt.gather(frozenset(attempt.evidence.sessions), self._inventory, self._table)
            elif attempt.evidence.sessions and not policy.shadow_mode:
                attempt.forget_sessions(cause)  # the next evaluation counts the unknown against the connection
            else:
                # The decision depends on no slot. The connection is allowed, and the log has the failure.
                attempt.evidence.failures[CONNECTIONS] = cause
                break
        if self._table is not None and not allow:
            attempt.release(self._table)
        return Authorization(decision, attempt.evidence, decision.ends if policy.shadow_mode else list(attempt.ends))


def available_evidence(required: Collection[str], request: Request) -> frozenset[str]:
    """Return the required evidence without that for a name that the request lacks: nobody could look it up."""
    return frozenset(key for key in required if getattr(request, COMMON_NAME if key == DEVICE else key) is not None)


class _Attempt:
    """One connection on its way to an authorization.

    ``evidence`` is the evidence so far, from ``slots``. ``ends`` are the ids of the connections that were ended.
    """

    def __init__(
        self, policy: Policy, request: Request, event: Any, now: float, deadline: Deadline, clients: AwsClients
    ) -> None:
        self._policy = policy
        self._request = request
        self._event = event
        self._now = now
        self._clients = clients
        self._claimed: list[Slots] = []  # slots that may hold this connection
        self.deadline = deadline
        self.evidence = Evidence()
        self.slots: dict[str, Slots] = {}
        self.ends: dict[str, None] = {}

    def gather(self, keys: Collection[str], inventory: DeviceInventory | None, table: SessionTable | None) -> None:
        """Fetch evidence: ``device``, and sessions by ``username`` or ``common_name``."""
        request, evidence = self._request, self.evidence
        tasks: dict[str, Callable[[], Any]] = {}
        if DEVICE in keys:
            if inventory is None:
                evidence.failures[DEVICE] = "the function has no device inventory"
            else:
                tasks[DEVICE] = partial(inventory.fetch, inventory.key(request))
        for by in BY:
            if by in keys and table is None:
                evidence.failures[SESSIONS] = "the function has no table of connections"
            elif by in keys and table is not None:
                limit = session_limits(self._policy)[by]
                arguments = (by, getattr(request, by), request.connection_id, limit, self._now)
                tasks[by] = partial(table.read_active, *arguments)
        for name, result in run_parallel(tasks, self.deadline).items():
            if name == DEVICE:
                if isinstance(result, EvidenceUnavailable):
                    evidence.failures[DEVICE] = str(result)
                else:
                    evidence.device = result
            elif isinstance(result, EvidenceUnavailable):
                self.slots.pop(name, None)
                evidence.sessions.pop(name, None)
                evidence.failures[SESSIONS] = str(result)
            else:
                self.slots[name] = result
                evidence.sessions[name] = [slot.connection_id for slot in result.others(request.connection_id)]

    def forget_sessions(self, cause: str) -> None:
        """Make the sessions unknown."""
        self.slots = {}
        self.evidence.sessions = {}
        self.evidence.failures[SESSIONS] = cause

    def reserve(self, decision: Decision, table: SessionTable) -> None:
        """Claim the connection's slots at the versions of the decision.

        Raise SlotConflict if one has changed. Other errors are AWS's.
        """
        policy, request, now = self._policy, self._request, self._now
        slots = dict(self.slots)
        # The claim also removes ended connections from the slots that the decision did not depend on.
        tasks = {
            by: partial(table.read, by, name, now)
            for by in BY
            if by in policy_evidence(policy) and by not in slots and (name := getattr(request, by))
        }
        for by, result in run_parallel(tasks, self.deadline).items():
            if isinstance(result, EvidenceUnavailable):
                raise result
            slots[by] = result
        kept = None
        if table.settings.keeps_requests:
            kept = request_item(request, decision, self._event, policy.digest, now)
        self._claimed = list(slots.values())
        decided_with = () if policy.shadow_mode else tuple(self.slots)
        try:
            self._change(partial(table.claim, request, slots, decided_with, kept, now))
        except SlotConflict:
            self._claimed = []
            raise

    def end_others(self, decision: Decision, table: SessionTable) -> None:
        """End the connections that make room for this one, and remove their slots. Errors are AWS's.

        The oldest is ended last. It is the surest to be active, and should stay if another one cannot be ended.
        """
        slots = {slot.connection_id: slot for one in self.slots.values() for slot in one.slots}
        try:
            for connection_id in () if self._policy.shadow_mode else reversed(decision.ends):
                endpoint_id = slots[connection_id].endpoint_id
                self._change(partial(terminate, self._clients.client("ec2"), endpoint_id, connection_id))
                self.ends[connection_id] = None
        finally:
            if self.ends:
                with suppress(Exception):  # a slot that remains goes when EC2 is asked about its connection
                    self._change(partial(table.remove, self.slots.values(), self.ends))

    def _change(self, call: Callable[[], None]) -> None:
        """Make a change that repeats without harm. Try it twice while there is time."""
        self.deadline.check_change()
        try:
            call()
        except SlotConflict:
            raise
        except Exception:
            self.deadline.check_change()
            call()

    def release(self, table: SessionTable) -> None:
        """Release the slots of a connection that is denied after all.

        If AWS does not answer, the slot remains until EC2 would know the connection.
        """
        if not self._claimed:
            return
        try:
            self.deadline.check_undo()
            table.remove(self._claimed, [self._request.connection_id])
        except Exception as error:
            cause = self.evidence.failures.get(SESSIONS, "")
            self.evidence.failures[SESSIONS] = f"{cause}; its slot was not released: {describe_error(error)}"
