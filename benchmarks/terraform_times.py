"""How long Terraform takes with the module, and where it goes: plan, apply, a plan of no change, a change of policy.

The real Terraform and the real provider, against localaws. Times of AWS's own come on top; what is compared here is
the module with the provider's own floor, a plan of nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks import ROOT, reference
from benchmarks.results import Part, Table, figure
from localaws import LocalAws
from tools.policy_language import MAX_CHECKED_RULES, MAX_CHECKED_VALUES
from tools.terraform_cli import terraform_environment
from tools.terraform_files import copy_terraform_files

ROUNDS = 2
LONGEST = 8
"""Rows of the table of an apply's steps."""


def measure() -> Part:
    """Measure in a copy of the module, with one endpoint and nothing that the provider makes wait minutes."""
    part = Part("terraform")
    took: dict[str, list[float]] = {}
    steps: list[tuple[str, float, float]] = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder, LocalAws() as aws:
            project = _Project(Path(folder), aws)
            for what, seconds in project.lifecycle():
                took.setdefault(what, []).append(seconds)
            steps = project.steps
    table = Table(
        "Terraform, seconds",
        ("what", "s"),
        [(what, figure(values)) for what, values in took.items()],
        "Without `init`. A configuration with the provider and nothing else is the floor: the provider's start and its "
        "first calls. Plans of policies by themselves are of modules/policy, which checks everything up to "
        f"{MAX_CHECKED_RULES} rules and {MAX_CHECKED_VALUES:,} values, and the shape alone of a larger policy.",
    )
    last = max(end for _, _, end in steps)
    long = sorted(steps, key=lambda step: step[1] - step[2])[:LONGEST]
    where = Table(
        "Where the first apply goes, seconds",
        ("step", "begins", "takes"),
        [(name, round(begin, 1), round(end - begin, 1)) for name, begin, end in sorted(long, key=lambda step: step[1])],
        f"The {LONGEST} longest of {len(steps)} steps, which all end after {last:.1f} s. The rest of the apply is the "
        "provider's start and the plan.",
    )
    part.tables = [table, where, _large_plans()]
    return part


class _Project:
    def __init__(self, folder: Path, aws: LocalAws) -> None:
        self.steps: list[tuple[str, float, float]] = []
        copy_terraform_files(ROOT, folder / "module")
        (folder / "floor").mkdir()
        (folder / "floor" / "main.tf").write_text(
            (folder / "module" / "versions.tf").read_text() + 'provider "aws" {}\ndata "aws_region" "this" {}\n'
        )
        self._folder = folder
        self._environment = {**os.environ, **terraform_environment(), **aws.environment}
        endpoint = {
            "server_certificate_arn": aws.import_certificate("vpn.example.com"),
            "client_cidr_block": "10.255.0.0/22",
            "authentication": {"mutual": {"root_certificate_chain_arn": aws.import_certificate("clients.example.com")}},
        }
        self._variables = {"name": "bench", "endpoints": {"staff": endpoint}, **reference.policy()}
        for name in ("floor", "module"):
            self._run(name, "init", "-backend=false", "-input=false")

    def lifecycle(self) -> list[tuple[str, float]]:
        """Return what was done and seconds that it took."""
        times = [("plan of the provider alone", self._run("floor", "plan", "-input=false"))]
        self._write()
        times.append(("plan of the module", self._run("module", "plan", "-input=false")))
        times.append(("first apply", self._apply()))
        times.append(("plan without a change", self._run("module", "plan", "-input=false", "-detailed-exitcode")))
        self._variables["default_deny_message"] = "Denied. ({connection_id})"
        self._write()
        times.append(("apply of a change of policy", self._apply(keep=False)))
        times.append(("destroy", self._run("module", "destroy", "-auto-approve", "-input=false")))
        return times

    def _write(self) -> None:
        (self._folder / "module" / "terraform.tfvars.json").write_text(json.dumps(self._variables))

    def _apply(self, keep: bool = True) -> float:
        log = self._folder / "log"
        seconds = self._run("module", "apply", "-auto-approve", "-input=false", "-json", output=log)
        if keep:
            self.steps = _steps([json.loads(line) for line in log.read_text().splitlines()])
        return seconds

    def _run(self, folder: str, *arguments: str, output: Path | None = None) -> float:
        started = time.perf_counter()
        done = subprocess.run(
            ["terraform", *arguments],
            cwd=self._folder / folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        took = time.perf_counter() - started
        if done.returncode:
            raise RuntimeError(
                f"terraform {arguments[0]} ended with status {done.returncode}: {done.stdout}{done.stderr}"
            )
        if output is not None:
            output.write_text(done.stdout)
        return took


def _steps(events: list[dict[str, Any]]) -> list[tuple[str, float, float]]:
    """Return address, begin and end of each step of an apply, in seconds from its first one."""
    begun: dict[str, float] = {}
    steps = []
    for event in events:
        hook = event.get("hook") or {}
        address = str((hook.get("resource") or {}).get("addr"))
        moment = datetime.fromisoformat(event["@timestamp"]).timestamp()
        if event["type"] == "apply_start":
            begun[address] = moment
        elif event["type"] == "apply_complete":
            steps.append((address, begun[address], moment))
    first = min(begin for _, begin, _ in steps)
    return [(address, begin - first, end - first) for address, begin, end in steps]


def _large_plans() -> Table:
    table = Table("A plan of modules/policy, seconds", ("policy", "s", "document kB"), [])
    policies = {f"{rules:,} rules": reference.policy(rules) for rules in (10, 100, 300, 500, 3_000, 10_000)}
    policies["100,000 networks"] = reference.blocklist_policy(100_000)
    environment = {**os.environ, **terraform_environment()}
    with tempfile.TemporaryDirectory() as name:
        copy_terraform_files(ROOT, Path(name))
        folder = Path(name, "modules", "policy")

        def terraform(command: str) -> None:
            arguments = ["terraform", command, "-input=false"]
            subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, check=True)

        terraform("init")
        for title, policy in policies.items():
            (folder / "terraform.tfvars.json").write_text(json.dumps({**policy, "has_bucket": True}))
            started = time.perf_counter()
            terraform("plan")
            table.rows.append((title, time.perf_counter() - started, round(len(json.dumps(policy)) / 1000)))
    return table
