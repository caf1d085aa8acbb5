"""The active connections: a DynamoDB table (modules/connections_table), in which the handler writes whom it lets in.

For each user, or certificate, there is an item with the places that connections have taken, and with a number that
changes with each of them. A connection takes its place only while that number is the one that its decision was made
with, so of any number of simultaneous attempts each is decided knowing the others.

The handler is not told when a connection ends. Where a place stands in somebody's way, EC2 is asked whether its
connection still is. A connection that was let in a moment ago is not yet among those that EC2 knows; one that never
comes to be there, because the function ended before it could answer, or the client gave up, loses its place by and by.
"""

from __future__ import annotations

import json

from .conditions import fold
from .decision_log import requested
from .outside import NotHad, client, error_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from .evaluation import Decision
    from .request import Request

FRESH_SECONDS = 5
"""A place that is not as old as this is taken without asking EC2: in a rush, all who come ask for the same."""

PENDING_SECONDS = 60
"""From when on a connection that EC2 does not know is none. EC2 lists those that ended for another hour."""

SESSION_SECONDS = 25 * 3600
"""No connection is older: the longest session that Client VPN has, 24 hours, and one for the clocks."""

ACTIVE = ("active", "failed-to-terminate")
"""Status codes of connections that have not ended,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ClientVpnConnectionStatus.html"""

_PLACE = "connection:"
"""What the name of an attribute begins with that is a place."""

_CONFLICTS = ("ConditionalCheckFailed", "TransactionConflict")


class Conflict(NotHad):
    """Somebody else has taken or left a place since the places were read."""


class Place:
    """A place that a connection has taken.

    Attributes
    ----------
    connection_id, endpoint_id
        Of the connection.
    since
        When it was let in, in seconds since 1970-01-01 UTC.
    """

    __slots__ = ("connection_id", "endpoint_id", "since")

    def __init__(self, connection_id: str, endpoint_id: str, since: float) -> None:
        self.connection_id = connection_id
        self.endpoint_id = endpoint_id
        self.since = since


class Places:
    """The places of one user or certificate.

    Attributes
    ----------
    key
        Of the item.
    version
        What changes with each change; None where there is no item yet.
    taken
        The oldest first.
    left
        Connection ids of places that are to be removed, as their connections have ended.
    """

    __slots__ = ("key", "left", "taken", "version")

    def __init__(self, key: str, item: Mapping[str, Any] | None, now: float) -> None:
        """Read an item of the table; None for none."""
        self.key = key
        self.version: str | None = None
        self.taken: list[Place] = []
        self.left: list[str] = []
        if item is None:
            return
        self.version = item["version"]["N"]
        for name, value in item.items():
            if name.startswith(_PLACE):
                place = Place(name[len(_PLACE) :], value["M"]["endpoint_id"]["S"], float(value["M"]["since"]["N"]))
                if now - place.since > SESSION_SECONDS:
                    self.left.append(place.connection_id)
                else:
                    self.taken.append(place)
        self.taken.sort(key=lambda place: (place.since, place.connection_id))

    def others(self, connection_id: str) -> list[Place]:
        """Return the places of other connections, the oldest first."""
        return [place for place in self.taken if place.connection_id != connection_id]

    def leave(self, ended: Iterable[str]) -> None:
        """Take the places of connections away that have ended."""
        gone = set(ended)
        self.left += [place.connection_id for place in self.taken if place.connection_id in gone]
        self.taken = [place for place in self.taken if place.connection_id not in gone]


class Connections:
    """The table of active connections.

    Attributes
    ----------
    table
        Name of the table.
    keeps_requests
        Whether the request of each connection is kept, for re-authorization.
    """

    __slots__ = ("keeps_requests", "table")

    def __init__(self, text: str) -> None:
        """Read the environment variable ``CONNECTIONS``: JSON.

        Raises
        ------
        ValueError, KeyError, TypeError
            It is not as modules/handler writes it.
        """
        value = json.loads(text)
        self.table: str = value["table"]
        self.keeps_requests: bool = value.get("requests", False)

    def places(self, by: str, name: str, now: float) -> Places:
        """Read the places of a user or a certificate. Errors are boto3's."""
        key = places_key(by, name)
        answer = client("dynamodb").get_item(TableName=self.table, Key={"id": {"S": key}}, ConsistentRead=True)
        return Places(key, answer.get("Item"), now)

    def take(
        self,
        request: Request,
        kept: dict[str, Any] | None,
        now: float,
        names: Mapping[str, str],
        seen: Mapping[str, Places],
    ) -> None:
        """Write that a connection is let in.

        Parameters
        ----------
        request
            Of the connection.
        kept
            What is kept of it, as :func:`request_item` returns it; None for nothing.
        now
            Seconds since 1970-01-01 UTC.
        names
            User and certificate whose connections are counted, by what they are counted by.
        seen
            Places that the decision was made with, by the same: they must not have changed since. What is not there
            did not matter.

        Raises
        ------
        Conflict
            They have.
        Exception
            Errors are boto3's.
        """
        writes: list[dict[str, Any]] = []
        for by, name in names.items():
            # Where it did not matter who else is connected, nobody has looked; yet places of days ago have to go.
            places = seen[by] if by in seen else self.places(by, name, now)
            update = _place_update(places, request, now, is_unchanged=by in seen)
            writes.append({"Update": {"TableName": self.table, **update}})
        if kept is not None:
            writes.append({"Put": {"TableName": self.table, "Item": kept}})
        if writes:
            _write(writes)

    def requests(self, connection_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return what is kept of connections, as DynamoDB has it, by connection id. Errors are boto3's."""
        from .dynamodb import batch_get  # late: no connection needs it

        items = batch_get(client("dynamodb"), self.table, "id", [request_key(one) for one in connection_ids])
        return {key.partition("#")[2]: item for key, item in items.items()}


def places_key(by: str, name: str) -> str:
    """Return the key of the item with the places of a user or certificate."""
    return f"{by}#{fold(name)}"


def request_key(connection_id: str) -> str:
    """Return the key of the item with the request of a connection."""
    return f"connection#{connection_id}"


def still_active(places: Sequence[Place], now: float) -> list[Place]:
    """Return the places whose connections are active, or may be on their way; EC2 knows. Errors are boto3's."""
    asked: dict[str, list[Place]] = {}
    for place in places:
        if now - place.since >= FRESH_SECONDS:
            asked.setdefault(place.endpoint_id, []).append(place)
    ended: set[str] = set()
    for endpoint_id, of_endpoint in asked.items():
        codes = _status_codes(endpoint_id, [place.connection_id for place in of_endpoint])
        for place in of_endpoint:
            code = codes.get(place.connection_id)
            if code is None and now - place.since < PENDING_SECONDS:
                continue
            if code not in ACTIVE:
                ended.add(place.connection_id)
    return [place for place in places if place.connection_id not in ended]


def _status_codes(endpoint_id: str, connection_ids: list[str]) -> dict[str, str]:
    """Return the status codes of connections that EC2 knows."""
    codes: dict[str, str] = {}
    arguments: dict[str, Any] = {
        "ClientVpnEndpointId": endpoint_id,
        "Filters": [{"Name": "connection-id", "Values": connection_ids}],
    }
    while True:
        try:
            # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeClientVpnConnections.html
            answer = client("ec2").describe_client_vpn_connections(**arguments)
        except Exception as error:
            if error_code(error).startswith("InvalidClientVpnEndpointId"):
                return {}  # the endpoint is gone, and its connections with it
            raise
        for connection in answer["Connections"]:
            codes[connection["ConnectionId"]] = connection["Status"]["Code"]
        if not answer.get("NextToken"):
            return codes
        arguments["NextToken"] = answer["NextToken"]


def end(places: Iterable[Place]) -> None:
    """End connections.

    Raises
    ------
    NotHad
        One of them could not be ended.
    Exception
        Errors are boto3's.
    """
    for place in places:
        terminate(place.endpoint_id, place.connection_id)


def terminate(endpoint_id: str, connection_id: str) -> None:
    """End a connection; one that has ended already is no error.

    Raises
    ------
    NotHad
        EC2 says that it goes on.
    Exception
        Errors are boto3's.
    """
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TerminateClientVpnConnections.html
    answer = client("ec2").terminate_client_vpn_connections(ClientVpnEndpointId=endpoint_id, ConnectionId=connection_id)
    for status in answer.get("ConnectionStatuses", []):
        code = status.get("CurrentStatus", {}).get("Code")
        if code in ACTIVE:
            raise NotHad(f"EC2 did not end {connection_id}: its status is {code}")


def _place_update(places: Places, request: Request, now: float, is_unchanged: bool) -> dict[str, Any]:
    """Return what takes a place beside others, and removes those that connections have left.

    ``is_unchanged`` makes it a condition that nobody has taken or left one since they were read.
    """
    names = {"#place": _PLACE + request.connection_id}
    values: dict[str, Any] = {
        ":place": {"M": {"endpoint_id": {"S": request.endpoint_id}, "since": {"N": f"{now:.3f}"}}},
        ":expires": {"N": str(int(now + SESSION_SECONDS))},
        ":one": {"N": "1"},
    }
    expression = "SET #place = :place, expires_at = :expires ADD version :one"
    update: dict[str, Any] = {"Key": {"id": {"S": places.key}}}
    left = [one for one in places.left if one != request.connection_id]
    if left:
        names |= {f"#left{number}": _PLACE + one for number, one in enumerate(left)}
        expression += " REMOVE " + ", ".join(f"#left{number}" for number in range(len(left)))
    if is_unchanged and places.version is None:
        update["ConditionExpression"] = "attribute_not_exists(id)"
    elif is_unchanged:
        update["ConditionExpression"] = "version = :seen"
        values[":seen"] = {"N": places.version}
    return update | {
        "UpdateExpression": expression,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def request_item(
    request: Request, decision: Decision, event: Any, alias: str | None, digest: str, now: float
) -> dict[str, Any]:
    """Return what is kept of a connection that is let in, as DynamoDB has it: its request, and what let it in."""
    item: dict[str, Any] = {
        "id": {"S": request_key(request.connection_id)},
        "endpoint_id": {"S": request.endpoint_id},
        "request": {"S": json.dumps(requested(event), separators=(",", ":"))},
        "rule": {"S": decision.rule or decision.reason},
        "posture": {"L": [{"S": status} for status in decision.posture]},
        "policy_digest": {"S": digest},
        "since": {"N": f"{now:.3f}"},
        "expires_at": {"N": str(int(now + SESSION_SECONDS))},
    }
    if alias is not None:
        item["alias"] = {"S": alias}
    return item


def _write(writes: list[dict[str, Any]]) -> None:
    """Write all or nothing."""
    dynamodb = client("dynamodb")
    try:
        if len(writes) > 1:
            # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
            dynamodb.transact_write_items(TransactItems=writes)
        elif "Update" in writes[0]:
            dynamodb.update_item(**writes[0]["Update"])
        else:
            dynamodb.put_item(**writes[0]["Put"])
    except Exception as error:
        code = error_code(error)
        reasons = {reason.get("Code") for reason in getattr(error, "response", {}).get("CancellationReasons", [])}
        if code == "ConditionalCheckFailedException" or not reasons.isdisjoint(_CONFLICTS):
            raise Conflict from None
        raise
