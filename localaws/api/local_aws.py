"""A LocalAws: its begin, its end, and what one does with it."""

from __future__ import annotations

import atexit
import json
import threading
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any

from localaws.settings import Settings, register, unregister

from .client_vpn import ConnectionAttempt, add_connections, connect, disconnect, report_traffic
from .environment import ACCESS_KEY_ID, SECRET_ACCESS_KEY, environment
from .errors import LocalAwsError
from .observations import Observations

if TYPE_CHECKING:
    from localaws.disturbances import Disturbance, Disturbances
    from localaws.server import Server

_running: weakref.WeakSet[LocalAws] = weakref.WeakSet()


@dataclass(frozen=True)
class RuleInvocation:
    """Result of an EventBridge rule at one of its targets.

    Attributes
    ----------
    event
        Event for the target, also if it was not invoked.
    error
        Why it was not invoked, such as a permission that the function's policy lacks; None if it was.
    answer
        Answer of the function; None if it was not invoked.
    function_error
        Lambda's X-Amz-Function-Error; None if the function succeeded, or was not invoked.
    function_log
        Lines that the function wrote, without Lambda's own.
    """

    target_id: str
    target_arn: str
    event: Any
    error: str | None
    answer: Any
    function_error: str | None
    function_log: list[str]


class LocalAws(Observations):
    """AWS on this machine: an HTTP server on loopback in this process.

    Serves what moto serves, Client VPN endpoints, and Lambda functions that run. Functions and endpoints are in one
    account and Region. Several servers can run at once if their account IDs differ. ``close`` removes everything that
    it started or wrote.

    >>> with LocalAws() as aws:
    ...     endpoints = aws.client("ec2").describe_client_vpn_endpoints()
    """

    def __init__(
        self,
        region: str = "eu-central-1",
        *,
        account_id: str = "123456789012",
        host: str = "127.0.0.1",
        port: int = 0,
        transition_seconds: float = 0.2,
        client_connect_timeout: float = 30.0,
        ended_connection_seconds: float = 3600.0,
        concurrent_executions: int = 1000,
        lambda_endpoint_url: str | None = None,
    ):
        """``port`` 0 takes a free one. localaws.settings.Settings explains the other settings."""
        self.settings = Settings(
            account_id=account_id,
            region=region,
            transition_seconds=transition_seconds,
            client_connect_timeout=client_connect_timeout,
            ended_connection_seconds=ended_connection_seconds,
            concurrent_executions=concurrent_executions,
            lambda_endpoint_url=lambda_endpoint_url,
        )
        self._host = host
        self._port = port
        self._server: Server | None = None
        self._disturbances: Disturbances | None = None
        self._session_lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}

    def start(self) -> LocalAws:
        """Start serving, and return itself.

        Raises RuntimeError if the account is served already, OSError if the port is in use.
        """
        # moto takes most of a second to import: only who starts a server pays for it.
        from localaws.disturbances import Disturbances
        from localaws.extension import forget, install
        from localaws.server import Application, Server

        register(self.settings)
        try:
            install()
            forget(self.settings.account_id)
            self._disturbances = Disturbances()
            self._server = Server(self._host, self._port, Application(self.settings, self._disturbances))
        except BaseException:
            unregister(self.settings)
            raise
        self.settings.endpoint_url = self._server.url
        self._server.start()
        _running.add(self)
        return self

    def close(self) -> None:
        """End the server, all functions and all state. Can be called again."""
        if self._server is None:
            return
        from localaws.extension import forget

        server, self._server = self._server, None
        _running.discard(self)
        try:
            self.end_disturbances()
            # Requests may wait for functions and state, and may begin new ones until the server has ended.
            forget(self.settings.account_id)
            server.close()
            forget(self.settings.account_id)
        finally:
            unregister(self.settings)

    def __enter__(self) -> LocalAws:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def endpoint_url(self) -> str:
        """Address for AWS_ENDPOINT_URL."""
        if self._server is None:
            raise RuntimeError("LocalAws is not running: use it in a with statement, or call start() first")
        return self.settings.endpoint_url

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that send a child process (Terraform, boto3, the AWS CLI) here."""
        return environment(self.endpoint_url, self.settings.region)

    def client(self, service: str, **options: Any) -> Any:
        """Return a boto3 client of the service, with options of boto3. Without options, always the same one."""
        with self._session_lock:
            if options:
                return self._session.client(service, endpoint_url=self.endpoint_url, **options)
            # Unlike sessions, clients are for several threads at once.
            key = (service, self.endpoint_url)
            if key not in self._clients:
                self._clients[key] = self._session.client(service, endpoint_url=self.endpoint_url)
            return self._clients[key]

    @cached_property
    def _session(self) -> Any:
        import boto3

        return boto3.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=self.settings.region)

    def connect(self, endpoint_id: str, **attributes: Any) -> ConnectionAttempt:
        """Connect a client to an endpoint; see ``localaws.connect`` for the attributes."""
        return connect(self.endpoint_url, endpoint_id, **attributes)

    def add_connections(self, endpoint_id: str, clients: Iterable[Mapping[str, Any]]) -> list[str]:
        """Add many connections to an endpoint, without a call of its handler; see ``localaws.add_connections``."""
        return add_connections(self.endpoint_url, endpoint_id, clients)

    def add_items(self, table_name: str, items: Iterable[Mapping[str, Any]]) -> None:
        """Put items, as DynamoDB's API has them, into a table: a hundred thousand in seconds.

        Raises the errors of DynamoDB's backend, such as for an unknown table.
        """
        from moto.dynamodb.models import dynamodb_backends

        tables = dynamodb_backends[self.settings.account_id][self.settings.region]
        for item in items:
            tables.put_item(table_name, dict(item))

    def report_traffic(self, connection_id: str, *, ingress_bytes: int = 0, egress_bytes: int = 0) -> None:
        """Report the traffic of a connection so far; see ``localaws.report_traffic``."""
        report_traffic(self.endpoint_url, connection_id, ingress_bytes=ingress_bytes, egress_bytes=egress_bytes)

    def disconnect(self, connection_id: str, *, ingress_bytes: int = 0, egress_bytes: int = 0) -> None:
        """End a connection as its client does; see ``localaws.disconnect``."""
        disconnect(self.endpoint_url, connection_id, ingress_bytes=ingress_bytes, egress_bytes=egress_bytes)

    def disturb(
        self,
        service: str,
        operation: str | None = None,
        *,
        error: str | None = None,
        message: str | None = None,
        status: int | None = None,
        seconds: float = 0.0,
        times: int | None = None,
    ) -> Disturbance:
        """Make an operation, or all operations of a service, fail or take longer.

        Parameters
        ----------
        service
            By boto3's name, such as ``dynamodb``.
        operation
            By AWS's name, such as ``GetItem``; default: all of the service.
        error
            Error code of the answers, such as ``ThrottlingException``. The requests then have no effect. Without one,
            requests are served.
        message
            The error's message.
        status
            HTTP status of the error. Default: that of the service's model, or else 503 for a code that means "later",
            500 for one that begins with Internal, and 400.
        seconds
            Seconds that each request waits first.
        times
            Number of requests that are disturbed, each retry counted. Default: all, until the end.

        Returns
        -------
        Disturbance
            ``end``, or the exit of a ``with``, ends it. ``requests`` counts the requests so far.

        Raises ValueError for an operation that the service does not have. Client VPN's own calls of a handler are
        Lambda's ``Invoke``.
        """
        if self._disturbances is None:
            raise RuntimeError("LocalAws is not running: use it in a with statement, or call start() first")
        return self._disturbances.add(
            service, operation, error=error, message=message, status=status, seconds=seconds, times=times
        )

    def end_disturbances(self) -> None:
        """End all disturbances. Requests that wait go on."""
        if self._disturbances is not None:
            self._disturbances.end()

    def run_rule(self, name: str) -> list[RuleInvocation]:
        """Run a scheduled rule as EventBridge does at its time, and return the result at each target.

        Waits for the functions, but not for those that they invoke asynchronously. Raises LocalAwsError for a rule
        that does not exist, has no schedule or is disabled.
        """
        from localaws.events.scheduled import RuleNotRun, run_rule

        try:
            deliveries = run_rule(self.settings.account_id, self.settings.region, name)
        except RuleNotRun as error:
            raise LocalAwsError(error.code, error.message) from None
        results = []
        for delivery in deliveries:
            invocation = delivery.invocation
            results.append(
                RuleInvocation(
                    target_id=delivery.target_id,
                    target_arn=delivery.target_arn,
                    event=json.loads(delivery.event),
                    error=delivery.error,
                    answer=json.loads(invocation.outcome.payload or b"null") if invocation else None,
                    function_error=invocation.function_error if invocation else None,
                    function_log=invocation.outcome.lines if invocation else [],
                )
            )
        return results

    def import_certificate(self, common_name: str) -> str:
        """Import a new self-signed certificate into AWS Certificate Manager, and return its ARN."""
        from localaws.certificates import import_certificate

        return import_certificate(self.client("acm"), common_name)


@atexit.register
def _close_all() -> None:
    for aws in list(_running):
        aws.close()
