"""Connection attempts: from a client's attributes to an allowed or a denied connection, and its log event."""

from __future__ import annotations

import json
import random
import threading
import time
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from ipaddress import ip_address
from secrets import token_hex
from typing import Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    HTTPClientError,
    ReadTimeoutError,
)
from moto.awslambda.utils import get_backend as get_lambda_backend
from moto.core.utils import unix_time_millis
from moto.ec2.models import ec2_backends
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import logs_backends

from localaws.awslambda.models import Invocation, LambdaBackend
from localaws.ec2.models import CERTIFICATE, ClientVpnEndpoint, Connection, EC2Backend, utc_text
from localaws.settings import Settings

from .exceptions import InvalidConnectionAttempt
from .handler_contract import (
    NO_ANSWER_MESSAGE,
    SCHEMA_VERSIONS,
    Answer,
    InvalidAnswer,
    handler_request,
    parse_answer,
)

NOT_AVAILABLE = "NA"
DENIED = "client-connect-failed"
TIMED_OUT = "client-connect-handler-timed-out"
OTHER_EXECUTION_ERROR = "client-connect-handler-other-execution-error"
THROTTLED = "client-connect-handler-throttled"
INVALID_RESPONSE = "client-connect-handler-invalid-response"
SERVICE_ERROR = "client-connect-handler-service-error"


@dataclass
class Attributes:
    """What Client VPN learns about a client while it authenticates."""

    common_name: str = ""
    username: str = ""
    groups: list[str] = field(default_factory=list)
    platform: str = ""
    platform_version: str = ""
    public_ip: str = "192.0.2.1"
    client_openvpn_version: str = ""
    aws_client_version: str = ""

    @classmethod
    def parse(cls, given: dict[str, Any]) -> Attributes:
        """Reads attributes from JSON; raises InvalidConnectionAttempt."""
        text_attributes = [one.name for one in fields(cls) if one.name != "groups"]
        unknown = sorted(set(given) - {*text_attributes, "groups"})
        if unknown:
            raise InvalidConnectionAttempt(
                f"Unknown attribute {', '.join(unknown)}: a client has {', '.join(text_attributes)} and groups"
            )
        for name in text_attributes:
            if not isinstance(given.get(name, ""), str):
                raise InvalidConnectionAttempt(f"{name} is {given[name]!r}, which is not a string")
        groups = given.get("groups", [])
        if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
            raise InvalidConnectionAttempt(f"groups is {groups!r}, which is not a list of strings")
        attributes = cls(**given)
        try:
            ip_address(attributes.public_ip)
        except ValueError:
            raise InvalidConnectionAttempt(f"public_ip {attributes.public_ip!r} is not an IP address") from None
        return attributes

    def seen_by(self, endpoint: ClientVpnEndpoint) -> Attributes:
        """Without what the endpoint's authentication does not ask for."""
        return replace(
            self,
            common_name=self.common_name if CERTIFICATE in endpoint.authentication_types else "",
            username=self.username if endpoint.has_users else "",
            groups=self.groups if endpoint.has_users else [],
        )


@dataclass
class HandlerCall:
    """What became of calling the client connect handler."""

    request: dict[str, Any] | None = None
    response: Any = None
    answer: Answer | None = None
    failure_reason: str | None = None
    #: Why there is no valid answer, for whoever operates this; a client never sees it.
    error: str | None = None
    invocation: Invocation | None = None


@dataclass
class Attempt:
    """A connection attempt that has been decided."""

    endpoint_id: str
    connection_id: str
    allowed: bool
    message: str
    failure_reason: str | None
    posture_compliance_statuses: list[str]
    log_event: dict[str, Any]
    call: HandlerCall
    duration_ms: float

    def describe(self) -> dict[str, Any]:
        invocation = self.call.invocation
        return {
            "EndpointId": self.endpoint_id,
            "ConnectionId": self.connection_id,
            "Allowed": self.allowed,
            "Message": self.message,
            "FailureReason": self.failure_reason,
            "PostureComplianceStatuses": self.posture_compliance_statuses,
            "LogEvent": self.log_event,
            "Request": self.call.request,
            "Response": self.call.response,
            "Error": self.call.error,
            "Invocation": invocation.describe() if invocation else None,
            "DurationMs": self.duration_ms,
        }


class ClientVpnService:
    """The Client VPN service of one account and Region, as its clients meet it."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self._client_lock = threading.Lock()

    def connect(self, endpoint_id: str, attributes: Attributes, schema_version: str) -> Attempt:
        """One attempt: authorization by the handler, the connection if it is allowed, the log event.

        Authentication is taken to have succeeded. Raises InvalidConnectionAttempt for a schema version that does not
        exist, and EC2's error for an endpoint that does not.
        """
        if schema_version not in SCHEMA_VERSIONS:
            raise InvalidConnectionAttempt(
                f"Schema version {schema_version} does not exist: use {', '.join(SCHEMA_VERSIONS)}"
            )
        started, started_at = time.perf_counter(), time.time()
        endpoint = self._ec2.get_client_vpn_endpoint(endpoint_id)
        attributes = attributes.seen_by(endpoint)
        connection_id = f"cvpn-connection-{token_hex(9)[:17]}"
        call = self._call_handler(endpoint, connection_id, attributes, schema_version)
        answer = call.answer
        connection = None
        if call.failure_reason is None:
            statuses = answer.posture_compliance_statuses if answer else []
            connection = self._establish(endpoint, connection_id, attributes, statuses)
        log_event = connection_attempt_event(endpoint, connection_id, attributes, call, connection, started_at)
        self._write_connection_log(endpoint, log_event)
        return Attempt(
            endpoint_id=endpoint.id,
            connection_id=connection_id,
            allowed=connection is not None,
            message="" if connection else answer.message if answer else NO_ANSWER_MESSAGE,
            failure_reason=call.failure_reason,
            posture_compliance_statuses=answer.posture_compliance_statuses if answer else [],
            log_event=log_event,
            call=call,
            duration_ms=(time.perf_counter() - started) * 1000,
        )

    def _call_handler(
        self, endpoint: ClientVpnEndpoint, connection_id: str, attributes: Attributes, schema_version: str
    ) -> HandlerCall:
        options = endpoint.settings["ClientConnectOptions"]
        if not options["Enabled"]:
            return HandlerCall()
        identity = {"connection-id": connection_id, "endpoint-id": endpoint.id}
        told = {name.replace("_", "-"): value for name, value in asdict(attributes).items()}
        request = handler_request(identity | told, schema_version)
        call = HandlerCall(request)
        try:
            answer = self._lambda.invoke(FunctionName=options["LambdaFunctionArn"], Payload=json.dumps(request))
            payload: bytes = answer["Payload"].read()
        except ReadTimeoutError:
            call.failure_reason = TIMED_OUT
            call.error = f"no answer within {self.settings.client_connect_timeout:g} s"
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            call.failure_reason = (
                THROTTLED if status == 429 else SERVICE_ERROR if status >= 500 else OTHER_EXECUTION_ERROR
            )
            call.error = str(error)
        except (ConnectTimeoutError, HTTPClientError, BotoCoreError) as error:
            call.failure_reason = SERVICE_ERROR
            call.error = str(error)
        else:
            call.invocation = self._invocation(answer["ResponseMetadata"]["RequestId"])
            call.response = _readable(payload)
            if "FunctionError" in answer:
                call.failure_reason = OTHER_EXECUTION_ERROR
                call.error = str(call.response)
            else:
                self._judge(call, payload, schema_version)
        return call

    @staticmethod
    def _judge(call: HandlerCall, payload: bytes, schema_version: str) -> None:
        try:
            call.answer = parse_answer(payload, schema_version)
        except InvalidAnswer as error:
            call.failure_reason, call.error = INVALID_RESPONSE, str(error)
        else:
            call.failure_reason = None if call.answer.allow else DENIED

    def _invocation(self, request_id: str) -> Invocation | None:
        backend = get_lambda_backend(self.settings.account_id, self.settings.region)
        return cast(LambdaBackend, backend).invocations.get(request_id)

    def _establish(
        self, endpoint: ClientVpnEndpoint, connection_id: str, attributes: Attributes, statuses: list[str]
    ) -> Connection:
        with self._ec2.client_vpn_lock:
            connection = Connection(
                endpoint,
                connection_id,
                attributes.username,
                attributes.common_name,
                endpoint.next_client_ip(),
                statuses,
            )
            endpoint.connections[connection_id] = connection
            return connection

    def _write_connection_log(self, endpoint: ClientVpnEndpoint, event: dict[str, Any]) -> None:
        options = endpoint.settings["ConnectionLogOptions"]
        if not options["Enabled"]:
            return
        group, stream = options["CloudwatchLogGroup"], options["CloudwatchLogStream"]
        entry = {"timestamp": int(unix_time_millis()), "message": json.dumps(event)}
        logs = logs_backends[self.settings.account_id][self.settings.region]
        with self._ec2.client_vpn_lock:
            try:
                logs.put_log_events(group, stream, [entry])
            except ResourceNotFoundException:
                # The group was deleted under the endpoint: AWS loses the events too, and connections go on.
                return

    @property
    def _ec2(self) -> EC2Backend:
        return cast(EC2Backend, ec2_backends[self.settings.account_id][self.settings.region])

    @property
    def _lambda(self) -> Any:
        with self._client_lock:
            return self._lambda_client

    @cached_property
    def _lambda_client(self) -> Any:
        timeout = self.settings.client_connect_timeout
        return boto3.Session().client(
            "lambda",
            region_name=self.settings.region,
            endpoint_url=self.settings.lambda_endpoint_url or self.settings.endpoint_url,
            aws_access_key_id="ASIACLIENTVPNSERVICE",
            aws_secret_access_key="local",  # noqa: S106 - nobody checks it
            config=Config(
                connect_timeout=timeout,
                read_timeout=timeout,
                retries={"total_max_attempts": 1},
                max_pool_connections=1000,
                proxies={},
            ),
        )


def connection_attempt_event(
    endpoint: ClientVpnEndpoint,
    connection_id: str,
    attributes: Attributes,
    call: HandlerCall,
    connection: Connection | None,
    started_at: float,
) -> dict[str, Any]:
    """The event that goes to the connection log.

    https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-logging.html
    """
    event: dict[str, Any] = {
        "connection-log-type": "connection-attempt",
        "connection-attempt-status": "successful" if connection else "failed",
        "connection-reset-status": NOT_AVAILABLE,
        "connection-attempt-failure-reason": call.failure_reason or NOT_AVAILABLE,
        "connection-id": connection_id,
        "client-vpn-endpoint-id": endpoint.id,
        "transport-protocol": endpoint.settings["TransportProtocol"],
        "connection-start-time": utc_text(started_at),
        "connection-last-update-time": utc_text(time.time()),
        "client-ip": connection.client_ip if connection else NOT_AVAILABLE,
        "common-name": attributes.common_name or NOT_AVAILABLE,
        "device-type": attributes.platform or NOT_AVAILABLE,
        "device-ip": attributes.public_ip,
        "port": str(random.randint(49152, 65535)),  # noqa: S311 - a port, not a secret
        "ingress-bytes": "0",
        "egress-bytes": "0",
        "ingress-packets": "0",
        "egress-packets": "0",
        "connection-end-time": NOT_AVAILABLE,
        "posture-compliance-statuses": call.answer.posture_compliance_statuses if call.answer else NOT_AVAILABLE,
    }
    if endpoint.has_users:
        event["username"] = attributes.username or NOT_AVAILABLE
    event["connection-duration-seconds"] = NOT_AVAILABLE
    return event


def _readable(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode("utf-8", "replace")
