"""`terraform` on modules/policy, which needs no provider and so takes a tenth of a second."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
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
