"""Reserved and provisioned concurrency."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.localaws.helpers import MakeFunction, code, eventually, refused

NAME = "AWSClientVPN-test"
SLOW = """
    import os, time

    def handler(event, context):
        time.sleep(event)
        return [os.getpid(), os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]]
"""


def invoke(functions: Any, seconds: float = 0, qualifier: str = "$LATEST") -> Any:
    answer = functions.invoke(FunctionName=NAME, Qualifier=qualifier, Payload=json.dumps(seconds).encode())
    assert "FunctionError" not in answer
    return json.loads(answer["Payload"].read())


def provisioned(functions: Any, qualifier: str = "live") -> str:
    answer = functions.get_provisioned_concurrency_config(FunctionName=NAME, Qualifier=qualifier)
    return str(answer["Status"])


def test_invocations_at_the_same_time_have_an_environment_each(functions: Any, make_function: MakeFunction) -> None:
    make_function(SLOW)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: invoke(functions, 0.5), range(4)))
    assert len({pid for pid, _ in results}) == 4
    assert invoke(functions)[0] in {pid for pid, _ in results}


def test_reserved_concurrency_throttles_what_exceeds_it(functions: Any, make_function: MakeFunction) -> None:
    make_function(SLOW)
    functions.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=2)

    def attempt(_: int) -> str:
        try:
            invoke(functions, 1.5)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            return f"{status} {code(error)} {error.response.get('Reason')}"
        return "ran"

    with ThreadPoolExecutor(5) as pool:
        outcomes = sorted(pool.map(attempt, range(5)))
    throttled = "429 TooManyRequestsException ReservedFunctionConcurrentInvocationLimitExceeded"
    assert outcomes == [throttled] * 3 + ["ran"] * 2
    assert attempt(0) == "ran"


def test_a_reserved_concurrency_of_0_switches_a_function_off(functions: Any, make_function: MakeFunction) -> None:
    make_function(SLOW)
    functions.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=0)
    assert code(refused(functions.invoke, FunctionName=NAME, Payload=b"0")) == "TooManyRequestsException"
    assert functions.get_function(FunctionName=NAME)["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    functions.delete_function_concurrency(FunctionName=NAME)
    assert "Concurrency" not in functions.get_function(FunctionName=NAME)
    invoke(functions)


def test_100_executions_cannot_be_reserved(functions: Any, make_function: MakeFunction) -> None:
    make_function(SLOW)
    limit = functions.get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    functions.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=limit - 100)
    settings = functions.get_account_settings()["AccountLimit"]
    assert settings["UnreservedConcurrentExecutions"] == 100
    error = refused(functions.put_function_concurrency, FunctionName=NAME, ReservedConcurrentExecutions=limit - 99)
    assert code(error) == "InvalidParameterValueException"


def test_provisioned_concurrency_starts_environments_ahead(functions: Any, make_function: MakeFunction) -> None:
    make_function(SLOW)
    functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
    answer = functions.put_provisioned_concurrency_config(
        FunctionName=NAME, Qualifier="live", ProvisionedConcurrentExecutions=2
    )
    assert answer["Status"] == "IN_PROGRESS"
    assert answer["AvailableProvisionedConcurrentExecutions"] == 0
    eventually(lambda: provisioned(functions), "READY")
    listed = functions.list_provisioned_concurrency_configs(FunctionName=NAME)["ProvisionedConcurrencyConfigs"]
    assert [(one["FunctionArn"].split(":")[-1], one["Status"]) for one in listed] == [("live", "READY")]
    with ThreadPoolExecutor(3) as pool:
        kinds = sorted(kind for _, kind in pool.map(lambda _: invoke(functions, 0.7, "live"), range(3)))
    assert kinds == ["on-demand", "provisioned-concurrency", "provisioned-concurrency"]


def test_a_moved_alias_takes_its_provisioned_concurrency_along(functions: Any, make_function: MakeFunction) -> None:
    make_function(SLOW)
    functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
    functions.put_provisioned_concurrency_config(FunctionName=NAME, Qualifier="live", ProvisionedConcurrentExecutions=1)
    eventually(lambda: provisioned(functions), "READY")
    functions.update_function_configuration(FunctionName=NAME, Timeout=9)
    functions.publish_version(FunctionName=NAME)
    functions.update_alias(FunctionName=NAME, Name="live", FunctionVersion="2")
    assert provisioned(functions) == "IN_PROGRESS"
    eventually(lambda: provisioned(functions), "READY")
    assert invoke(functions, 0, "live")[1] == "provisioned-concurrency"


def test_provisioned_concurrency_ends_with_its_configuration(functions: Any, make_function: MakeFunction) -> None:
    make_function(SLOW)
    put = {"FunctionName": NAME, "Qualifier": "1"}
    functions.put_provisioned_concurrency_config(**put, ProvisionedConcurrentExecutions=1)
    eventually(lambda: provisioned(functions, "1"), "READY")
    functions.delete_provisioned_concurrency_config(**put)
    error = refused(functions.get_provisioned_concurrency_config, **put)
    assert code(error) == "ProvisionedConcurrencyConfigNotFoundException"
    assert invoke(functions, 0, "1")[1] == "on-demand"


def test_provisioned_concurrency_fails_with_code_that_cannot_start(functions: Any, make_function: MakeFunction) -> None:
    make_function("raise RuntimeError('at import')\n")
    functions.put_provisioned_concurrency_config(FunctionName=NAME, Qualifier="1", ProvisionedConcurrentExecutions=1)
    eventually(lambda: provisioned(functions, "1"), "FAILED")


@pytest.mark.parametrize("qualifier", ["$LATEST", "draft"])
def test_latest_takes_no_provisioned_concurrency(functions: Any, make_function: MakeFunction, qualifier: str) -> None:
    make_function(SLOW)
    functions.create_alias(FunctionName=NAME, Name="draft", FunctionVersion="$LATEST")
    error = refused(
        functions.put_provisioned_concurrency_config,
        FunctionName=NAME,
        Qualifier=qualifier,
        ProvisionedConcurrentExecutions=1,
    )
    assert code(error) == "InvalidParameterValueException"


def test_no_more_is_provisioned_than_is_reserved(functions: Any, make_function: MakeFunction) -> None:
    make_function(SLOW)
    functions.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=2)
    for name in ("live", "partners"):
        functions.create_alias(FunctionName=NAME, Name=name, FunctionVersion="1")
    functions.put_provisioned_concurrency_config(FunctionName=NAME, Qualifier="live", ProvisionedConcurrentExecutions=2)
    error = refused(
        functions.put_provisioned_concurrency_config,
        FunctionName=NAME,
        Qualifier="partners",
        ProvisionedConcurrentExecutions=1,
    )
    assert code(error) == "InvalidParameterValueException"
    error = refused(functions.put_function_concurrency, FunctionName=NAME, ReservedConcurrentExecutions=1)
    assert code(error) == "InvalidParameterValueException"


def test_a_version_and_an_alias_of_it_are_not_both_provisioned(functions: Any, make_function: MakeFunction) -> None:
    make_function(SLOW)
    functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
    for first, second in (("live", "1"), ("1", "live")):
        functions.put_provisioned_concurrency_config(
            FunctionName=NAME, Qualifier=first, ProvisionedConcurrentExecutions=1
        )
        error = refused(
            functions.put_provisioned_concurrency_config,
            FunctionName=NAME,
            Qualifier=second,
            ProvisionedConcurrentExecutions=1,
        )
        assert code(error) == "ResourceConflictException"
        functions.delete_provisioned_concurrency_config(FunctionName=NAME, Qualifier=first)
