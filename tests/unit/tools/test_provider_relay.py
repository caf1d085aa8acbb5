"""tools/provider_relay.py: one process of the provider for many runs of Terraform."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.processes import processes_in
from tools import ROOT
from tools.provider_relay import provider_relay, provider_types, reduce_schema

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "eu-central-1"}
CONFIGURATION = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
resource "%s" "this" {
  name              = "a"
  retention_in_days = %d
}
"""


@pytest.fixture
def environment(terraform_env: dict[str, str]) -> dict[str, str]:
    return {**os.environ, **terraform_env, **CREDENTIALS}


def validate(folder: Path, environment: dict[str, str], resource: str, days: int) -> str:
    """Validate a configuration; return what Terraform prints, without its frames and line breaks."""
    (folder / "main.tf").write_text(CONFIGURATION % (resource, days))
    command = ["terraform", "validate", "-no-color"]
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return " ".join(f"{result.stdout} {result.stderr}".replace("│", " ").split())


def test_several_runs_are_judged_by_the_real_provider(tmp_path: Path, environment: dict[str, str]) -> None:
    with provider_relay(tmp_path, environment) as variables:
        environment |= variables
        assert "is valid" in validate(tmp_path, environment, "aws_cloudwatch_log_group", 30)
        assert "expected retention_in_days to be one of" in validate(
            tmp_path, environment, "aws_cloudwatch_log_group", 31
        )
        # The project has none.
        unknown = "aws_" + "quicksight_user"
        assert f'does not support resource type "{unknown}"' in validate(tmp_path, environment, unknown, 30)
    assert processes_in(tmp_path) == []


def test_nothing_is_left_of_it_when_whoever_started_it_is_killed(tmp_path: Path, environment: dict[str, str]) -> None:
    program = (
        "import os, pathlib, time; from tools.provider_relay import provider_relay\n"
        f"with provider_relay(pathlib.Path({str(tmp_path)!r}), os.environ):\n"
        "    print('serving', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=environment, stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == b"serving\n"
        assert len(processes_in(tmp_path)) >= 2
        user.kill()
    until = time.monotonic() + 10
    while processes_in(tmp_path) and time.monotonic() < until:
        time.sleep(0.05)
    assert processes_in(tmp_path) == []


def test_the_types_that_the_project_names_are_found_in_modules_and_in_tests() -> None:
    types = provider_types()
    assert {"aws_lambda_function", "aws_iam_saml_provider", "aws_partition"} <= types
    assert len(types) < 100


def test_a_schema_keeps_all_but_the_resources_and_data_sources_that_nobody_names() -> None:
    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, len(content)]) + content

    def entry(number: int, name: bytes) -> bytes:
        return field(number, field(1, name) + field(2, b"schema"))

    provider, functions = field(1, b"provider"), entry(7, b"arn_parse")
    kept = [provider, entry(2, b"aws_sns_topic"), entry(3, b"aws_region"), functions]
    dropped = [entry(2, b"aws_sqs_queue"), entry(3, b"aws_ami")]
    schema = b"".join([kept[0], dropped[0], kept[1], dropped[1], kept[2], kept[3]])
    assert reduce_schema(schema, {"aws_sns_topic", "aws_region"}) == b"".join(kept)
