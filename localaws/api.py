"""The Python face of localaws: start it, talk to it, connect a client to an endpoint of it."""

from __future__ import annotations

import atexit
import json
import os
import threading
import urllib.error
import urllib.request
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any

from localaws.settings import Settings, register, unregister

if TYPE_CHECKING:
    from localaws.disturbances import Disturbance, Disturbances
    from localaws.server import Server

ACCESS_KEY_ID = "AKIALOCALAWS00000000"
SECRET_ACCESS_KEY = "local"  # noqa: S105 - nobody checks it

_running: weakref.WeakSet[LocalAws] = weakref.WeakSet()


class LocalAwsError(Exception):
    """localaws refused what was asked; ``code`` is AWS's error code."""

    def __init__(self, code: str, message: str):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True)
class ConnectionAttempt:
    """What became of a client that tried to connect to a Client VPN endpoint."""

    endpoint_id: str
    connection_id: str
    allowed: bool
    #: What the client is shown; "" if it was allowed.
    message: str
    #: The connection log's connection-attempt-failure-reason; None if it was allowed.
    failure_reason: str | None
    posture_compliance_statuses: list[str]
    #: The address that the client got; None if it was denied.
    client_ip: str | None
    #: CIDR blocks that the endpoint's authorization rules let the client reach.
    authorized_networks: list[str]
    #: The connection log event: every plain value is a string, "NA" where there is none.
    log_event: dict[str, Any]
    #: The event that the client connect handler got; None if none was called.
    request: dict[str, Any] | None
    #: What it answered, valid or not; None if there was no answer.
    response: Any
    #: Why there was no valid answer. A client never sees it.
    error: str | None
    #: What the function wrote during the invocation, line by line, without Lambda's own lines.
    function_log: list[str]
    #: The Python that ran the function, such as "Python 3.13.0 (/usr/bin/python3.13)"; "" if it did not run.
    interpreter: str
    #: Whether the invocation had to wait for a new execution environment.
    cold_start: bool
    #: From the attempt to its outcome, in milliseconds.
    duration_ms: float

    @classmethod
    def parse(cls, answer: dict[str, Any]) -> ConnectionAttempt:
        """Reads the server's description of an attempt."""
        invocation = answer["Invocation"] or {}
        return cls(
            endpoint_id=answer["EndpointId"],
            connection_id=answer["ConnectionId"],
            allowed=answer["Allowed"],
            message=answer["Message"],
            failure_reason=answer["FailureReason"],
            posture_compliance_statuses=answer["PostureComplianceStatuses"],
            client_ip=answer["ClientIp"],
            authorized_networks=answer["AuthorizedNetworks"],
            log_event=answer["LogEvent"],
            request=answer["Request"],
            response=answer["Response"],
            error=answer["Error"],
            function_log=invocation.get("Log", []),
            interpreter=invocation.get("Interpreter", ""),
            cold_start=invocation.get("ColdStart", False),
            duration_ms=answer["DurationMs"],
        )


@dataclass(frozen=True)
class RuleInvocation:
    """What became of the event of an EventBridge rule at one of the rule's targets."""

    target_id: str
    target_arn: str
    #: What the target was, or would have been, invoked with.
    event: Any
    #: Why it was not invoked, such as a permission that the function's policy lacks; None if it was.
    error: str | None
    #: What the function answered; None if it was not invoked.
    answer: Any
    #: Lambda's X-Amz-Function-Error; None if the function ended well, or was not invoked.
    function_error: str | None
    #: What the function wrote, line by line, without Lambda's own lines.
    function_log: list[str]


def connect(
    endpoint_url: str,
    endpoint_id: str,
    *,
    username: str = "",
    groups: list[str] | None = None,
    common_name: str = "",
    platform: str = "",
    platform_version: str = "",
    public_ip: str = "192.0.2.1",
    client_openvpn_version: str = "",
    aws_client_version: str = "",
    schema_version: str = "v3",
    authenticated: bool = True,
    port: int | None = None,
) -> ConnectionAttempt:
    """Connects a client to an endpoint, as the Client VPN service would.

    The attributes are those of the handler's request; what the endpoint's authentication does not provide is left out
    of it (no user name with mutual authentication alone, no common name without it). ``authenticated`` says what came
    of the client's certificate and password; ``port`` is the one that it sends from. Raises LocalAwsError for an
    endpoint that does not exist and attributes that cannot be.
    """
    body: dict[str, Any] = {
        "EndpointId": endpoint_id,
        "SchemaVersion": schema_version,
        "Attributes": {
            "username": username,
            "groups": groups or [],
            "common_name": common_name,
            "platform": platform,
            "platform_version": platform_version,
            "public_ip": public_ip,
            "client_openvpn_version": client_openvpn_version,
            "aws_client_version": aws_client_version,
        },
    }
    if not authenticated:
        body["Authenticated"] = False
    if port is not None:
        body["Port"] = port
    return ConnectionAttempt.parse(_post(endpoint_url, "", body))


def add_connections(endpoint_url: str, endpoint_id: str, clients: Iterable[Mapping[str, Any]]) -> list[str]:
    """Puts connections on an endpoint at once, up to the 126,000 that AWS allows; their ids, in the same order.

    Each client has attributes as ``connect`` takes them, such as ``username`` and ``common_name``. Nobody is asked
    about them: the handler is not invoked, and the connection log says nothing. Raises LocalAwsError for an endpoint
    that does not exist, attributes that cannot be, and more clients than the endpoint has addresses for.
    """
    body = {"EndpointId": endpoint_id, "Clients": [dict(client) for client in clients]}
    return list(_post(endpoint_url, "/batch", body)["ConnectionIds"])


def report_traffic(endpoint_url: str, connection_id: str, *, ingress_bytes: int = 0, egress_bytes: int = 0) -> None:
    """Says what has gone through a connection so far: ingress came from the client.

    Raises LocalAwsError for a connection that does not exist.
    """
    _post(endpoint_url, f"/{connection_id}/traffic", {"IngressBytes": ingress_bytes, "EgressBytes": egress_bytes})


def disconnect(endpoint_url: str, connection_id: str, *, ingress_bytes: int = 0, egress_bytes: int = 0) -> None:
    """Ends a connection as its client does, with what has gone through it.

    Raises LocalAwsError for a connection that does not exist; one that has ended already stays as it is.
    """
    _post(endpoint_url, f"/{connection_id}/end", {"IngressBytes": ingress_bytes, "EgressBytes": egress_bytes})


@cache
def _opener() -> urllib.request.OpenerDirector:
    """Return what opens URLs; to make one reads the system's certificates, which takes longer than a connection."""
    # A proxy of the environment is not meant for a server on this machine.
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _post(endpoint_url: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    url = f"{endpoint_url.rstrip('/')}/localaws-api/client-vpn/connections{path}"
    request = urllib.request.Request(  # noqa: S310 - the address is the caller's own
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with _opener().open(request) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        try:
            problem = json.load(error)["Error"]
        except (ValueError, KeyError, TypeError):
            raise LocalAwsError("ServiceUnavailable", f"{url} answered {error.code}: is that localaws?") from None
        raise LocalAwsError(problem["Code"], problem["Message"]) from None
    except OSError as error:
        raise LocalAwsError("ServiceUnavailable", f"no localaws answers at {endpoint_url}: {error}") from None


class LocalAws:
    """AWS on this machine: an HTTP server on loopback in this process.

    Serves what moto serves, Client VPN endpoints, and Lambda functions that run. One account and one Region for
    functions and endpoints; several servers can run at once if their account IDs differ. Everything it started or
    wrote is gone after ``close``.

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
        """``port`` 0 takes a free one; the other settings are explained at localaws.settings.Settings."""
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
        """Ends the server, all functions and all state. Can be called again."""
        if self._server is None:
            return
        from localaws.extension import forget

        server, self._server = self._server, None
        _running.discard(self)
        try:
            self.undisturbed()
            # First what requests wait for, then the requests, then what these may have begun meanwhile.
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
        """The address that AWS_ENDPOINT_URL takes."""
        if self._server is None:
            raise RuntimeError("LocalAws is not running: use it in a with statement, or call start() first")
        return self.settings.endpoint_url

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that send a child process (Terraform, boto3, the AWS CLI) here."""
        return environment(self.endpoint_url, self.settings.region)

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client of the service; the options go to boto3. Without options it is the same one each time."""
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
        """Connects a client to an endpoint; see ``localaws.connect`` for the attributes."""
        return connect(self.endpoint_url, endpoint_id, **attributes)

    def add_connections(self, endpoint_id: str, clients: Iterable[Mapping[str, Any]]) -> list[str]:
        """Puts many connections on an endpoint, without a call of its handler; see ``localaws.add_connections``."""
        return add_connections(self.endpoint_url, endpoint_id, clients)

    def add_items(self, table_name: str, items: Iterable[Mapping[str, Any]]) -> None:
        """Puts items, as DynamoDB's API has them, into a table: a hundred thousand in seconds.

        Raises what DynamoDB's backend raises, such as for a table that does not exist.
        """
        from moto.dynamodb.models import dynamodb_backends

        tables = dynamodb_backends[self.settings.account_id][self.settings.region]
        for item in items:
            tables.put_item(table_name, dict(item))

    def report_traffic(self, connection_id: str, *, ingress_bytes: int = 0, egress_bytes: int = 0) -> None:
        """Says what has gone through a connection so far; see ``localaws.report_traffic``."""
        report_traffic(self.endpoint_url, connection_id, ingress_bytes=ingress_bytes, egress_bytes=egress_bytes)

    def disconnect(self, connection_id: str, *, ingress_bytes: int = 0, egress_bytes: int = 0) -> None:
        """Ends a connection as its client does; see ``localaws.disconnect``."""
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
        """Makes an operation, or all operations of a service, fail or take longer.

        Parameters
        ----------
        service
            By boto3's name, such as ``dynamodb``.
        operation
            By AWS's name, such as ``GetItem``; default: all of the service.
        error
            The code that requests are answered with, such as ``ThrottlingException``; what they ask for is not done.
            Without one they are served.
        message
            The error's message.
        status
            The error's HTTP status; default: what the service's model says, or else 503 for a code that means
            "later", 500 for one that begins with Internal, and 400.
        seconds
            How long each request waits first.
        times
            How many requests are met, one retry being another; default: all, until it ends.

        Returns
        -------
        Disturbance
            ``end`` ends it, and so does leaving it as a context manager; ``requests`` says how many it has met.

        Raises ValueError for an operation that the service does not have. Client VPN's own calls of a handler are
        Lambda's ``Invoke``.
        """
        if self._disturbances is None:
            raise RuntimeError("LocalAws is not running: use it in a with statement, or call start() first")
        return self._disturbances.add(
            service, operation, error=error, message=message, status=status, seconds=seconds, times=times
        )

    def undisturbed(self) -> None:
        """Ends all that ``disturb`` began; requests that are held up go on."""
        if self._disturbances is not None:
            self._disturbances.end()

    def run_rule(self, name: str) -> list[RuleInvocation]:
        """Does what EventBridge does when the time of a rule has come; what became of it at each target.

        The functions have ended when it returns, but not what they have invoked asynchronously. Raises LocalAwsError
        for a rule that does not exist, has no schedule or is disabled.
        """
        from localaws.events.scheduled import RuleNotRun, run_rule

        try:
            deliveries = run_rule(self.settings.account_id, self.settings.region, name)
        except RuleNotRun as error:
            raise LocalAwsError(error.code, error.message) from None
        invoked = []
        for delivery in deliveries:
            invocation = delivery.invocation
            invoked.append(
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
        return invoked

    def import_certificate(self, common_name: str) -> str:
        """Import a new self-signed certificate into AWS Certificate Manager; its ARN."""
        from localaws.certificates import import_certificate

        return import_certificate(self.client("acm"), common_name)

    def metric_sum(self, namespace: str, name: str, dimensions: dict[str, str]) -> float:
        """The sum of what was published to a metric in the last 30 minutes; 0 if there is no such metric."""
        now = datetime.now(UTC)
        answer = self.client("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - timedelta(minutes=30),
            EndTime=now + timedelta(minutes=1),
            Period=3600,
            Statistics=["Sum"],
        )
        return float(sum(point["Sum"] for point in answer["Datapoints"]))

    def alarm_states(self, at: float | None = None) -> dict[str, str]:
        """The states that alarms on metrics are in, by name: OK, ALARM or INSUFFICIENT_DATA.

        Computed from what has been published, as of a time in seconds since 1970-01-01 UTC; default: now.
        DescribeAlarms does not answer them.
        """
        from moto.cloudwatch.models import cloudwatch_backends

        from localaws.cloudwatch.alarms import state_of

        # A request for each metric of each alarm would take most of a test's time.
        backend = cloudwatch_backends[self.settings.account_id][self.settings.region]

        def lookup(metric_stat: Mapping[str, Any], end: float) -> float | None:
            metric, period, stat = metric_stat["Metric"], metric_stat["Period"], metric_stat["Stat"]
            # moto keeps moments in UTC, without saying so.
            first, last = (datetime.fromtimestamp(at, UTC).replace(tzinfo=None) for at in (end - period, end))
            points = backend.get_metric_statistics(
                metric["Namespace"], metric["MetricName"], first, last, period, [stat], metric.get("Dimensions", [])
            )
            value = points[0].get_statistics_for_type(stat) if points else None
            return None if value is None else float(value)

        now = datetime.now(UTC).timestamp() if at is None else at
        pages = self.client("cloudwatch").get_paginator("describe_alarms").paginate()
        alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
        return {alarm["AlarmName"]: state_of(alarm, lookup, now) for alarm in alarms}

    def log_messages(self, log_group: str) -> list[str]:
        """The messages in a log group of CloudWatch Logs, in their order; none if there is no such group."""
        logs = self.client("logs")
        try:
            pages = list(logs.get_paginator("filter_log_events").paginate(logGroupName=log_group))
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for page in pages for event in page["events"]]

    def connection_log(self, endpoint_id: str) -> list[dict[str, Any]]:
        """The events in the connection log of an endpoint that has one, in their order.

        Endpoints that share a log group have their own ones alone.
        """
        described = self.client("ec2").describe_client_vpn_endpoints(ClientVpnEndpointIds=[endpoint_id])
        options = described["ClientVpnEndpoints"][0]["ConnectionLogOptions"]
        events = [json.loads(message) for message in self.log_messages(options["CloudwatchLogGroup"])]
        return [event for event in events if event["client-vpn-endpoint-id"] == endpoint_id]

    def leftovers(self) -> list[str]:
        """The resources that exist: ARNs, or IDs where there is none. Empty after a complete ``terraform destroy``.

        What an account has from the start (the default VPC, AWS's own policies and keys) does not count.
        """
        from localaws.inventory import resources

        return resources(self.settings.account_id, self.client)


def environment(endpoint_url: str, region: str) -> dict[str, str]:
    """The environment variables that send a process to a LocalAws."""
    exempt = [name for name in os.environ.get("NO_PROXY", "").split(",") if name]
    no_proxy = ",".join(dict.fromkeys([*exempt, "127.0.0.1", "localhost"]))
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        # A token in the caller's environment would belong to other keys.
        "AWS_SESSION_TOKEN": "local",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }


@atexit.register
def _close_all() -> None:
    for aws in list(_running):
        aws.close()
