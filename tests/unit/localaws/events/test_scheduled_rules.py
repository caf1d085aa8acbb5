"""EventBridge rules with a schedule, and functions that invoke themselves."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from localaws import LocalAws, LocalAwsError
from tests.unit.localaws.helpers import MakeFunction, eventually, make_zip, refused

NAME = "ClientVPNReauthorization-test"
RULE_ARN = f"arn:aws:events:eu-central-1:210987654321:rule/{NAME}"
ECHO = "def handler(event, context):\n    print('called')\n    return event\n"
# Says that it has begun, and goes on by itself. The pause lets the next one meet it while it still runs.
SELF = """
    import json, time, boto3

    def handler(event, context):
        left = event["left"]
        print("left", left)
        if left:
            boto3.client("lambda").invoke(
                FunctionName=context.function_name,
                InvocationType="Event",
                Payload=json.dumps({"left": left - 1}),
            )
            time.sleep(0.3)
"""
SERVICES = """
    import boto3

    def handler(event, context):
        dynamodb = boto3.client("dynamodb")
        dynamodb.put_item(TableName="devices", Item={"common_name": {"S": "anna"}})
        found = dynamodb.batch_get_item(RequestItems={"devices": {"Keys": [{"common_name": {"S": "anna"}}]}})
        connections = boto3.client("ec2").describe_client_vpn_connections(ClientVpnEndpointId=event)
        return [found["Responses"]["devices"], [one["ConnectionId"] for one in connections["Connections"]]]
"""


@pytest.fixture
def events(aws: LocalAws) -> Iterator[Any]:
    """boto3's client of EventBridge, with the rule."""
    client = aws.client("events")
    client.put_rule(Name=NAME, ScheduleExpression="rate(5 minutes)")
    yield client
    ids = [target["Id"] for target in client.list_targets_by_rule(Rule=NAME)["Targets"]]
    if ids:
        client.remove_targets(Rule=NAME, Ids=ids)
    client.delete_rule(Name=NAME)


def permit(functions: Any, **arguments: Any) -> None:
    functions.add_permission(
        **{
            "FunctionName": NAME,
            "StatementId": "rule",
            "Action": "lambda:InvokeFunction",
            "Principal": "events.amazonaws.com",
            **arguments,
        }
    )


def metric(aws: LocalAws, name: str) -> float:
    return aws.metric_sum("AWS/Events", name, {"RuleName": NAME})


def test_a_rule_invokes_its_function_with_the_scheduled_event(
    aws: LocalAws, functions: Any, events: Any, make_function: MakeFunction
) -> None:
    arn = make_function(ECHO, NAME)["FunctionArn"].removesuffix(":1")
    events.put_targets(Rule=NAME, Targets=[{"Id": "function", "Arn": arn}])
    permit(functions, SourceArn=RULE_ARN)
    (run,) = aws.run_rule(NAME)
    assert (run.target_id, run.target_arn, run.error, run.function_error) == ("function", arn, None, None)
    assert run.answer == run.event
    assert run.function_log == ["called"]
    assert {
        name: run.event[name] for name in ("detail-type", "source", "account", "region", "resources", "detail")
    } == {
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "210987654321",
        "region": "eu-central-1",
        "resources": [RULE_ARN],
        "detail": {},
    }
    time.strptime(run.event["time"], "%Y-%m-%dT%H:%M:%SZ")
    assert (metric(aws, "TriggeredRules"), metric(aws, "Invocations")) == (1, 1)


def test_a_target_can_have_an_input_and_an_alias(
    aws: LocalAws, functions: Any, events: Any, make_function: MakeFunction
) -> None:
    make_function(ECHO, NAME)
    arn = functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")["AliasArn"]
    events.put_targets(Rule=NAME, Targets=[{"Id": "function", "Arn": arn, "Input": '{"reauthorize": {}}'}])
    permit(functions, StatementId="unqualified")
    assert "AccessDenied" in str(aws.run_rule(NAME)[0].error)
    permit(functions, Qualifier="live")
    assert aws.run_rule(NAME)[0].answer == {"reauthorize": {}}


@pytest.mark.parametrize(
    "permission",
    [
        None,
        {"Principal": "s3.amazonaws.com"},
        {"SourceArn": f"{RULE_ARN}-other"},
        {"SourceAccount": "111111111111"},
        {"Action": "lambda:GetFunction"},
    ],
)
def test_a_function_whose_policy_does_not_let_the_rule_is_not_invoked(
    aws: LocalAws, functions: Any, events: Any, make_function: MakeFunction, permission: dict[str, str] | None
) -> None:
    arn = make_function(ECHO, NAME)["FunctionArn"].removesuffix(":1")
    events.put_targets(Rule=NAME, Targets=[{"Id": "function", "Arn": arn}])
    if permission is not None:
        permit(functions, **permission)
    failed = metric(aws, "FailedInvocations")
    (run,) = aws.run_rule(NAME)
    assert run.error == f"AccessDenied: events.amazonaws.com may not invoke {arn} for {RULE_ARN}"
    assert (run.answer, run.function_log) == (None, [])
    assert metric(aws, "FailedInvocations") == failed + 1


def test_what_the_function_raises_is_its_error(
    aws: LocalAws, functions: Any, events: Any, make_function: MakeFunction
) -> None:
    arn = make_function("def handler(event, context):\n    raise ValueError('no')\n", NAME)["FunctionArn"]
    events.put_targets(Rule=NAME, Targets=[{"Id": "function", "Arn": arn.removesuffix(":1")}])
    permit(functions)
    (run,) = aws.run_rule(NAME)
    assert (run.error, run.function_error, run.answer["errorType"]) == (None, "Unhandled", "ValueError")


def test_a_function_that_is_gone_is_an_error_of_the_target(aws: LocalAws, events: Any) -> None:
    arn = "arn:aws:lambda:eu-central-1:210987654321:function:gone"
    events.put_targets(Rule=NAME, Targets=[{"Id": "function", "Arn": arn}])
    assert "ResourceNotFoundException" in str(aws.run_rule(NAME)[0].error)


def test_a_rule_whose_time_never_comes_is_not_run(aws: LocalAws, events: Any) -> None:
    with pytest.raises(LocalAwsError, match="ResourceNotFoundException"):
        aws.run_rule("absent")
    events.disable_rule(Name=NAME)
    with pytest.raises(LocalAwsError, match="is disabled"):
        aws.run_rule(NAME)


def test_a_function_can_go_on_by_invoking_itself_though_one_may_run_at_a_time(
    aws: LocalAws, functions: Any, make_function: MakeFunction
) -> None:
    make_function(SELF, NAME, Timeout=30, MemorySize=512)
    functions.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=1)
    functions.invoke(FunctionName=NAME, Payload=b'{"left": 3}')

    def told() -> list[str]:
        return [line for line in aws.log_messages(f"/aws/lambda/{NAME}") if line.startswith("left")]

    eventually(told, ["left 3", "left 2", "left 1", "left 0"], 30)


def test_a_function_that_goes_on_for_ever_ends_with_localaws() -> None:
    before = set(threading.enumerate())
    aws = LocalAws(account_id="888888888888").start()
    role = aws.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    functions = aws.client("lambda")
    functions.create_function(
        FunctionName=NAME,
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Timeout=60,
        MemorySize=512,
        Code={"ZipFile": make_zip(SELF)},
    )
    functions.invoke(FunctionName=NAME, InvocationType="Event", Payload=json.dumps({"left": 10**6}))
    eventually(lambda: len(aws.log_messages(f"/aws/lambda/{NAME}")) > 4, True, 30)
    # One that waits for its turn is under way, too.
    functions.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=0)
    functions.invoke(FunctionName=NAME, InvocationType="Event", Payload=b'{"left": 0}')
    started = time.monotonic()
    aws.close()
    assert time.monotonic() - started < 10
    assert set(threading.enumerate()) <= before


def test_a_function_reaches_tables_and_connections(
    aws: LocalAws, functions: Any, make_function: MakeFunction, make_endpoint: Any
) -> None:
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName="devices",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "common_name", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "common_name", "AttributeType": "S"}],
    )
    endpoint_id = make_endpoint()
    ids = aws.add_connections(endpoint_id, [{"common_name": "anna"}] * 2)
    make_function(SERVICES, NAME, Timeout=30, MemorySize=512)
    answer = functions.invoke(FunctionName=NAME, Payload=json.dumps(endpoint_id))
    assert json.loads(answer["Payload"].read()) == [[{"common_name": {"S": "anna"}}], ids]
    # The function's errors are AWS's, too.
    with aws.disturb("dynamodb", "PutItem", error="ResourceNotFoundException"):
        answer = functions.invoke(FunctionName=NAME, Payload=json.dumps(endpoint_id))
        assert json.loads(answer["Payload"].read())["errorType"] == "ResourceNotFoundException"
    dynamodb.delete_table(TableName="devices")
    assert "ResourceNotFoundException" in str(refused(dynamodb.describe_table, TableName="devices"))
