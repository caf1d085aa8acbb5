"""The log of a function: lines of Lambda and of the function, in text and in JSON."""

from __future__ import annotations

import base64
import json
from typing import Any

from localaws import LocalAws
from tests.unit.localaws.helpers import MakeFunction


def tail(answer: dict[str, Any]) -> list[str]:
    return base64.b64decode(answer["LogResult"]).decode().splitlines()


def test_the_log_has_the_lines_of_lambda_and_of_the_function(
    aws: LocalAws, functions: Any, make_function: MakeFunction
) -> None:
    source = """
        import sys

        print("loading")

        def handler(event, context):
            print("to stdout")
            print("to stderr", file=sys.stderr)
    """
    make_function(source, name="AWSClientVPN-log", LoggingConfig={"LogGroup": "/custom"})
    first = functions.invoke(FunctionName="AWSClientVPN-log", Qualifier="1", LogType="Tail")
    second = functions.invoke(FunctionName="AWSClientVPN-log", Qualifier="1", LogType="Tail")
    request_id = first["ResponseMetadata"]["RequestId"]
    lines = aws.log_messages("/custom")
    assert tail(first) + tail(second) == lines
    assert lines[0].startswith("INIT_START Runtime Version: python:3.")
    assert lines[1:6] == [
        f"START RequestId: {request_id} Version: 1",
        "loading",
        "to stdout",
        "to stderr",
        f"END RequestId: {request_id}",
    ]
    assert lines[6].startswith(f"REPORT RequestId: {request_id}\tDuration: ")
    assert "Init Duration: " in lines[6]
    assert [line.split()[0] for line in tail(second)] == ["START", "to", "to", "END", "REPORT"]
    assert "Init Duration: " not in lines[-1]


def test_the_log_can_be_json(aws: LocalAws, functions: Any, make_function: MakeFunction) -> None:
    source = """
        import logging

        def handler(event, context):
            logging.getLogger().warning("careful")
    """
    logging_config = {"LogFormat": "JSON", "LogGroup": "/json"}
    make_function(source, name="AWSClientVPN-json", LoggingConfig=logging_config)
    functions.invoke(FunctionName="AWSClientVPN-json")
    events = [json.loads(line) for line in aws.log_messages("/json")]
    assert [event.get("type") for event in events] == ["platform.initStart", "platform.start", None, "platform.report"]
    assert events[2]["message"] == "careful"
    assert events[2]["level"] == "WARNING"


def test_a_log_subscription_runs_the_function(aws: LocalAws, functions: Any, make_function: MakeFunction) -> None:
    arn = make_function("def handler(event, context):\n    print('subscribed', list(event))\n", name="subscriber")[
        "FunctionArn"
    ]
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/source")
    logs.create_log_stream(logGroupName="/source", logStreamName="one")
    logs.put_subscription_filter(logGroupName="/source", filterName="all", filterPattern="", destinationArn=arn)
    logs.put_log_events(logGroupName="/source", logStreamName="one", logEvents=[{"timestamp": 1, "message": "old"}])
    assert "subscribed ['awslogs']" in aws.log_messages("/aws/lambda/subscriber")
