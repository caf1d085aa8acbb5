"""The way of a connection: authentication, the client connect handler, authorization rules, and its end."""

from __future__ import annotations

import json
import random
import threading
import time
from dataclasses import asdict, dataclass, field, fields, replace
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
from moto.ec2.models import ec2_backends

from localaws.awslambda.models import Invocation, LambdaBackend
from localaws.ec2 import client_vpn_metrics, connection_log
from localaws.ec2.connection_log import (
    AUTHENTICATION_FAILED,
    DENIED,
    INVALID_RESPONSE,
    NO_CLIENT_IP,
    OTHER_EXECUTION_ERROR,
    SERVICE_ERROR,
    THROTTLED,
    TIMED_OUT,
)
from localaws.ec2.models import EC2Backend
from localaws.ec2.resources.connection import Peer, Traffic
from localaws.ec2.resources.endpoint import CERTIFICATE, ClientVpnEndpoint
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

    def peer(self, port: int) -> Peer:
        """What the connection log tells of the client, which sends from the port."""
        return Peer(self.common_name, self.username, self.platform, self.public_ip, port)

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
    client_ip: str | None
    #: CIDR blocks that the endpoint's authorization rules let the client reach.
    authorized_networks: list[str]
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
            "ClientIp": self.client_ip,
            "AuthorizedNetworks": self.authorized_networks,
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
        self._lambda_clients: dict[str, Any] = {}
        self._client_lock = threading.Lock()

    def connect(
        self,
        endpoint_id: str,
        attributes: Attributes,
        schema_version: str,
        *,
        authenticated: bool = True,
        port: int | None = None,
    ) -> Attempt:
        """One attempt: authentication, the client connect handler, the connection, and its log event and metrics.

        Who knows certificates and passwords says what came of the authentication. Unlike AWS's, an endpoint needs no
        associated target network to be reached: the AWS provider takes four minutes for an association.

        Raises InvalidConnectionAttempt for a schema version that does not exist, and EC2's error for an endpoint that
        does not.
        """
        if schema_version not in SCHEMA_VERSIONS:
            raise InvalidConnectionAttempt(
                f"Schema version {schema_version} does not exist: use {', '.join(SCHEMA_VERSIONS)}"
            )
        started, started_at = time.perf_counter(), time.time()
        endpoint = self._ec2.get_client_vpn_endpoint(endpoint_id)
        attributes = attributes.seen_by(endpoint)
        peer = attributes.peer(port or random.randint(49152, 65535))  # noqa: S311 - a port, not a secret
        connection_id = f"cvpn-connection-{token_hex(9)[:17]}"
        if authenticated:
            call = self._call_handler(endpoint, connection_id, attributes, schema_version)
        else:
            call = HandlerCall(failure_reason=AUTHENTICATION_FAILED)
        answer, failure_reason = call.answer, call.failure_reason
        statuses = answer.posture_compliance_statuses if answer else []
        connection = None
        if failure_reason is None:
            connection = self._ec2.establish_client_vpn_connection(endpoint, connection_id, peer, statuses, started_at)
            if connection is None:
                failure_reason = NO_CLIENT_IP
        log_event = connection_log.attempt_event(
            endpoint,
            connection_id,
            peer,
            started_at,
            connection=connection,
            failure_reason=failure_reason,
            posture_compliance_statuses=statuses if answer else None,
        )
        # What fails in mutual authentication is not logged, says AWS's page on the connection log.
        if authenticated or endpoint.has_users:
            connection_log.write(endpoint, log_event)
        if failure_reason is not None:
            client_vpn_metrics.publish_failure(endpoint, failure_reason)
        client_vpn_metrics.publish_days_to_expiry(endpoint)
        return Attempt(
            endpoint_id=endpoint.id,
            connection_id=connection_id,
            allowed=connection is not None,
            message=_message(answer, failure_reason),
            failure_reason=failure_reason,
            posture_compliance_statuses=statuses,
            client_ip=connection.client_ip if connection else None,
            authorized_networks=endpoint.authorized_networks(attributes.groups) if connection else [],
            log_event=log_event,
            call=call,
            duration_ms=(time.perf_counter() - started) * 1000,
        )

    def add(self, endpoint_id: str, clients: list[Attributes]) -> list[str]:
        """Connections that are there without an attempt: no handler is called, and no log event written.

        Raises EC2's error for an endpoint that does not exist, and InvalidConnectionAttempt if it has no address for
        each.
        """
        endpoint = self._ec2.get_client_vpn_endpoint(endpoint_id)
        peers = (client.seen_by(endpoint).peer(random.randint(49152, 65535)) for client in clients)  # noqa: S311
        added = self._ec2.add_client_vpn_connections(endpoint_id, peers)
        if len(added) < len(clients):
            raise InvalidConnectionAttempt(
                f"The endpoint {endpoint_id} had addresses for {len(added)} of {len(clients)} connections"
            )
        return added

    def update(self, connection_id: str, traffic: Traffic) -> None:
        """Takes note of a connection's traffic so far; raises EC2's error for a connection that does not exist."""
        self._ec2.update_client_vpn_connection(connection_id, traffic, ended=False)

    def disconnect(self, connection_id: str, traffic: Traffic) -> None:
        """Ends a connection whose client has gone; raises EC2's error for a connection that does not exist."""
        self._ec2.update_client_vpn_connection(connection_id, traffic, ended=True)

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

    @property
    def _ec2(self) -> EC2Backend:
        return cast(EC2Backend, ec2_backends[self.settings.account_id][self.settings.region])

    @property
    def _lambda(self) -> Any:
        # The settings can change while the service runs.
        url = self.settings.lambda_endpoint_url or self.settings.endpoint_url
        with self._client_lock:
            if url not in self._lambda_clients:
                self._lambda_clients[url] = self._lambda_client(url)
            return self._lambda_clients[url]

    def _lambda_client(self, url: str) -> Any:
        timeout = self.settings.client_connect_timeout
        return boto3.Session().client(
            "lambda",
            region_name=self.settings.region,
            endpoint_url=url,
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


def _message(answer: Answer | None, failure_reason: str | None) -> str:
    """What the client is shown; "" if there is nothing to be said, or nothing that AWS would say."""
    if failure_reason in (None, AUTHENTICATION_FAILED):
        return ""
    return answer.message if answer and failure_reason == DENIED else NO_ANSWER_MESSAGE


def _readable(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode("utf-8", "replace")
