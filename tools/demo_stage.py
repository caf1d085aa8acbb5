"""What the demos share: a stage with Terraform on it, AWS on this machine, and an end that leaves nothing behind."""

from __future__ import annotations

import difflib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import Any, NoReturn

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from localaws import LocalAws
from tools import ROOT
from tools.terraform_cli import TerraformUnavailable, terraform_environment
from tools.terraform_files import copy_terraform_files

REGION = "eu-central-1"
_FOREIGN = ("AWS_", "TF_VAR_", "TF_CLI_ARGS", "TF_DATA_DIR", "TF_LOG", "TF_WORKSPACE")
"""Variables of the user's own work with Terraform and AWS, which is not this."""

SERVER = {"server_certificate_arn": "vpn.example.com"}
"""The certificate that every example with an endpoint takes."""


class DemoFailed(Exception):
    """Something did not work as it should; the message says what."""


class Stage:
    """A console and a temporary folder."""

    def __init__(self, console: Console, folder: Path) -> None:
        self.console = console
        self.folder = folder
        self._started = time.monotonic()

    def step(self, text: str) -> None:
        """Say what comes next."""
        seconds = time.monotonic() - self._started
        self.console.print()
        self.console.print(f"[bold cyan]{seconds:4.0f} s[/]  [bold]{escape(text)}[/]", highlight=False)

    def say(self, text: str, style: str = "") -> None:
        """Say what happened."""
        self.console.print(Text(f"  {text}"), style=style)


class TerraformRun:
    """Runs Terraform in the example's folder and shows what it does, resource by resource."""

    def __init__(self, console: Console, folder: Path, environment: dict[str, str]):
        self.console = console
        self.folder = folder
        self.environment = environment

    def init(self) -> None:
        """Fetch the provider."""
        with self._lines("init", "-no-color") as lines:
            for line in lines:
                if line.startswith("- "):
                    self.console.print(f"  {escape(line[2:])}", style="dim", highlight=False)

    def change(self, command: str, *arguments: str) -> str:
        """Run `apply` or `destroy`; returns Terraform's one-line summary."""
        summary = ""
        with self._lines(command, "-auto-approve", "-json", *arguments) as lines:
            for line in lines:
                event: dict[str, Any] = json.loads(line) if line.startswith("{") else {"type": ""}
                if event["type"] == "apply_complete":
                    message = event["@message"].partition(" [id=")[0]
                    self.console.print(f"  {escape(message)}", style="dim", highlight=False)
                elif event["type"] == "change_summary" and event["changes"]["operation"] != "plan":
                    summary = event["@message"]
                elif event["type"] == "diagnostic":
                    self._show_diagnostic(event["diagnostic"])
        return summary

    def refused(self, command: str) -> None:
        """Run `apply`, which has to fail; shows why it did.

        Raises
        ------
        DemoFailed
            It did not fail.
        """
        try:
            self.change(command)
        except DemoFailed:
            return
        raise DemoFailed(f"terraform {command} went through, which it must not.")

    def output(self) -> dict[str, Any]:
        """Return the example's outputs."""
        with self._lines("output", "-json") as lines:
            return {name: item["value"] for name, item in json.loads("\n".join(lines)).items()}

    def _show_diagnostic(self, diagnostic: dict[str, Any]) -> None:
        style = "red" if diagnostic["severity"] == "error" else "yellow"
        text = f"{diagnostic['severity'].capitalize()}: {diagnostic['summary']}\n{diagnostic.get('detail', '')}"
        self.console.print(Text(text.strip(), style=style))

    @contextmanager
    def _lines(self, command: str, *arguments: str) -> Iterator[Iterator[str]]:
        """Run a command of Terraform's; yields the lines it prints."""
        # A session of its own: an interrupt from the keyboard comes here, and Terraform and its provider are
        # ended from here, together.
        process = subprocess.Popen(
            ["terraform", command, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None  # noqa: S101 (it is a pipe)
        tail: list[str] = []

        def lines() -> Iterator[str]:
            for line in process.stdout or ():
                tail.append(line.rstrip("\n"))
                yield tail[-1]

        try:
            with self.console.status(f"terraform {command}"):
                yield lines()
                status = process.wait()
        finally:
            end_group(process)
        if status != 0:
            shown = [line for line in tail if not line.startswith("{")]
            raise DemoFailed("\n".join([*shown[-20:], f"terraform {command} failed with exit status {status}."]))


def end_group(process: subprocess.Popen[str]) -> None:
    """End a process that leads a session, and all that it started."""
    for number, seconds in ((signal.SIGINT, 10), (signal.SIGKILL, 5)):
        if process.poll() is not None:
            break
        os.killpg(process.pid, number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    if process.stdout is not None:
        process.stdout.close()


class Example(TerraformRun):
    """A copy of one of the project's examples, with its terraform.tfvars.

    Parameters
    ----------
    certificates
        Common names of the certificates that it is given, by the variables that take their ARNs.
    """

    def __init__(
        self, stage: Stage, aws: LocalAws, path: Path, certificates: Mapping[str, str] = MappingProxyType(SERVER)
    ) -> None:
        folder = stage.folder / path.name
        copy_terraform_files(ROOT, folder)
        environment = environment_for(aws, terraform_environment(), stage.folder)
        super().__init__(stage.console, folder / path, environment)
        self._stage = stage
        self._aws = aws
        self._certificates = certificates

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Apply it, with its certificates; destroy it in the end, and see that nothing is left.

        Raises
        ------
        DemoFailed
            Terraform failed, or something is left.
        """
        arns = {variable: self._aws.import_certificate(name) for variable, name in self._certificates.items()}
        self.environment |= {f"TF_VAR_{variable}": arn for variable, arn in arns.items()}
        self.init()
        self._stage.say(self.change("apply"))
        yield
        self._stage.step("terraform destroy")
        self._stage.say(self.change("destroy"))
        for arn in arns.values():
            self._aws.client("acm").delete_certificate(CertificateArn=arn)
        left = self._aws.leftovers()
        if left:
            raise DemoFailed(f"terraform destroy left something behind: {', '.join(left)}")
        self._stage.say("Nothing is left in localaws.")

    def change_policy(self, changed: Callable[[str], str]) -> None:
        """Change terraform.tfvars, and show how."""
        tfvars = self.folder / "terraform.tfvars"
        before = tfvars.read_text(encoding="utf-8")
        after = changed(before)
        tfvars.write_text(after, encoding="utf-8")
        show_difference(self.console, before, after)


def replaced(tfvars: str, changes: Sequence[tuple[str, str]]) -> str:
    """Return a text after changes, (before, after), each of something that is in it once.

    Raises
    ------
    DemoFailed
        Something to change is not there.
    """
    for before, after in changes:
        if tfvars.count(before) != 1:
            raise DemoFailed(f"terraform.tfvars of the example no longer has what the demo changes: {before}")
        tfvars = tfvars.replace(before, after)
    return tfvars


def show_difference(console: Console, before: str, after: str) -> None:
    """Print what changed in terraform.tfvars."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "terraform.tfvars", "terraform.tfvars", n=0, lineterm=""
    )
    for line in list(lines)[2:]:
        if not line.startswith("@@"):
            console.print(Text(f"  {line}", style="green" if line.startswith("+") else "red"))


def environment_for(aws: LocalAws, terraform: dict[str, str], folder: Path) -> dict[str, str]:
    """Return the environment of Terraform's runs: localaws as AWS, and nothing of an AWS account of the user's."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    # Files that may hold accounts and settings are looked for where none are.
    no_files = {
        "AWS_CONFIG_FILE": str(folder / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-credentials"),
    }
    return {**inherited, **terraform, **no_files, **aws.environment}


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    """Turn a signal into an exception, so that everything is cleaned up on the way out."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def run(demonstrate: Callable[[Stage], None]) -> int:
    """Run a demo; returns the exit status: 0: everything went as it should, 130: interrupted."""
    console = Console(width=None if sys.stdout.isatty() else 150)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        with tempfile.TemporaryDirectory(prefix="client-vpn-demo-") as folder:
            demonstrate(Stage(console, Path(folder)))
    except (DemoFailed, TerraformUnavailable) as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        console.print("\nInterrupted; everything is cleaned up.")
        return 130
    return 0
