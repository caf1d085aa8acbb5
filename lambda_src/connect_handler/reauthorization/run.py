"""One run over all active connections."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from connect_handler.contract.request import InvalidRequest
from connect_handler.decision.result import Result, decide
from connect_handler.decision_log.entry import decision_fields
from connect_handler.evidence.aws import AwsClients, describe_error
from connect_handler.evidence.ec2 import terminate

from .alias import RecordedConnection, ServedAlias
from .config import Configuration
from .result import RunResult

PAGE = 1000
"""Connections at once, so that memory does not grow with their number. 1,000 is EC2's limit."""


class Run:
    """One run over all active connections, with its result so far."""

    def __init__(self, configuration: Configuration, clients: AwsClients, now: float, deadline: float) -> None:
        """Take the time, in seconds since 1970-01-01 UTC, and the end of the run, in seconds of the monotonic clock."""
        self._configuration = configuration
        self._clients = clients
        self._now = now
        self._deadline = deadline
        self._aliases: dict[str, ServedAlias] = {}
        self._denied: list[tuple[str, str]] = []
        self.result = RunResult(now)

    def decide_all(self) -> None:
        """Decide on all connections of all endpoints."""
        for endpoint_id, alias in self._configuration.endpoints.items():
            try:
                served = self._served(alias)
                for page in self._pages(endpoint_id):
                    if time.monotonic() > self._deadline:
                        self.result.complete = False
                        return
                    self._decide_page(page, endpoint_id, alias, served)
            except Exception as error:  # the other endpoints go on
                self.result.failed += 1
                self.result.add_problem(f"{endpoint_id}: {describe_error(error)}")

    def _served(self, alias: str) -> ServedAlias:
        if alias not in self._aliases:
            self._aliases[alias] = ServedAlias(self._configuration.function, alias, self._clients)
        return self._aliases[alias]

    def _pages(self, endpoint_id: str) -> Iterator[list[str]]:
        """Return the ids of the active connections of an endpoint."""
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeClientVpnConnections.html
        pages = self._clients.client("ec2").get_paginator("describe_client_vpn_connections")
        for page in pages.paginate(ClientVpnEndpointId=endpoint_id, PaginationConfig={"PageSize": PAGE}):
            yield [one["ConnectionId"] for one in page["Connections"] if one["Status"]["Code"] == "active"]

    def _decide_page(self, connection_ids: list[str], endpoint_id: str, alias: str, served: ServedAlias) -> None:
        result = self.result
        result.connections += len(connection_ids)
        items = served.table.requests(connection_ids)
        connections: list[RecordedConnection] = []
        for connection_id in connection_ids:
            if connection_id not in items:
                result.unrecorded += 1
                continue
            try:
                connections.append(RecordedConnection(items[connection_id], alias))
            except (InvalidRequest, KeyError, TypeError, ValueError) as error:
                result.failed += 1
                result.add_problem(f"{connection_id}: its record cannot be read: {error}")
        served.gather(connections, self._now)
        for one in connections:
            if one.evidence.failures:
                result.failed += 1
                for kind, cause in one.evidence.failures.items():
                    result.add_problem(f"{kind}: {cause}")
            else:
                self._decide(one, endpoint_id, served)

    def _decide(self, one: RecordedConnection, endpoint_id: str, served: ServedAlias) -> None:
        result, policy = self.result, served.policy
        decided = decide(policy, one.event, one.request.alias, self._now, one.evidence)
        if decided.decision is None:
            result.failed += 1
            result.add_problem(f"{one.request.connection_id}: {'; '.join(decided.problems)}")
            return
        result.evaluated += 1
        if decided.decision.allow:
            result.allowed += 1
            return
        if policy.shadow_mode:
            result.shadowed += 1
        else:
            result.denied += 1
            self._denied.append((endpoint_id, one.request.connection_id))
        result.add_denial(_denial_fields(decided, one, endpoint_id, served))

    def end_denied(self, dry_run: bool, at_most: int | None) -> None:
        """End the connections that were denied, unless they are too many; ``at_most`` replaces the brake's number."""
        result, configuration = self.result, self._configuration
        result.dry_run = dry_run
        brake = max(configuration.brake_floor, int(configuration.brake_share * result.evaluated))
        limit = brake if at_most is None else at_most
        result.braked = result.denied > limit
        if result.braked:
            share = f"{100 * result.denied / max(1, result.evaluated):.1f} %"
            why = f"at most {limit} may be ended" if at_most is None else f"{limit} were confirmed"
            result.add_problem(
                f"{result.denied} of {result.evaluated} connections ({share}) would be ended, and {why}: none was "
                "ended; look at them with cvpn reauthorize, and confirm with cvpn reauthorize --confirm"
            )
        if not (result.braked or dry_run):
            self._end_all()

    def _end_all(self) -> None:
        pause = 1 / self._configuration.per_second
        for endpoint_id, connection_id in self._denied:
            started = time.monotonic()
            if started > self._deadline:
                self.result.complete = False  # the next run goes on
                return
            try:
                terminate(self._clients.client("ec2"), endpoint_id, connection_id)
                self.result.terminated += 1
            except Exception as error:  # the other connections go on
                self.result.failed += 1
                self.result.add_problem(f"{connection_id}: could not be ended: {describe_error(error)}")
            time.sleep(max(0.0, pause - (time.monotonic() - started)))


def _denial_fields(result: Result, one: RecordedConnection, endpoint_id: str, served: ServedAlias) -> dict[str, Any]:
    """Return the description of a denial, without hidden values."""
    request, redaction, decision = one.event, served.redaction, result.decision
    message, evidence = result.message, one.evidence.document()
    if redaction is not None and decision is not None:
        request = redaction.event(request, one.request)
        message, evidence = redaction.message(decision, one.request), redaction.evidence(evidence)
    fields = decision_fields(result.reason, decision)
    return {
        "connection_id": one.request.connection_id,
        "endpoint_id": endpoint_id,
        "username": request.get("username"),
        "common_name": request.get("common-name"),
        **{key: fields[key] for key in ("reason", "rule", "posture", "unknown")},
        "message": message,
        "evidence": evidence,
        "policy_digest": served.policy.digest,
        "function_version": served.settings.function_version,
    }
