"""Active connections: a DynamoDB table (modules/connections_table) with each connection that the handler allowed.

Each user, or certificate, has an item with a slot for each connection. Every change raises the item's version. A
connection claims its slot only at the version of its decision. So each of any number of simultaneous attempts knows the
others.

AWS does not tell the handler when a connection ends. If a slot stands in somebody's way, the handler asks EC2 whether
its connection is active. EC2 does not know a new connection at once. A connection that never came to be, because the
function ended too early or the client gave up, loses its slot after :data:`PENDING_SECONDS`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connect_handler.contract.request import Request, request_fields
from connect_handler.decision.evaluate import Decision
from connect_handler.facts.text import fold
from connect_handler.settings import SessionSettings

from .aws import AwsClients, EvidenceUnavailable, error_code
from .dynamodb import batch_get
from .ec2 import ACTIVE, status_codes

FRESH_SECONDS = 5
"""Age up to which a slot counts without asking EC2. In a rush, everybody would ask about the same connections."""

PENDING_SECONDS = 60
"""Age from which a connection that EC2 does not know has ended. EC2 lists ended connections for another hour,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeClientVpnConnections.html"""

SESSION_SECONDS = 25 * 3600
"""The longest session of Client VPN, 24 hours, and one hour for wrong clocks,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateClientVpnEndpoint.html"""

_SLOT = "connection:"
"""Prefix of the names of attributes that are slots."""

_CONFLICTS = ("ConditionalCheckFailed", "TransactionConflict")


class SlotConflict(EvidenceUnavailable):
    """Another connection has claimed or released a slot since the slots were read."""

    def __init__(self) -> None:
        super().__init__("others have come at the same time")


class Slot:
    """The slot of a connection, allowed at ``since``, in seconds since 1970-01-01 UTC."""

    def __init__(self, connection_id: str, endpoint_id: str, since: float) -> None:
        self.connection_id = connection_id
        self.endpoint_id = endpoint_id
        self.since = since


class Slots:
    """The slots of one user or certificate, the oldest first.

    ``version`` is the version of the item, None without an item. ``ended`` are ids of connections that have ended: the
    next claim removes their slots.
    """

    def __init__(self, key: str, item: Mapping[str, Any] | None, now: float) -> None:
        """Read an item of the table; None for none."""
        self.key = key
        self.version: str | None = None if item is None else item["version"]["N"]
        self.slots: list[Slot] = []
        self.ended: list[str] = []
        for name, value in (item or {}).items():
            if name.startswith(_SLOT):
                slot = Slot(name[len(_SLOT) :], value["M"]["endpoint_id"]["S"], float(value["M"]["since"]["N"]))
                if now - slot.since > SESSION_SECONDS:
                    self.ended.append(slot.connection_id)
                else:
                    self.slots.append(slot)
        self.slots.sort(key=lambda slot: (slot.since, slot.connection_id))

    def others(self, connection_id: str) -> list[Slot]:
        """Return the slots of other connections, the oldest first."""
        return [slot for slot in self.slots if slot.connection_id != connection_id]

    def remove_ended(self, connection_ids: Iterable[str]) -> None:
        """Remove the slots of connections that have ended."""
        ended = set(connection_ids)
        self.ended += [slot.connection_id for slot in self.slots if slot.connection_id in ended]
        self.slots = [slot for slot in self.slots if slot.connection_id not in ended]


class SessionTable:
    """The table of active connections."""

    def __init__(self, settings: SessionSettings, clients: AwsClients) -> None:
        self.settings = settings
        self._clients = clients

    def read(self, by: str, name: str, now: float) -> Slots:
        """Return the slots of a user or a certificate. Errors are boto3's."""
        key = slots_key(by, name)
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html
        response = self._clients.client("dynamodb").get_item(
            TableName=self.settings.table, Key={"id": {"S": key}}, ConsistentRead=True
        )
        return Slots(key, response.get("Item"), now)

    def read_active(self, by: str, name: str, connection_id: str, limit: int, now: float) -> Slots:
        """Return the slots of a user or a certificate. If others reach the limit, leave out those of ended connections.

        Errors are boto3's.
        """
        slots = self.read(by, name, now)
        others = slots.others(connection_id)
        if len(others) >= limit:
            slots.remove_ended(ended_connections(self._clients.client("ec2"), others, now))
        return slots

    def claim(
        self,
        request: Request,
        slots: Mapping[str, Slots],
        decided_with: Iterable[str],
        kept: dict[str, Any] | None,
        now: float,
    ) -> None:
        """Record a connection: all is written, or nothing.

        Parameters
        ----------
        slots
            Slots of the request's user and certificate, by ``username`` and ``common_name``.
        decided_with
            Keys of the slots that the decision depends on. SlotConflict is raised if one of these has changed.
        kept
            The item with the request, from :func:`request_item`; None to keep none.
        now
            Seconds since 1970-01-01 UTC.
        """
        table = {"TableName": self.settings.table}
        unchanged = set(decided_with)
        writes: list[dict[str, Any]] = [
            {"Update": {**table, **_claim_update(one, request, now, by in unchanged)}} for by, one in slots.items()
        ]
        if kept is not None:
            writes.append({"Put": {**table, "Item": kept}})
        if writes:
            _write(self._clients.client("dynamodb"), writes)

    def remove(self, slots: Iterable[Slots], connection_ids: Iterable[str]) -> None:
        """Remove the slots of connections, as far as they are there. Errors are boto3's."""
        names = {f"#slot{number}": _SLOT + one for number, one in enumerate(connection_ids)}
        for one in slots:
            try:
                self._clients.client("dynamodb").update_item(
                    TableName=self.settings.table,
                    Key={"id": {"S": one.key}},
                    UpdateExpression=f"REMOVE {', '.join(names)} ADD version :one",
                    ConditionExpression="attribute_exists(id)",
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues={":one": {"N": "1"}},
                )
            except Exception as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise

    def requests(self, connection_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return the items with the requests of connections, by connection id. Errors are boto3's."""
        dynamodb = self._clients.client("dynamodb")
        items = batch_get(dynamodb, self.settings.table, "id", [request_key(one) for one in connection_ids])
        return {key.partition("#")[2]: item for key, item in items.items()}


def slots_key(by: str, name: str) -> str:
    """Return the key of the item with the slots of a user or a certificate."""
    return f"{by}#{fold(name)}"


def request_key(connection_id: str) -> str:
    """Return the key of the item with the request of a connection."""
    return f"connection#{connection_id}"


def ended_connections(ec2: Any, slots: Sequence[Slot], now: float) -> set[str]:
    """Return the ids of the connections that have ended. Errors are boto3's."""
    by_endpoint: dict[str, list[Slot]] = {}
    for slot in slots:
        if now - slot.since >= FRESH_SECONDS:
            by_endpoint.setdefault(slot.endpoint_id, []).append(slot)
    ended: set[str] = set()
    for endpoint_id, of_endpoint in by_endpoint.items():
        codes = status_codes(ec2, endpoint_id, [slot.connection_id for slot in of_endpoint])
        for slot in of_endpoint:
            code = codes.get(slot.connection_id)
            is_pending = code is None and now - slot.since < PENDING_SECONDS
            if code not in ACTIVE and not is_pending:
                ended.add(slot.connection_id)
    return ended


def _claim_update(slots: Slots, request: Request, now: float, is_unchanged: bool) -> dict[str, Any]:
    """Return the update that claims a slot and removes those of ended connections.

    ``is_unchanged`` adds the condition that the item still has the version of the read.
    """
    names = {"#slot": _SLOT + request.connection_id}
    values: dict[str, Any] = {
        ":slot": {"M": {"endpoint_id": {"S": request.endpoint_id}, "since": {"N": f"{now:.3f}"}}},
        ":expires": {"N": str(int(now + SESSION_SECONDS))},
        ":one": {"N": "1"},
    }
    expression = "SET #slot = :slot, expires_at = :expires ADD version :one"
    update: dict[str, Any] = {"Key": {"id": {"S": slots.key}}}
    ended = [one for one in slots.ended if one != request.connection_id]
    if ended:
        names |= {f"#ended{number}": _SLOT + one for number, one in enumerate(ended)}
        expression += " REMOVE " + ", ".join(f"#ended{number}" for number in range(len(ended)))
    if is_unchanged and slots.version is None:
        update["ConditionExpression"] = "attribute_not_exists(id)"
    elif is_unchanged:
        update["ConditionExpression"] = "version = :seen"
        values[":seen"] = {"N": slots.version}
    return update | {
        "UpdateExpression": expression,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def request_item(request: Request, decision: Decision, event: Any, digest: str, now: float) -> dict[str, Any]:
    """Return the item that keeps an allowed connection for re-authorization: its request and its decision."""
    item: dict[str, Any] = {
        "id": {"S": request_key(request.connection_id)},
        "endpoint_id": {"S": request.endpoint_id},
        "request": {"S": json.dumps(request_fields(event), separators=(",", ":"))},
        "rule": {"S": decision.rule or decision.reason},
        "posture": {"L": [{"S": status} for status in decision.posture]},
        "policy_digest": {"S": digest},
        "since": {"N": f"{now:.3f}"},
        "expires_at": {"N": str(int(now + SESSION_SECONDS))},
    }
    if request.alias is not None:
        item["alias"] = {"S": request.alias}
    return item


def _write(dynamodb: Any, writes: list[dict[str, Any]]) -> None:
    """Write all or nothing."""
    try:
        if len(writes) > 1:
            # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
            dynamodb.transact_write_items(TransactItems=writes)
        elif "Update" in writes[0]:
            dynamodb.update_item(**writes[0]["Update"])
        else:
            dynamodb.put_item(**writes[0]["Put"])
    except Exception as error:
        reasons = {reason.get("Code") for reason in getattr(error, "response", {}).get("CancellationReasons", [])}
        if error_code(error) == "ConditionalCheckFailedException" or not reasons.isdisjoint(_CONFLICTS):
            raise SlotConflict from None
        raise
