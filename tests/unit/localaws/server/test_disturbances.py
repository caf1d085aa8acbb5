"""Operations that fail, or take their time, because a test says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

from localaws import LocalAws
from tests.unit.localaws.helpers import MakeEndpoint, MakeFunction, code, refused

Client = Callable[..., Any]


@pytest.fixture
def client(aws: LocalAws) -> Iterator[Client]:
    """boto3's clients, which try once."""

    def client(service: str, **options: Any) -> Any:
        return aws.client(service, config=Config(retries={"total_max_attempts": 1}, **options))

    yield client
    aws.end_disturbances()


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "error", "status"),
    [
        ("dynamodb", "GetItem", {"TableName": "t", "Key": {}}, "ProvisionedThroughputExceededException", 400),
        ("dynamodb", "GetItem", {"TableName": "t", "Key": {}}, "InternalServerError", 500),
        ("dynamodb", "GetItem", {"TableName": "t", "Key": {}}, "ThrottlingException", 400),
        ("ec2", "TerminateClientVpnConnections", {"ClientVpnEndpointId": "e"}, "RequestLimitExceeded", 503),
        ("ec2", "DescribeClientVpnConnections", {"ClientVpnEndpointId": "e"}, "InternalError", 500),
        ("lambda", "GetFunctionConfiguration", {"FunctionName": "f"}, "TooManyRequestsException", 429),
        ("lambda", "Invoke", {"FunctionName": "f"}, "ServiceException", 500),
        ("events", "PutRule", {"Name": "r", "ScheduleExpression": "rate(5 minutes)"}, "InternalException", 500),
        ("logs", "DescribeLogGroups", {}, "ServiceUnavailableException", 503),
        ("cloudwatch", "DescribeAlarms", {}, "InternalServiceError", 500),
        ("sts", "GetCallerIdentity", {}, "Throttling", 400),
        ("iam", "ListRoles", {}, "ServiceFailure", 500),
        ("s3", "GetObject", {"Bucket": "bucket", "Key": "a/b"}, "SlowDown", 503),
        ("s3", "ListObjectsV2", {"Bucket": "bucket"}, "AccessDenied", 403),
    ],
)
def test_an_error_has_the_shape_of_the_services_protocol(
    aws: LocalAws, client: Client, service: str, operation: str, arguments: dict[str, Any], error: str, status: int
) -> None:
    # S3's model knows next to no errors.
    known = 403 if error == "AccessDenied" else None
    with aws.disturb(service, operation, error=error, message="not <now>", status=known) as disturbance:
        boto3 = client(service)
        with pytest.raises(ClientError) as refusal:
            boto3._make_api_call(operation, arguments)
    answer = refusal.value.response
    assert (answer["Error"]["Code"], answer["Error"]["Message"]) == (error, "not <now>")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    assert disturbance.requests == 1
    if hasattr(boto3.exceptions, error):
        assert isinstance(refusal.value, getattr(boto3.exceptions, error))


def test_other_operations_and_other_services_go_on(aws: LocalAws, client: Client) -> None:
    aws.disturb("dynamodb", "GetItem", error="InternalServerError")
    assert client("dynamodb").list_tables()["TableNames"] == []
    assert client("ec2").describe_client_vpn_endpoints()["ClientVpnEndpoints"] == []


def test_a_whole_service_can_be_disturbed_until_that_is_ended(aws: LocalAws, client: Client) -> None:
    aws.disturb("ec2", error="Unavailable")
    aws.disturb("dynamodb", error="InternalServerError")
    assert code(refused(client("ec2").describe_vpcs)) == "Unavailable"
    assert code(refused(client("dynamodb").list_tables)) == "InternalServerError"
    aws.end_disturbances()
    assert client("ec2").describe_vpcs()["Vpcs"]
    assert client("dynamodb").list_tables()["TableNames"] == []


def test_so_many_requests_are_met_and_a_retry_is_one(aws: LocalAws) -> None:
    ec2 = aws.client("ec2", config=Config(retries={"total_max_attempts": 3, "mode": "standard"}))
    with aws.disturb("ec2", "DescribeVpcs", error="RequestLimitExceeded", times=2) as disturbance:
        answer = ec2.describe_vpcs()
        assert answer["ResponseMetadata"]["RetryAttempts"] == 2
        assert ec2.describe_vpcs()["ResponseMetadata"]["RetryAttempts"] == 0
    assert disturbance.requests == 2


def test_a_slow_operation_is_served_later(aws: LocalAws, client: Client) -> None:
    with aws.disturb("dynamodb", "ListTables", seconds=0.4):
        started = time.monotonic()
        assert client("dynamodb").list_tables()["TableNames"] == []
        assert time.monotonic() - started >= 0.4
        with pytest.raises(ReadTimeoutError):
            client("dynamodb", read_timeout=0.1).list_tables()


def test_a_slow_operation_can_fail_too(aws: LocalAws, client: Client) -> None:
    with aws.disturb("dynamodb", "ListTables", seconds=0.2, error="InternalServerError"):
        started = time.monotonic()
        assert code(refused(client("dynamodb").list_tables)) == "InternalServerError"
        assert time.monotonic() - started >= 0.2


def test_the_newest_disturbance_counts(aws: LocalAws, client: Client) -> None:
    with aws.disturb("dynamodb", error="InternalServerError"):
        with aws.disturb("dynamodb", "ListTables", error="ThrottlingException"):
            assert code(refused(client("dynamodb").list_tables)) == "ThrottlingException"
        assert code(refused(client("dynamodb").list_tables)) == "InternalServerError"


def test_what_waits_does_not_hold_up_the_end() -> None:
    aws = LocalAws(account_id="333333333333").start()
    aws.disturb("dynamodb", seconds=60)
    dynamodb = aws.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))

    def call() -> None:
        with pytest.raises(Exception):  # noqa: B017, PT011 - whether it is answered is a matter of milliseconds
            dynamodb.describe_table(TableName="absent")

    caller = threading.Thread(target=call)
    caller.start()
    time.sleep(0.3)
    started = time.monotonic()
    aws.close()
    assert time.monotonic() - started < 5
    caller.join(10)


def test_a_handler_cannot_be_reached_while_lambda_is_disturbed(
    aws: LocalAws, make_endpoint: MakeEndpoint, make_function: MakeFunction
) -> None:
    arn = make_function("def handler(event, context):\n    return {}\n")["FunctionArn"]
    endpoint_id = make_endpoint(ClientConnectOptions={"Enabled": True, "LambdaFunctionArn": arn})
    for error, reason in (("ServiceException", "service-error"), ("TooManyRequestsException", "throttled")):
        with aws.disturb("lambda", "Invoke", error=error):
            assert aws.connect(endpoint_id).failure_reason == f"client-connect-handler-{reason}"


def test_what_cannot_be_disturbed_is_said_at_once(aws: LocalAws) -> None:
    with pytest.raises(ValueError, match="no operation get_item"):
        aws.disturb("dynamodb", "get_item", error="InternalServerError")
    with pytest.raises(ValueError, match="give an error, or seconds"):
        aws.disturb("dynamodb", "GetItem")
    with pytest.raises(RuntimeError, match="not running"):
        LocalAws().disturb("dynamodb", seconds=1)
