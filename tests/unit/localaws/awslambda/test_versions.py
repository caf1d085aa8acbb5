"""Versions, aliases and configurations of functions."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from localaws import LocalAws
from tests.unit.localaws.helpers import MakeFunction, code, make_zip, refused

NAME = "AWSClientVPN-test"
WHO = """
    import os

    def handler(event, context):
        return [os.environ.get("POLICY"), context.function_version, context.invoked_function_arn]
"""
SECOND = "def handler(event, context):\n    return 'second'\n"


def invoke(functions: Any, qualifier: str | None = None, event: Any = None) -> Any:
    arguments = {"Qualifier": qualifier} if qualifier else {}
    answer = functions.invoke(FunctionName=NAME, Payload=json.dumps(event).encode(), **arguments)
    return json.loads(answer["Payload"].read())


def variables(text: str) -> dict[str, Any]:
    return {"Variables": {"POLICY": text}}


def test_the_digest_of_the_code_is_that_of_the_bundle(make_function: MakeFunction) -> None:
    digest = base64.b64encode(hashlib.sha256(make_zip(WHO)).digest()).decode()
    assert make_function(WHO)["CodeSha256"] == digest


def test_a_version_keeps_its_code_and_its_environment(functions: Any, make_function: MakeFunction) -> None:
    make_function(WHO, Environment=variables("one"))
    functions.update_function_configuration(FunctionName=NAME, Environment=variables("two"), Timeout=9)
    assert functions.publish_version(FunctionName=NAME)["Version"] == "2"
    functions.update_function_code(FunctionName=NAME, ZipFile=make_zip(SECOND))
    assert invoke(functions, "1")[0] == "one"
    assert invoke(functions, "2")[0] == "two"
    assert invoke(functions) == "second"
    first = functions.get_function_configuration(FunctionName=NAME, Qualifier="1")
    second = functions.get_function_configuration(FunctionName=NAME, Qualifier="2")
    assert (first["Timeout"], second["Timeout"]) == (3, 9)
    assert first["CodeSha256"] == second["CodeSha256"]


def test_publishing_without_a_change_gives_no_new_version(functions: Any, make_function: MakeFunction) -> None:
    make_function(WHO, Environment=variables("one"))
    assert functions.publish_version(FunctionName=NAME)["Version"] == "1"
    functions.update_function_configuration(FunctionName=NAME, Environment=variables("one"))
    functions.update_function_code(FunctionName=NAME, ZipFile=make_zip(WHO))
    assert functions.publish_version(FunctionName=NAME, Description="again")["Version"] == "1"
    functions.update_function_configuration(FunctionName=NAME, Environment=variables("two"))
    assert functions.publish_version(FunctionName=NAME)["Version"] == "2"
    assert functions.publish_version(FunctionName=NAME)["Version"] == "2"


def test_a_version_number_is_never_used_again(functions: Any, make_function: MakeFunction) -> None:
    make_function(WHO)
    functions.delete_function(FunctionName=NAME, Qualifier="1")
    assert functions.publish_version(FunctionName=NAME)["Version"] == "2"


def test_new_code_can_be_published_at_once(functions: Any, make_function: MakeFunction) -> None:
    make_function(WHO)
    updated = functions.update_function_code(FunctionName=NAME, ZipFile=make_zip(SECOND), Publish=True)
    assert updated["Version"] == "2"
    assert invoke(functions, "2") == "second"
    listed = functions.list_versions_by_function(FunctionName=NAME)["Versions"]
    assert [one["Version"] for one in listed] == ["$LATEST", "1", "2"]


def test_an_alias_is_resolved_and_seen_by_the_function(functions: Any, make_function: MakeFunction) -> None:
    arn = make_function(WHO, Environment=variables("one"))["FunctionArn"]
    alias = functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
    assert alias["AliasArn"] == f"{arn}:live"
    assert invoke(functions, "live") == ["one", "1", f"{arn}:live"]
    assert invoke(functions, "1") == ["one", "1", f"{arn}:1"]
    assert invoke(functions) == ["one", "$LATEST", arn]
    configuration = functions.get_function_configuration(FunctionName=NAME, Qualifier="live")
    assert configuration["Version"] == "1"
    assert configuration["FunctionArn"] == f"{arn}:live"


def test_a_function_is_invoked_by_its_qualified_arn(functions: Any, make_function: MakeFunction) -> None:
    arn = make_function(WHO, Environment=variables("one"))["FunctionArn"]
    functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
    answer = functions.invoke(FunctionName=f"{arn}:live", Payload=b"{}")
    assert json.loads(answer["Payload"].read())[2] == f"{arn}:live"
    assert answer["ExecutedVersion"] == "1"


def test_moving_an_alias_moves_its_invocations(functions: Any, make_function: MakeFunction) -> None:
    make_function(WHO, Environment=variables("one"))
    first = functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
    functions.update_function_configuration(FunctionName=NAME, Environment=variables("two"))
    version = functions.publish_version(FunctionName=NAME)["Version"]
    assert invoke(functions, "live")[:2] == ["one", "1"]
    moved = functions.update_alias(FunctionName=NAME, Name="live", FunctionVersion=version)
    assert invoke(functions, "live")[:2] == ["two", "2"]
    assert moved["RevisionId"] != first["RevisionId"]


def test_an_alias_can_share_its_invocations_between_two_versions(functions: Any, make_function: MakeFunction) -> None:
    make_function(WHO, Environment=variables("one"))
    functions.update_function_code(FunctionName=NAME, ZipFile=make_zip(SECOND), Publish=True)
    routing = {"AdditionalVersionWeights": {"2": 1.0}}
    functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1", RoutingConfig=routing)
    assert invoke(functions, "live") == "second"
    functions.update_alias(FunctionName=NAME, Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    assert invoke(functions, "live")[1] == "1"


def test_an_alias_needs_a_version_that_exists(functions: Any, make_function: MakeFunction) -> None:
    make_function(WHO)
    error = refused(functions.create_alias, FunctionName=NAME, Name="live", FunctionVersion="7")
    assert code(error) == "ResourceNotFoundException"


def test_a_version_that_an_alias_points_to_cannot_be_deleted(functions: Any, make_function: MakeFunction) -> None:
    make_function(WHO)
    functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
    error = refused(functions.delete_function, FunctionName=NAME, Qualifier="1")
    assert code(error) == "ResourceConflictException"
    functions.delete_alias(FunctionName=NAME, Name="live")
    functions.delete_function(FunctionName=NAME, Qualifier="1")


def test_a_version_that_only_a_canary_serves_cannot_be_deleted(functions: Any, make_function: MakeFunction) -> None:
    make_function(WHO)
    functions.update_function_code(FunctionName=NAME, ZipFile=make_zip(SECOND), Publish=True)
    routing = {"AdditionalVersionWeights": {"2": 0.1}}
    functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1", RoutingConfig=routing)
    error = refused(functions.delete_function, FunctionName=NAME, Qualifier="2")
    assert code(error) == "ResourceConflictException"
    functions.update_alias(FunctionName=NAME, Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    functions.delete_function(FunctionName=NAME, Qualifier="2")


def test_an_updated_function_does_not_go_on_in_its_old_environment(functions: Any, make_function: MakeFunction) -> None:
    make_function(WHO, Environment=variables("one"))
    assert invoke(functions)[0] == "one"
    functions.update_function_configuration(FunctionName=NAME, Environment=variables("two"))
    assert invoke(functions)[0] == "two"


def test_every_argument_of_a_configuration_comes_back(
    functions: Any, make_function: MakeFunction, aws: LocalAws
) -> None:
    key_arn = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    given = {
        "Description": "decides",
        "Timeout": 7,
        "MemorySize": 256,
        "KMSKeyArn": key_arn,
        "TracingConfig": {"Mode": "Active"},
        "EphemeralStorage": {"Size": 1024},
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:eu-central-1:210987654321:dead"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/elsewhere"},
        "Environment": variables("one"),
    }
    make_function(WHO, Architectures=["arm64"])
    functions.update_function_configuration(FunctionName=NAME, **given)
    configuration = functions.get_function_configuration(FunctionName=NAME)
    assert {name: configuration[name] for name in given} == given
    assert configuration["Architectures"] == ["arm64"]
    functions.update_function_configuration(FunctionName=NAME, Environment={}, KMSKeyArn="")
    configuration = functions.get_function_configuration(FunctionName=NAME)
    assert "Environment" not in configuration
    assert not configuration.get("KMSKeyArn")


def test_an_environment_larger_than_4_kb_is_refused(make_function: MakeFunction) -> None:
    overhead = len('{"POLICY":""}')
    make_function(WHO, name="fits", Environment=variables("x" * (4096 - overhead)))
    error = refused(make_function, WHO, Environment=variables("x" * (4097 - overhead)))
    assert code(error) == "InvalidParameterValueException"
    assert "4KB" in str(error)


@pytest.mark.parametrize("name", ["AWS_REGION", "_HANDLER", "LAMBDA_TASK_ROOT"])
def test_a_reserved_variable_is_refused(make_function: MakeFunction, name: str) -> None:
    error = refused(make_function, WHO, Environment={"Variables": {name: "x"}})
    assert code(error) == "InvalidParameterValueException"
    assert name in str(error)


def test_a_name_of_more_than_64_characters_is_refused(make_function: MakeFunction) -> None:
    make_function(WHO, name="AWSClientVPN-" + "x" * 51)
    error = refused(make_function, WHO, name="AWSClientVPN-" + "x" * 52)
    assert code(error) == "InvalidParameterValueException"


def test_a_code_signing_configuration_can_be_set_and_removed(functions: Any, make_function: MakeFunction) -> None:
    arn = "arn:aws:lambda:eu-central-1:210987654321:code-signing-config:csc-0123456789abcdef0"
    make_function(WHO)
    functions.put_function_code_signing_config(FunctionName=NAME, CodeSigningConfigArn=arn)
    assert functions.get_function_code_signing_config(FunctionName=NAME)["CodeSigningConfigArn"] == arn
    functions.delete_function_code_signing_config(FunctionName=NAME)
    assert not functions.get_function_code_signing_config(FunctionName=NAME).get("CodeSigningConfigArn")
