"""Terraform, applied to a copy of this project, against AWS on this machine."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any
from unittest import mock

from python_terraform import IsFlagged, IsNotFlagged, Terraform

from localaws import LocalAws
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
        # Variables and files of the last apply; no files while an apply runs, and after one that failed.
        self._applied: tuple[dict[str, Any], dict[str, str]] = ({}, {})
        # Those of the plan in the file "plan", if nothing has been applied since.
        self._planned: tuple[dict[str, Any], dict[str, str]] | None = None
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

        What has just been planned is not planned again. Returns what Terraform says of its progress, line by line.
        """
        wanted = self._wanted(variables)
        planned, self._planned = self._planned, None
        self._applied = (self._applied[0] or wanted[0], {})
        if planned == wanted:
            log = self._run("apply", "plan").splitlines()
        else:
            log = self._run("apply", auto_approve=IsFlagged, var=wanted[0]).splitlines()
        state = json.loads((self.folder / "terraform.tfstate").read_text())
        self.outputs = {name: output["value"] for name, output in state["outputs"].items()}
        self._applied = wanted
        return log

    def ensure(self, **variables: Any) -> None:
        """Apply, unless the last apply had the same variables and files, and passed."""
        if self._applied != self._wanted(variables):
            self.apply(**variables)

    @property
    def applied_variables(self) -> dict[str, Any]:
        """The variables of the last apply; none if it failed."""
        variables, files = self._applied
        return variables if files else {}

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

    def is_stable(self, **variables: Any) -> bool:
        """Tell whether a plan has nothing to do."""
        with mock.patch.dict(os.environ, self._environment):
            status, _, err = self._terraform.plan(var={**self.variables, **variables})
        if status not in (0, 2):
            raise TerraformFailed(err)
        return bool(status == 0)

    def destroy(self) -> None:
        """Destroy everything, with the variables of the last apply that passed."""
        variables, _ = self._applied
        self._applied, self._planned = ({}, {}), None
        # What was changed behind Terraform's back is not looked for, which takes as long as the rest.
        self._run("apply", destroy=IsFlagged, auto_approve=IsFlagged, refresh=False, var=variables)

    def planned(self, *, refresh: bool = True, **variables: Any) -> dict[str, Any]:
        """Plan; returns what `terraform show -json` prints of it. Without ``refresh``, the state is believed."""
        wanted = self._wanted(variables)
        self._planned = None
        self._run("plan", out="plan", var=wanted[0], refresh=refresh)
        self._planned = wanted
        return dict(json.loads(self._run("show", "plan", json=IsFlagged, no_color=IsNotFlagged)))

    def rename_in_state(self, addresses: Mapping[str, str]) -> None:
        """Rename resources in the state, from the first address to the second, and touch nothing else."""
        for old, new in addresses.items():
            self._run("state mv", old, new)
        self._applied, self._planned = (self._applied[0], {}), None

    def _wanted(self, variables: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the variables and the files of a run."""
        return copy.deepcopy({**self.variables, **variables}), self._files()

    def _files(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in self.folder.glob("*.tf*") if path.suffix in (".tf", ".tfvars")}

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


@contextmanager
def applied(aws: LocalAws, deployment: Deployment, **variables: Any) -> Iterator[Deployment]:
    """Apply, and destroy after the block. Destroying leaves nothing behind.

    The block may apply as it likes. What it makes without Terraform has to be gone when it ends.
    """
    before = aws.leftovers()
    deployment.apply(**variables)
    assert set(aws.leftovers()) > set(before), "The apply has made nothing."
    try:
        yield deployment
    finally:
        deployment.destroy()
    after = aws.leftovers()
    left, gone = (sorted(set(one) - set(other)) for one, other in ((after, before), (before, after)))
    assert not left, f"terraform destroy has left {', '.join(left)}."
    assert not gone, f"terraform destroy has taken {', '.join(gone)}, which was there before the apply."
