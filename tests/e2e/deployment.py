"""Terraform, applied to a copy of this project, against AWS on this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any
from unittest import mock

from python_terraform import IsFlagged, IsNotFlagged, Terraform

from tools import ROOT
from tools.provider_relay import provider_relay
from tools.terraform_files import copy_terraform_files


class TerraformFailed(Exception):
    """Terraform ended with an error; the message is what it printed, without its frames and line breaks."""


class Deployment:
    """A root module in a copy of this project, with its state and a process of the provider; a context manager.

    Parameters
    ----------
    folder
        Where the copy goes.
    root
        The root module, relative to the project: ``.`` or one of ``examples/*`` or ``modules/*``.
    environment
        Environment variables that Terraform needs, laid over this process's own.
    files
        Files to write into the root module first, by name.

    Attributes
    ----------
    folder
        The copy of the root module.
    outputs
        The root module's outputs, as of the last apply.
    variables
        Variables of every run, under the run's own.
    """

    def __init__(
        self, folder: Path, root: str, environment: Mapping[str, str], files: Mapping[str, str] | None = None
    ) -> None:
        copy_terraform_files(ROOT, folder)
        self.folder = folder / root
        for name, text in (files or {}).items():
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)
        self._relay = ExitStack()
        reattach = self._relay.enter_context(provider_relay(self.folder, {**os.environ, **environment}))
        self._environment = {**environment, **reattach}
        self.outputs: dict[str, Any] = {}
        self.variables: dict[str, Any] = {}
        self._terraform = Terraform(working_dir=str(self.folder))
        self._run("init", backend=False)

    def __enter__(self) -> Deployment:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._relay.close()

    def apply(self, **variables: Any) -> list[str]:
        """Apply, and read the outputs; the variables come on top of the root module's terraform.tfvars.

        Returns what Terraform says of its progress, line by line.
        """
        log = self._run("apply", auto_approve=IsFlagged, var={**self.variables, **variables}).splitlines()
        state = json.loads((self.folder / "terraform.tfstate").read_text())
        self.outputs = {name: output["value"] for name, output in state["outputs"].items()}
        return log

    def change_file(self, name: str, old: str, new: str) -> None:
        """Replace a text that is in one place of a file of the root module."""
        path = self.folder / name
        text = path.read_text()
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        path.write_text(text.replace(old, new))

    def plan(self, **variables: Any) -> dict[str, Any]:
        """Plan; returns what would change: by address of a resource or output, the change in Terraform's JSON form.

        See https://developer.hashicorp.com/terraform/internals/json-format#change-representation.
        """
        plan = self.planned(**variables)
        changes = {resource["address"]: resource["change"] for resource in plan.get("resource_changes", [])}
        changes |= {f"output.{name}": change for name, change in plan.get("output_changes", {}).items()}
        return {address: change for address, change in changes.items() if change["actions"] != ["no-op"]}

    def configuration(self, **variables: Any) -> dict[str, Any]:
        """Return the root module's configuration in Terraform's JSON form.

        See https://developer.hashicorp.com/terraform/internals/json-format#configuration-representation.
        """
        return dict(self.planned(**variables)["configuration"]["root_module"])

    def is_stable(self, **variables: Any) -> bool:
        """Tell whether a plan has nothing to do."""
        with mock.patch.dict(os.environ, self._environment):
            status, _, err = self._terraform.plan(var={**self.variables, **variables})
        if status not in (0, 2):
            raise TerraformFailed(err)
        return bool(status == 0)

    def destroy(self, **variables: Any) -> None:
        """Destroy everything."""
        self._run("apply", destroy=IsFlagged, auto_approve=IsFlagged, var={**self.variables, **variables})

    def forget(self, address: str) -> None:
        """Remove a resource from the state, and leave what it stands for."""
        self._run("state rm", address, no_color=IsNotFlagged)

    def planned(self, **variables: Any) -> dict[str, Any]:
        """Plan; returns what `terraform show -json` prints of it."""
        self._run("plan", out="plan", var={**self.variables, **variables})
        return dict(json.loads(self._run("show", "plan", json=IsFlagged, no_color=IsNotFlagged)))

    def _run(self, command: str, *arguments: str, **options: Any) -> str:
        options = {"no_color": IsFlagged, **options}
        if command in ("init", "apply", "plan"):
            options["input"] = False
        # python-terraform passes this process's environment on, and has no argument for another.
        with mock.patch.dict(os.environ, self._environment):
            status, out, err = self._terraform.cmd(command, *arguments, **options)
        if status != 0:
            raise TerraformFailed(" ".join(err.replace("│", " ").split()))
        return str(out)
