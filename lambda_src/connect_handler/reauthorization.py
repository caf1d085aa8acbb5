"""Re-authorization: looks again at connections that are up, and ends those that would not be let in now.

A second function from the same bundle: ``connect_handler.reauthorization.handler``. On a schedule, and after each
change of the policy, every active connection is decided on anew: with the request that it was let in with, the policy
that its endpoint's alias serves now, today's evidence and the clock.

What it does not know, it leaves as it is. A connection that was let in is ended because of what is known, such as a
record that says ``quarantined``, or that is too old; not because a table did not answer, or because a policy cannot be
read: those are problems of ours, which are counted, and over by the next run.
"""

from __future__ import annotations

import json
import os
import time

from . import answering, outside
from .connections import Places, places_key, still_active, terminate
from .decision_log import METRIC_NAMESPACE, decided, timestamp, write
from .devices import key_of
from .dynamodb import batch_get
from .errors import InvalidRequest
from .evidence import Evidence, needed, session_limits
from .evidence_conditions import BY, DEVICE, SESSIONS
from .request import Request
from .settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .answering import Answer
    from .connections import Connections

REAUTHORIZATION = "REAUTHORIZATION"
"""Environment variable: JSON, see :class:`Configuration`."""

EVENT_KEY = "reauthorize"
"""The one key of an event that asks for more than a run as the schedule does."""

METRICS = {
    "connections": "ReauthorizationConnections",
    "denied": "ReauthorizationDenied",
    "terminated": "ReauthorizationTerminated",
    "unrecorded": "ReauthorizationUnrecorded",
    "failed": "ReauthorizationFailures",
    "braked": "ReauthorizationBraked",
}
"""Metrics of a run, by member of its result."""

METRIC_DIMENSIONS: tuple[str, ...] = ("function_name",)

PAGE = 1000
"""Connections at once, the most that EC2 gives; so what is held in memory does not grow with their number."""

MAX_DETAILS = 1000
"""Denials of which a result says more than a count; a function's answer holds 6 MB."""

MAX_PROBLEMS = 20

LAST_SECONDS = 20.0
"""Before its time is over, a run stops looking, or ending, and says what it has done."""


class Configuration:
    """What the function is told by its environment.

    Attributes
    ----------
    function
        Name of the connect handler.
    endpoints
        Aliases of the connect handler, by the id of the endpoint that calls them.
    brake_share, brake_floor
        A run in which more connections are denied than this share of them, and more than this number, ends none.
    per_second
        Connections that are ended in a second, at most; EC2 throttles such calls for the whole account.
    """

    __slots__ = ("brake_floor", "brake_share", "endpoints", "function", "per_second")

    def __init__(self, text: str) -> None:
        """Read the environment variable.

        Raises
        ------
        ValueError, KeyError, TypeError
            It is not as modules/reauthorization writes it.
        """
        value = json.loads(text)
        self.function: str = value["function"]
        self.endpoints: dict[str, str] = dict(value["endpoints"])
        self.brake_share = float(value["brake_share"])
        self.brake_floor = int(value["brake_floor"])
        self.per_second = float(value["terminations_per_second"])


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Re-authorize all connections, as Lambda calls it.

    Parameters
    ----------
    event
        ``{"reauthorize": {...}}`` with one of ``"dry_run": true``, to be told what a run would do; ``"at_most": N``, to
        have so many connections ended at most, and none if they are more, whatever the brake says; ``"start": true``,
        to have a run begin without waiting for it. Anything else is a run as the schedule has it.
    context
        Lambda's context object.

    Returns
    -------
    dict
        See :class:`Run`; with ``start``, ``{"started": true}``.

    Raises
    ------
    ValueError
        The event asks for something else.
    """
    outside.limits(connect_seconds=3, read_seconds=20, attempts=8)  # nobody waits as a connection waits for an answer
    asked = event.get(EVENT_KEY, {}) if isinstance(event, dict) else {}
    dry_run, at_most = _read(asked)
    if asked.get("start"):
        outside.client("lambda").invoke(
            FunctionName=context.function_name, InvocationType="Event", Payload=json.dumps({EVENT_KEY: {}}).encode()
        )
        return {"started": True}
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - LAST_SECONDS
    run = Run(Configuration(os.environ[REAUTHORIZATION]), time.time(), deadline)
    run.look()
    run.conclude(dry_run, at_most)
    write(run.line(context.function_name))
    return run.result()


def _read(asked: Any) -> tuple[bool, int | None]:
    """Return whether an event asks for a dry run, and how many it allows to be ended; None for the brake."""
    if not isinstance(asked, dict) or not asked.keys() <= {"dry_run", "at_most", "start"} or len(asked) > 1:
        raise ValueError(f'{EVENT_KEY} is to have one of "dry_run": true, "at_most": a number, "start": true')
    for key in ("dry_run", "start"):
        if key in asked and asked[key] is not True:
            raise ValueError(f"{EVENT_KEY}.{key} is to be true")
    at_most = asked.get("at_most")
    if "at_most" in asked and (type(at_most) is not int or at_most < 0):
        raise ValueError(f"{EVENT_KEY}.at_most is to be a number of connections")
    return bool(asked.get("dry_run")), at_most


class Run:
    """One look at all connections.

    Its result has, besides ``denials`` and ``problems``, these counts: active ``connections``; those that were
    ``evaluated``, of which some are ``allowed``, some ``denied``, and some denied but ``shadowed``, as shadow mode
    keeps them connected; ``unrecorded`` ones, whose request is not known, as they were there before re-authorization
    was or could not be written down; ``terminated`` ones; and ``failed`` ones, on which it could not be decided or
    which could not be ended. ``braked`` tells whether none was ended because they were too many, ``complete`` whether
    there was time for all.
    """

    def __init__(self, configuration: Configuration, now: float, deadline: float) -> None:
        """Take the time, in seconds since 1970-01-01 UTC, and when to stop, in seconds of the monotonic clock."""
        self._configuration = configuration
        self._now = now
        self._deadline = deadline
        self._settings: dict[str, tuple[Settings, Connections]] = {}
        self._to_end: list[tuple[str, str]] = []
        self._details: list[dict[str, Any]] = []
        self._problems: dict[str, None] = {}
        self._dry_run = False
        self.connections = self.evaluated = self.allowed = self.denied = self.shadowed = 0
        self.unrecorded = self.terminated = self.failed = 0
        self.braked = False
        self.complete = True

    # --- looking -----------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Decide on all connections of all endpoints."""
        for endpoint_id, alias in self._configuration.endpoints.items():
            try:
                settings, connections = self._served(alias)
                for page in _pages(endpoint_id):
                    if time.monotonic() > self._deadline:
                        self.complete = False
                        return
                    self._look_at(page, endpoint_id, alias, settings, connections)
            except Exception as error:  # of one endpoint: the others have nothing to do with it
                self.failed += 1
                self._problem(f"{endpoint_id}: {outside.in_words(error)}")

    def _served(self, alias: str) -> tuple[Settings, Connections]:
        """Return the settings of the version that an alias serves, and where it writes down whom it lets in."""
        if alias not in self._settings:
            # https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html
            answer = outside.client("lambda").get_function_configuration(
                FunctionName=self._configuration.function, Qualifier=alias
            )
            settings = Settings(
                {"AWS_LAMBDA_FUNCTION_VERSION": answer["Version"], **answer["Environment"]["Variables"]}
            )
            if settings.policy is None:
                problems = "; ".join(settings.policy_problems)
                raise outside.NotHad(f"the policy of version {answer['Version']} cannot be asked: {problems}")
            if settings.outside is None or settings.outside.connections is None:
                raise outside.NotHad(f"version {answer['Version']} does not write down whom it lets in")
            self._settings[alias] = settings, settings.outside.connections
        return self._settings[alias]

    def _look_at(
        self, page: list[dict[str, Any]], endpoint_id: str, alias: str, settings: Settings, connections: Connections
    ) -> None:
        """Decide on some connections."""
        self.connections += len(page)
        kept = connections.requests(connection["ConnectionId"] for connection in page)
        asked: list[_Asked] = []
        for connection in page:
            item = kept.get(connection["ConnectionId"])
            if item is None:
                self.unrecorded += 1
                continue
            try:
                asked.append(_Asked(item, alias))
            except (InvalidRequest, KeyError, TypeError, ValueError) as error:
                self.failed += 1
                self._problem(f"{connection['ConnectionId']}: what is kept of it cannot be read: {error}")
        _find_evidence(asked, settings, self._now)
        for one in asked:
            if one.evidence.failures:
                self.failed += 1
                for kind, cause in one.evidence.failures.items():
                    self._problem(f"{kind}: {cause}")
                continue
            self._decide(one, endpoint_id, settings)

    def _decide(self, one: _Asked, endpoint_id: str, settings: Settings) -> None:
        policy = settings.policy
        answered = answering.answer(
            policy, settings.policy_problems, one.event, one.alias, self._now, lambda *_: one.evidence
        )
        if answered.decision is None or policy is None:
            self.failed += 1
            self._problem(f"{one.request.connection_id}: {'; '.join(answered.problems)}")
            return
        self.evaluated += 1
        if answered.decision.allow:
            self.allowed += 1
            return
        if policy.shadow_mode:
            self.shadowed += 1
        else:
            self.denied += 1
            self._to_end.append((endpoint_id, one.request.connection_id))
        if len(self._details) < MAX_DETAILS:
            self._details.append(_denial(answered, one, endpoint_id, settings))

    def _problem(self, text: str) -> None:
        if len(self._problems) < MAX_PROBLEMS:
            self._problems[text] = None

    # --- ending ------------------------------------------------------------------------------------------------------

    def conclude(self, dry_run: bool, at_most: int | None) -> None:
        """End the connections that were denied, unless they are too many.

        Parameters
        ----------
        dry_run
            End none.
        at_most
            How many may be ended; None for as many as the brake lets.
        """
        self._dry_run = dry_run
        brake = max(self._configuration.brake_floor, int(self._configuration.brake_share * self.evaluated))
        limit = brake if at_most is None else at_most
        self.braked = self.denied > limit
        if self.braked:
            share = f"{100 * self.denied / max(1, self.evaluated):.1f} %"
            why = f"at most {limit} may be ended" if at_most is None else f"{limit} were confirmed"
            self._problem(
                f"{self.denied} of {self.evaluated} connections ({share}) would be ended, and {why}: none was ended; "
                "look at them with cvpn reauthorize, and confirm with cvpn reauthorize --confirm"
            )
        if not (self.braked or dry_run):
            self._end_all()

    def _end_all(self) -> None:
        pause = 1 / self._configuration.per_second
        for endpoint_id, connection_id in self._to_end:
            started = time.monotonic()
            if started > self._deadline:
                self.complete = False  # the next run goes on
                return
            try:
                terminate(endpoint_id, connection_id)
                self.terminated += 1
            except Exception as error:  # of one connection
                self.failed += 1
                self._problem(f"{connection_id}: could not be ended: {outside.in_words(error)}")
            time.sleep(max(0.0, pause - (time.monotonic() - started)))

    # --- telling -----------------------------------------------------------------------------------------------------

    def _counts(self) -> dict[str, Any]:
        names = (
            "connections", "evaluated", "allowed", "denied", "shadowed", "unrecorded", "terminated", "failed", "braked",
            "complete",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names} | {"dry_run": self._dry_run}

    def result(self) -> dict[str, Any]:
        """Return what came of the run, as JSON has it."""
        return {**self._counts(), "denials": self._details, "problems": list(self._problems)}

    def line(self, function_name: str) -> str:
        """Return the lines of the log: one for each denial, and one for the run; that is a metric unless it was dry."""
        time_text = timestamp(self._now)
        lines: list[dict[str, Any]] = [
            {"time": time_text, "reauthorization": "denial", "dry_run": self._dry_run, "braked": self.braked, **denial}
            for denial in self._details
        ]
        counts = self._counts()
        last: dict[str, Any] = {"time": time_text, "reauthorization": "run", **counts, "problems": list(self._problems)}
        if not self._dry_run:
            directive = {
                "Namespace": METRIC_NAMESPACE,
                "Dimensions": [METRIC_DIMENSIONS],
                "Metrics": [{"Name": metric, "Unit": "Count"} for metric in METRICS.values()],
            }
            last["function_name"] = function_name
            last |= {metric: int(counts[name]) for name, metric in METRICS.items()}
            last["_aws"] = {"CloudWatchMetrics": [directive], "Timestamp": int(self._now * 1000)}
        lines.append(last)
        return "\n".join(json.dumps(line, separators=(",", ":")) for line in lines)


class _Asked:
    """A connection that is to be decided on.

    Attributes
    ----------
    event, alias, request
        What the handler was asked when it came.
    since
        When that was, in seconds since 1970-01-01 UTC.
    evidence
        What is known now.
    """

    __slots__ = ("alias", "event", "evidence", "request", "since")

    def __init__(self, item: dict[str, Any], alias: str) -> None:
        """Read what the table keeps of a connection; the alias is the one that its endpoint calls now."""
        self.event: Any = json.loads(item["request"]["S"])
        self.alias = alias
        self.request = Request(self.event, alias)
        self.since = float(item["since"]["N"])
        self.evidence = Evidence()


def _pages(endpoint_id: str) -> Iterator[list[dict[str, Any]]]:
    """Return the active connections of an endpoint."""
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeClientVpnConnections.html
    pages = outside.client("ec2").get_paginator("describe_client_vpn_connections")
    for page in pages.paginate(ClientVpnEndpointId=endpoint_id, PaginationConfig={"PageSize": PAGE}):
        yield [connection for connection in page["Connections"] if connection["Status"]["Code"] == "active"]


def _find_evidence(asked: list[_Asked], settings: Settings, now: float) -> None:
    """Look up what the outcomes depend on, for all of them at once."""
    policy, known = settings.policy, settings.outside
    if policy is None or known is None or not policy.evidence:
        return
    needs = [(one, needed(policy, one.request, now)) for one in asked]
    of_devices = [one for one, keys in needs if DEVICE in keys]
    if of_devices:
        inventory = known.inventory
        try:
            if inventory is None:
                raise outside.NotHad("the function has no device inventory")
            devices = inventory.fetch_all(key_of(one.request, inventory.exact) for one in of_devices)
            for one in of_devices:
                one.evidence.device = devices.get(key_of(one.request, inventory.exact))
        except Exception as error:  # it is not known: they stay as they are
            for one in of_devices:
                one.evidence.failures[DEVICE] = outside.in_words(error)
    limits = session_limits(policy)
    for by in BY:
        counted = [one for one, keys in needs if by in keys]
        if counted and known.connections is not None:
            _find_sessions(counted, by, limits[by], known.connections.table, now)


def _find_sessions(counted: list[_Asked], by: str, limit: int, table: str, now: float) -> None:
    """Find the connections that were there before each of these: the first of a user's stays, as when they came."""
    try:
        items = batch_get(
            outside.client("dynamodb"), table, "id", [places_key(by, getattr(one.request, by)) for one in counted]
        )
    except Exception as error:
        for one in counted:
            one.evidence.failures[SESSIONS] = outside.in_words(error)
        return
    for one in counted:
        key = places_key(by, getattr(one.request, by))
        connection_id = one.request.connection_id
        before = [
            place
            for place in Places(key, items.get(key), now).others(connection_id)
            if (place.since, place.connection_id) < (one.since, connection_id)
        ]
        try:
            if len(before) >= limit:
                before = still_active(before, now)
            one.evidence.sessions[by] = [place.connection_id for place in before]
        except Exception as error:
            one.evidence.failures[SESSIONS] = outside.in_words(error)


def _denial(answered: Answer, one: _Asked, endpoint_id: str, settings: Settings) -> dict[str, Any]:
    """Return what a result says of a connection that is denied, with what the log is not to show hidden."""
    request, redaction, decision = one.event, settings.redaction, answered.decision
    message, evidence = answered.message, one.evidence.document()
    if redaction is not None and decision is not None:
        request = redaction.event(request, one.request)
        message, evidence = redaction.message(decision, one.request), redaction.evidence(evidence)
    said = decided(answered.reason, decision)
    return {
        "connection_id": one.request.connection_id,
        "endpoint_id": endpoint_id,
        "username": request.get("username"),
        "common_name": request.get("common-name"),
        **{key: said[key] for key in ("reason", "rule", "posture", "unknown")},
        "message": message,
        "evidence": evidence,
        "policy_digest": settings.policy_digest,
        "function_version": settings.function_version,
    }
