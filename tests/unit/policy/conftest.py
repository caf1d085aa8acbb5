"""`terraform` on modules/policy, which needs no provider."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def apply_policy(
    tmp_path_factory: pytest.TempPathFactory, terraform_env: dict[str, str]
) -> Callable[[dict[str, Any] | str], tuple[dict[str, Any], list[str]]]:
    """Return a function that applies the module: policy variables, as a dict or as the text of a tfvars file, -> its
    outputs, and the problems it refuses."""
    module = tmp_path_factory.mktemp("policy") / "module"
    shutil.copytree(ROOT / "modules" / "policy", module, ignore=shutil.ignore_patterns(".terraform*"))

    environment = {**os.environ, **terraform_env}

    def terraform(*arguments: str) -> str:
        command = ["terraform", *arguments]
        return subprocess.run(command, check=False, cwd=module, env=environment, capture_output=True, text=True).stdout

    terraform("init", "-backend=false")
    numbers = iter(range(1_000_000))

    def apply(policy: dict[str, Any] | str) -> tuple[dict[str, Any], list[str]]:
        number = next(numbers)
        variables = module / f"{number}.tfvars{'' if isinstance(policy, str) else '.json'}"
        variables.write_text(policy if isinstance(policy, str) else json.dumps(policy))
        output = terraform(
            "apply",
            "-auto-approve",
            "-json",
            "-lock=false",
            f"-state={number}.tfstate",
            f"-var-file={variables}",
        )
        events = [json.loads(line) for line in output.split("\n") if line]
        errors = [event["diagnostic"]["detail"] for event in events if event["@level"] == "error"]
        outputs: dict[str, Any] = {}
        for event in events:
            if event["type"] == "outputs":
                outputs |= {name: output.get("value") for name, output in event["outputs"].items()}
        return outputs, [line for error in errors for line in error.split("\n") if line]

    return apply


@pytest.fixture(scope="session")
def apply_policies(
    tmp_path_factory: pytest.TempPathFactory, terraform_env: dict[str, str]
) -> Callable[[Sequence[dict[str, Any] | str]], tuple[list[dict[str, Any]], list[list[str]]]]:
    """Return a function that applies the module to many policies in one run, which takes a third of the time.

    It takes dicts and texts of tfvars files. It returns the outputs for each policy, if the module accepts all of them,
    and the problems of each policy that it refuses, in any order.
    """
    root = tmp_path_factory.mktemp("policies")
    shutil.copytree(ROOT / "modules" / "policy", root / "policy", ignore=shutil.ignore_patterns(".terraform*"))
    names = re.findall(r'^variable "(\w+)"', (root / "policy" / "variables.tf").read_text(), re.MULTILINE)
    arguments = "".join(f"  {name} = try(each.value.{name}, null)\n" for name in names)
    module = f'module "policy" {{\n  source   = "./policy"\n  for_each = local.policies\n{arguments}}}\n'
    main = root / "main.tf"
    main.write_text("locals {\n  policies = {}\n}\n" + module)
    environment = {**os.environ, **terraform_env}

    def terraform(*arguments: str) -> str:
        command = ["terraform", *arguments]
        return subprocess.run(command, check=False, cwd=root, env=environment, capture_output=True, text=True).stdout

    terraform("init", "-backend=false")

    def value(policy: dict[str, Any] | str, number: int) -> str:
        if isinstance(policy, str):
            return f"{{\n{policy}\n}}"
        (root / f"{number}.json").write_text(json.dumps(policy))
        return f'jsondecode(file("{number}.json"))'

    def apply(policies: Sequence[dict[str, Any] | str]) -> tuple[list[dict[str, Any]], list[list[str]]]:
        members = "".join(f'"{number}" = {value(policy, number)}\n' for number, policy in enumerate(policies))
        main.write_text(
            f'locals {{\npolicies = {{\n{members}}}\n}}\n{module}output "all" {{\nvalue = module.policy\n}}\n'
        )
        outputs: list[dict[str, Any]] = []
        problems: list[list[str]] = []
        for event in map(json.loads, terraform("apply", "-auto-approve", "-json", "-lock=false").splitlines()):
            if event["@level"] == "error":
                problems.append([line for line in event["diagnostic"]["detail"].split("\n") if line])
            elif event["type"] == "outputs" and "value" in event["outputs"]["all"]:
                found = event["outputs"]["all"]["value"]
                outputs = [found[str(number)] for number in range(len(policies))]
        (root / "terraform.tfstate").unlink(missing_ok=True)
        return outputs, problems

    return apply
