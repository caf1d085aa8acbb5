"""Invocations: what the function sees, how it can fail, and what its log says."""

from __future__ import annotations

import base64
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from localaws import LocalAws
from tests.unit.localaws.helpers import MakeFunction, code, eventually, make_zip, refused

NAME = "AWSClientVPN-test"
ECHO = """
    import os

    calls = 0

    def handler(event, context):
        global calls
        calls += 1
        return {
            "event": event,
            "calls": calls,
            "pid": os.getpid(),
            "environment": dict(os.environ),
            "cwd": os.getcwd(),
            "remaining": context.get_remaining_time_in_millis(),
            "memory": context.memory_limit_in_mb,
            "request_id": context.aws_request_id,
            "log_group": context.log_group_name,
        }
"""


def invoke(functions: Any, event: Any = None, **arguments: Any) -> tuple[Any, dict[str, Any]]:
    """The payload, and the answer that it came with."""
    answer = functions.invoke(FunctionName=NAME, Payload=json.dumps(event).encode(), **arguments)
    return json.loads(answer["Payload"].read()), answer


def tail(answer: dict[str, Any]) -> list[str]:
    return base64.b64decode(answer["LogResult"]).decode().splitlines()


def test_a_function_gets_its_event_and_answers(functions: Any, make_function: MakeFunction) -> None:
    make_function(ECHO)
    event = {"groups": ["ä", "b"], "n": 1.5, "none": None}
    payload, answer = invoke(functions, event)
    assert payload["event"] == event
    assert answer["StatusCode"] == 200
    assert "FunctionError" not in answer
    assert answer["ExecutedVersion"] == "$LATEST"
    assert payload["request_id"] == answer["ResponseMetadata"]["RequestId"]


def test_a_warm_environment_is_used_again(functions: Any, make_function: MakeFunction) -> None:
    make_function(ECHO)
    first, _ = invoke(functions)
    second, _ = invoke(functions)
    assert second["pid"] == first["pid"]
    assert (first["calls"], second["calls"]) == (1, 2)


def test_the_environment_is_that_of_lambda_and_nothing_of_ours(
    aws: LocalAws, functions: Any, make_function: MakeFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAKED", "yes")
    make_function(ECHO, Environment={"Variables": {"POLICY": "text"}}, MemorySize=256, Timeout=7)
    payload, _ = invoke(functions)
    environment = payload["environment"]
    assert environment["POLICY"] == "text"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == NAME
    assert environment["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert environment["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert environment["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert environment["AWS_REGION"] == "eu-central-1"
    assert environment["AWS_LAMBDA_LOG_GROUP_NAME"] == f"/aws/lambda/{NAME}"
    assert environment["AWS_ENDPOINT_URL"] == aws.endpoint_url
    assert environment["_HANDLER"] == "app.handler"
    assert environment["LAMBDA_TASK_ROOT"] == payload["cwd"]
    assert payload["memory"] == "256"
    assert 6000 < payload["remaining"] <= 7000
    assert "LEAKED" not in environment
    assert environment["PATH"] != os.environ["PATH"]


def test_the_very_bundle_is_run_and_cannot_be_written(functions: Any, make_function: MakeFunction) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("package/__init__.py", "")
        archive.writestr("package/entry.py", "from .text import TEXT\ndef handler(e, c): return [TEXT, __file__]\n")
        archive.writestr("package/text.py", "TEXT = 'from a package'\n")
    make_function("", Handler="package.entry.handler", Code={"ZipFile": data.getvalue()})
    (text, file), _ = invoke(functions)
    assert text == "from a package"
    assert not Path(file).stat().st_mode & 0o222
    assert not Path(file).parent.joinpath("__pycache__").exists()


def test_a_function_can_call_aws_with_the_sdk_of_its_runtime(functions: Any, make_function: MakeFunction) -> None:
    source = """
        import boto3

        def handler(event, context):
            return boto3.client("sts").get_caller_identity()["Account"]
    """
    make_function(source, Timeout=30, MemorySize=512)
    assert invoke(functions)[0] == "210987654321"


def test_a_function_does_not_see_what_is_installed_beside_localaws(functions: Any, make_function: MakeFunction) -> None:
    source = """
        from importlib.metadata import distributions

        def handler(event, context):
            exit  # which an interpreter without its site module lacks
            return sorted(one.name.lower().replace("_", "-") for one in distributions())
    """
    make_function(source)
    installed, _ = invoke(functions)
    assert {"awslambdaric", "boto3", "botocore"} <= set(installed)
    assert not {"moto", "pytest", "pip", "click", "flask"} & set(installed)


def test_an_exception_is_a_function_error_and_the_environment_goes_on(
    functions: Any, make_function: MakeFunction
) -> None:
    source = """
        import os

        def handler(event, context):
            if event:
                raise ValueError("no such thing")
            return os.getpid()
    """
    make_function(source)
    before, _ = invoke(functions)
    payload, answer = invoke(functions, {"fail": True}, LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "ValueError"
    assert payload["errorMessage"] == "no such thing"
    assert any("no such thing" in line for line in tail(answer))
    assert invoke(functions)[0] == before


def test_a_function_that_takes_too_long_is_ended(functions: Any, make_function: MakeFunction) -> None:
    source = """
        import os, time

        def handler(event, context):
            print("pid", os.getpid())
            time.sleep(event or 0)
    """
    make_function(source, Timeout=1)
    payload, answer = invoke(functions, 60, LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in payload["errorMessage"]
    lines = tail(answer)
    assert any("Task timed out after 1.00 seconds" in line for line in lines)
    assert "Status: timeout" in lines[-1]
    pid = next(line for line in lines if line.startswith("pid")).split()[1]
    assert not Path("/proc", pid).exists()
    assert "FunctionError" not in invoke(functions)[1]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
    ],
)
def test_a_function_that_exits_is_a_function_error(
    functions: Any, make_function: MakeFunction, statement: str, told: str
) -> None:
    make_function(f"import os\ndef handler(event, context):\n    if event:\n        {statement}\n")
    payload, answer = invoke(functions, 1)
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "Runtime.ExitError"
    assert payload["errorMessage"].endswith(f"Error: {told}")
    assert "FunctionError" not in invoke(functions)[1]


def test_a_function_that_takes_too_much_memory_is_ended(functions: Any, make_function: MakeFunction) -> None:
    source = """
        def handler(event, context):
            return len(b"x" * (event * 1024 * 1024))
    """
    make_function(source, MemorySize=128)
    payload, answer = invoke(functions, 200, LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "Runtime.OutOfMemory"
    assert "signal: killed" in payload["errorMessage"]
    assert "Error Type: Runtime.OutOfMemory" in tail(answer)[-1]
    assert invoke(functions, 20)[0] == 20 * 1024 * 1024


@pytest.mark.parametrize(
    ("handler", "error_type"),
    [
        ("absent.handler", "Runtime.ImportModuleError"),
        ("app.absent", "Runtime.HandlerNotFound"),
        ("app", "Runtime.MalformedHandlerName"),
    ],
)
def test_a_handler_that_cannot_be_loaded_is_a_function_error(
    functions: Any, make_function: MakeFunction, handler: str, error_type: str
) -> None:
    make_function(ECHO, Handler=handler)
    payload, answer = invoke(functions, LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == error_type
    assert any(error_type in line for line in tail(answer))


def test_code_that_fails_outside_the_handler_is_tried_again_by_the_next_invocation(
    functions: Any, make_function: MakeFunction
) -> None:
    make_function("raise RuntimeError('at import')\n")
    for _ in range(2):
        payload, answer = invoke(functions)
        assert answer["FunctionError"] == "Unhandled"
        assert payload["errorMessage"] == "at import"


def test_an_answer_over_6_mb_is_a_function_error(functions: Any, make_function: MakeFunction) -> None:
    make_function("def handler(event, context):\n    return 'x' * event\n", MemorySize=512)
    fits = 6 * 1024 * 1024 - 2
    assert len(invoke(functions, fits)[0]) == fits
    payload, answer = invoke(functions, fits + 1)
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "Function.ResponseSizeTooLarge"


def test_an_event_over_6_mb_is_refused(functions: Any, make_function: MakeFunction) -> None:
    make_function(ECHO)
    error = refused(functions.invoke, FunctionName=NAME, Payload=b'"' + b"x" * 6 * 1024 * 1024 + b'"')
    assert code(error) == "RequestTooLargeException"


def test_an_event_that_is_not_json_is_refused(functions: Any, make_function: MakeFunction) -> None:
    make_function(ECHO)
    assert code(refused(functions.invoke, FunctionName=NAME, Payload=b"{")) == "InvalidRequestContentException"


def test_an_event_with_a_field_of_the_api_is_only_an_event(functions: Any, make_function: MakeFunction) -> None:
    make_function(ECHO)
    assert invoke(functions, {"Qualifier": "absent"})[0]["event"] == {"Qualifier": "absent"}


def test_an_unknown_function_and_an_unknown_qualifier_are_not_found(
    functions: Any, make_function: MakeFunction
) -> None:
    assert code(refused(functions.invoke, FunctionName="absent")) == "ResourceNotFoundException"
    make_function(ECHO)
    error = refused(functions.invoke, FunctionName=NAME, Qualifier="absent")
    assert code(error) == "ResourceNotFoundException"


def test_another_runtime_than_python_is_said_to_be_missing(functions: Any, make_function: MakeFunction) -> None:
    make_function(ECHO, Runtime="nodejs22.x")
    assert "nodejs22.x" in str(refused(functions.invoke, FunctionName=NAME))


def test_a_dry_run_does_not_run_the_function(functions: Any, make_function: MakeFunction) -> None:
    make_function(ECHO)
    answer = functions.invoke(FunctionName=NAME, InvocationType="DryRun")
    assert answer["StatusCode"] == 204
    assert invoke(functions)[0]["calls"] == 1


def test_an_asynchronous_invocation_is_answered_at_once(
    aws: LocalAws, functions: Any, make_function: MakeFunction
) -> None:
    make_function("def handler(event, context):\n    print('ran with', event)\n", name="AWSClientVPN-later")
    answer = functions.invoke(FunctionName="AWSClientVPN-later", InvocationType="Event", Payload=b"7")
    assert answer["StatusCode"] == 202
    eventually(lambda: "ran with 7" in aws.log_messages("/aws/lambda/AWSClientVPN-later"), True)


def test_a_layer_can_be_imported(functions: Any, make_function: MakeFunction) -> None:
    layer = functions.publish_layer_version(
        LayerName="words", Content={"ZipFile": make_zip("WORD = 'layered'", "python/words.py")}
    )
    make_function(
        "import words\ndef handler(event, context):\n    return words.WORD\n", Layers=[layer["LayerVersionArn"]]
    )
    assert invoke(functions)[0] == "layered"
