"""An alias of the connect handler: its version, and the recorded connections that it allowed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from connect_handler.contract.request import Request
from connect_handler.decision.required_evidence import required_evidence, session_limits
from connect_handler.decision_log.redaction import Redaction, read_redaction
from connect_handler.evidence.authorizer import available_evidence
from connect_handler.evidence.aws import AwsClients, EvidenceUnavailable, describe_error
from connect_handler.evidence.dynamodb import batch_get
from connect_handler.evidence.inventory import DeviceInventory
from connect_handler.evidence.sessions import SessionTable, Slots, ended_connections, slots_key
from connect_handler.facts.evidence import BY, DEVICE, SESSIONS, Evidence
from connect_handler.policy.model import Policy
from connect_handler.policy_source import PolicySource
from connect_handler.settings import Settings


class RecordedConnection:
    """A connection in the table of connections, allowed at ``since``, in seconds since 1970-01-01 UTC.

    ``request`` has the alias that its endpoint invokes now. ``evidence`` is today's.
    """

    def __init__(self, item: dict[str, Any], alias: str) -> None:
        """Read an item; raise InvalidRequest, KeyError, TypeError or ValueError if the handler did not write it."""
        self.event: Any = json.loads(item["request"]["S"])
        self.request = Request(self.event, alias)
        self.since = float(item["since"]["N"])
        self.evidence = Evidence()


class ServedAlias:
    """The version of the connect handler that an alias serves.

    ``table`` is its table of connections. ``redaction`` is that of its log, None if the log hides nothing.
    """

    def __init__(self, function: str, alias: str, clients: AwsClients) -> None:
        """Ask Lambda for the configuration of an alias. Errors are boto3's.

        Raise EvidenceUnavailable if the version has no valid policy, or does not record connections.
        """
        # https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html
        response = clients.client("lambda").get_function_configuration(FunctionName=function, Qualifier=alias)
        version = response["Version"]
        self.settings = Settings({"AWS_LAMBDA_FUNCTION_VERSION": version, **response["Environment"]["Variables"]})
        source = PolicySource(self.settings.policy)
        problems = "; ".join([*source.problems, *self.settings.problems])
        if source.policy is None or problems:
            raise EvidenceUnavailable(f"the policy of version {version} cannot be asked: {problems}")
        if self.settings.sessions is None:
            raise EvidenceUnavailable(f"version {version} does not record connections")
        self.policy: Policy = source.policy
        self.table = SessionTable(self.settings.sessions, clients)
        self.redaction: Redaction | None = None
        if self.settings.redacted_fields:
            self.redaction = read_redaction(self.settings.redacted_fields, self.settings.redaction_key)
        self._clients = clients
        self._inventory = None
        if self.settings.inventory is not None:
            self._inventory = DeviceInventory(self.settings.inventory, clients)

    def gather(self, connections: Sequence[RecordedConnection], now: float) -> None:
        """Fetch the evidence that the outcomes depend on, for all connections at once."""
        required = [(one, required_evidence(self.policy, one.request, now)) for one in connections]
        available = [(one, available_evidence(keys, one.request)) for one, keys in required]
        self._gather_devices([one for one, keys in available if DEVICE in keys])
        for by in BY:
            self._gather_sessions([one for one, keys in available if by in keys], by, now)

    def _gather_devices(self, connections: Sequence[RecordedConnection]) -> None:
        if not connections:
            return
        inventory = self._inventory
        try:
            if inventory is None:
                raise EvidenceUnavailable("the function has no device inventory")
            devices = inventory.fetch_all(inventory.key(one.request) for one in connections)
            for one in connections:
                one.evidence.device = devices.get(inventory.key(one.request))
        except Exception as error:  # these connections stay: their outcome is unknown
            _set_failure(connections, DEVICE, error)

    def _gather_sessions(self, connections: Sequence[RecordedConnection], by: str, now: float) -> None:
        """Find the connections that are older than each of these. So a user's first one stays, as it did at connect."""
        if not connections:
            return
        keys = {one.request.connection_id: slots_key(by, getattr(one.request, by)) for one in connections}
        try:
            dynamodb = self._clients.client("dynamodb")
            items = batch_get(dynamodb, self.table.settings.table, "id", keys.values())
        except Exception as error:
            _set_failure(connections, SESSIONS, error)
            return
        limit = session_limits(self.policy)[by]
        for one in connections:
            connection_id = one.request.connection_id
            key = keys[connection_id]
            before = [
                slot
                for slot in Slots(key, items.get(key), now).others(connection_id)
                if (slot.since, slot.connection_id) < (one.since, connection_id)
            ]
            try:
                ended: set[str] = set()
                if len(before) >= limit:
                    ended = ended_connections(self._clients.client("ec2"), before, now)
                one.evidence.sessions[by] = [slot.connection_id for slot in before if slot.connection_id not in ended]
            except Exception as error:
                _set_failure([one], SESSIONS, error)


def _set_failure(connections: Iterable[RecordedConnection], kind: str, error: Exception) -> None:
    for one in connections:
        one.evidence.failures[kind] = describe_error(error)
