"""Active connections: what EC2 knows of them, and what the function wrote down when it let them in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import Any

from connect_handler.evidence.dynamodb import BATCH, batch_get
from connect_handler.evidence.sessions import request_key
from connect_handler.settings import CONNECTIONS, SessionSettings
from cvpn.aws.account import aws_errors
from cvpn.failures import Failure

ACTIVE = "active"

PAGE = 1000
"""The most connections that EC2 gives at once."""

WORKERS = 8
"""Calls at once."""

_NONE = ("", "N/A", "-")
"""What EC2 says where there is no user name."""


@dataclass(frozen=True)
class Connection:
    """An active connection.

    Attributes
    ----------
    connection_id, endpoint_id
        As EC2 has them.
    username, common_name
        As the request had them, or else EC2; empty for none.
    client_ip
        Address of the client in the VPN.
    since
        When it was let in, or else established; seconds since 1970-01-01 UTC, None where that cannot be read.
    recorded
        Whether the function wrote down that it let it in; what follows is None, or empty, where it did not.
    alias
        That the function was called under: the endpoint's key.
    rule
        That let it in; the reason, where there was none.
    posture
        Posture compliance statuses that it was let in with; those that EC2 has, where it was not written down.
    policy_digest
        SHA-256 of the policy document that let it in.
    request
        With which it was let in.
    """

    connection_id: str
    endpoint_id: str
    username: str
    common_name: str
    client_ip: str
    since: float | None
    recorded: bool
    alias: str | None
    rule: str | None
    posture: tuple[str, ...]
    policy_digest: str | None
    request: Any


def active_connections(ec2: Any, endpoint_id: str) -> Iterator[dict[str, Any]]:
    """Return the active connections of an endpoint, as EC2 has them.

    Raises
    ------
    Failure
        They cannot be listed.
    """
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeClientVpnConnections.html
    with aws_errors(f"list the connections of {endpoint_id}"):
        pages = ec2.get_paginator("describe_client_vpn_connections")
        for page in pages.paginate(ClientVpnEndpointId=endpoint_id, PaginationConfig={"PageSize": PAGE}):
            yield from (one for one in page["Connections"] if one["Status"]["Code"] == ACTIVE)


def table_of(variables: Mapping[str, str], function: str) -> str | None:
    """Return the table in which a function writes down whom it lets in; None if it does not.

    Raises
    ------
    Failure
        What its environment says of it cannot be read.
    """
    text = variables.get(CONNECTIONS)
    if not text:
        return None
    try:
        connections = SessionSettings(text)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Failure(
            f"the environment variable {CONNECTIONS} of {function} cannot be read ({text}); apply again"
        ) from None
    return connections.table if connections.keeps_requests else None


def read_records(dynamodb: Any, table: str, connection_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return what is written down of connections, as DynamoDB has it, by connection id.

    Raises
    ------
    Failure
        The table cannot be read.
    """
    keys = [request_key(one) for one in connection_ids]
    batches = [keys[first : first + BATCH] for first in range(0, len(keys), BATCH)]
    with ThreadPoolExecutor(WORKERS) as pool:
        return dict(chain.from_iterable(part.items() for part in pool.map(partial(_read, dynamodb, table), batches)))


def _read(dynamodb: Any, table: str, keys: list[str]) -> dict[str, dict[str, Any]]:
    with aws_errors(f"read the table {table}"):
        items = batch_get(dynamodb, table, "id", keys, consistent=True)
    return {key.partition("#")[2]: item for key, item in items.items()}


def join(described: Mapping[str, Any], item: Mapping[str, Any] | None) -> Connection:
    """Join what EC2 says of a connection with what is written down of it."""
    record = item or {}
    request = _json(record.get("request", {}).get("S"))
    fields = request if isinstance(request, dict) else {}
    posture = record.get("posture", {}).get("L")
    since = record.get("since", {}).get("N")
    return Connection(
        described["ConnectionId"],
        described["ClientVpnEndpointId"],
        _said(fields.get("username")) or _said(described.get("Username")),
        _said(fields.get("common-name")) or _said(described.get("CommonName")),
        described.get("ClientIp", ""),
        float(since) if since is not None else _established(described.get("ConnectionEstablishedTime", "")),
        item is not None,
        record.get("alias", {}).get("S"),
        record.get("rule", {}).get("S"),
        tuple(described.get("PostureComplianceStatuses", []))
        if posture is None
        else tuple(status["S"] for status in posture if "S" in status),
        record.get("policy_digest", {}).get("S"),
        request,
    )


def _said(value: Any) -> str:
    return value if isinstance(value, str) and value not in _NONE else ""


def _json(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return None


def _established(text: str) -> float | None:
    """Read a time as EC2 has it here: ``2026-11-25 09:00:00``, UTC."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
