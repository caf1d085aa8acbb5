"""Shows the module at work, on this machine alone: ``python -m tools.demo``.

Applies examples/minimal with the real Terraform and AWS provider to localaws, sends connection attempts through the
endpoint, changes the policy in terraform.tfvars, applies again, sends the same attempts, shows whose outcome
changed, and destroys everything. No AWS account is asked, and nothing outside a temporary folder is written.
"""

from __future__ import annotations

import difflib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from localaws import ConnectionAttempt, LocalAws
from tools import ROOT
from tools.terraform_cli import TerraformUnavailable, terraform_environment
from tools.terraform_files import copy_terraform_files

EXAMPLE = Path("examples/minimal")
REGION = "eu-central-1"
_FOREIGN = ("AWS_", "TF_VAR_", "TF_CLI_ARGS", "TF_DATA_DIR", "TF_LOG", "TF_WORKSPACE")
"""Variables of the user's own work with Terraform and AWS, which is not this."""


class DemoFailed(Exception):
    """Something did not work as it should; the message says what."""


@dataclass(frozen=True)
class Client:
    """Somebody who connects: the attributes that Client VPN would pass on."""

    username: str
    public_ip: str
    platform: str
    platform_version: str
    client_openvpn_version: str
    aws_client_version: str = ""
    groups: list[str] = field(default_factory=list)

    @property
    def who(self) -> str:
        """User name and groups."""
        return f"{self.username}\n{', '.join(self.groups) or 'no groups'}"

    @property
    def device(self) -> str:
        """Platform and client software."""
        software = f"AWS client {self.aws_client_version}"
        if not self.aws_client_version:
            software = f"OpenVPN {self.client_openvpn_version}"
        return f"{self.platform} {self.platform_version}\n{software}"


CLIENTS = [
    Client("anna@example.com", "203.0.113.10", "win", "10.0.22631", "2.6.12", "6.2.0", ["engineering"]),
    Client("ben@example.com", "203.0.113.11", "win", "10.0.18363", "2.6.12", "5.3.4", ["engineering"]),
    Client("carla@example.com", "203.0.113.12", "win", "10.0.19045", "2.6.12", "6.2.0", ["ops-network"]),
    Client("dilip@example.com", "203.0.113.13", "mac", "", "2.6.12", "5.2.1", ["Ops-Oncall", "all-staff"]),
    Client("emma@example.com", "203.0.113.14", "win", "", "2.6.9", "", ["engineering"]),
    Client("farid@partner.example", "198.51.100.23", "linux", "", "2.6.12", "5.3.0", ["contractors"]),
    Client("greta@partner.example", "203.0.113.77", "linux", "", "2.6.12", "5.3.0", ["contractors"]),
    Client("hana@partner.example", "2001:db8:4::17", "mac", "", "2.6.12", "6.2.0", ["contractors"]),
    Client("igor@example.com", "203.0.113.15", "android", "", "3.10.4", "", ["marketing"]),
    Client("judith@example.com", "203.0.113.16", "linux", "", "2.6.12", "6.2.0"),
]

POLICY_CHANGES = [
    ('platform_version = "< 10.0.19045"', 'platform_version = "< 10.0.22631"'),
    ("Update Windows to 22H2 or newer", "Update to Windows 11 23H2 or newer"),
    ('groups = ["engineering", "ops-*"]', 'groups = ["engineering", "marketing", "ops-*"]'),
    ('public_ip = ["198.51.100.0/24"]', 'public_ip = ["198.51.100.0/24", "2001:db8:4::/48"]'),
]
"""What the demo changes in the example's terraform.tfvars: (before, after)."""


def changed_policy(tfvars: str) -> str:
    """Return the example's tfvars after the demo's change of policy."""
    for before, after in POLICY_CHANGES:
        if tfvars.count(before) != 1:
            raise DemoFailed(f"{EXAMPLE}/terraform.tfvars no longer has what the demo changes: {before}")
        tfvars = tfvars.replace(before, after)
    return tfvars


def decision_of(attempt: ConnectionAttempt) -> dict[str, Any]:
    """Return the decision log's entry about an attempt."""
    for line in attempt.function_log:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and "effect" in entry:
            return entry
    raise DemoFailed(
        f"The function logged no decision about {attempt.connection_id} "
        f"({attempt.failure_reason}): {' / '.join(attempt.function_log) or 'it wrote nothing'}"
    )


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


def attempts_of(console: Console, aws: LocalAws, endpoint_id: str) -> list[ConnectionAttempt]:
    """Let every client try to connect."""
    attempts = []
    with console.status("connecting") as status:
        for client in CLIENTS:
            status.update(f"{client.username} connects")
            attempts.append(aws.connect(endpoint_id, **asdict(client)))
    return attempts


def outcome(attempt: ConnectionAttempt) -> Text:
    """ALLOW or DENY, as the decision log says it."""
    return Text("ALLOW", style="bold green") if attempt.allowed else Text("DENY", style="bold red")


def rule(attempt: ConnectionAttempt) -> str:
    """Return the rule that decided, or in brackets the reason where none did."""
    decision = decision_of(attempt)
    return decision["rule"] or f"({decision['reason']})"


def table_of(attempts: Sequence[ConnectionAttempt]) -> Table:
    """Show what became of each client."""
    table = Table(show_lines=True)
    for title in ("who", "from", "on what", "outcome", "rule", "message to the user", "statuses"):
        table.add_column(title, overflow="fold")
    for client, attempt in zip(CLIENTS, attempts, strict=True):
        table.add_row(
            Text(client.who),
            client.public_ip,
            Text(client.device),
            outcome(attempt),
            Text(rule(attempt)),
            Text(attempt.message),
            Text("\n".join(attempt.posture_compliance_statuses)),
        )
    return table


def table_of_changes(before: Sequence[ConnectionAttempt], after: Sequence[ConnectionAttempt]) -> Table:
    """Show the clients whose outcome is another one now."""
    table = Table(show_lines=True)
    for title in ("who", "from", "on what", "before", "now", "message to the user"):
        table.add_column(title, overflow="fold")
    for client, old, new in zip(CLIENTS, before, after, strict=True):
        if old.allowed != new.allowed:
            table.add_row(
                Text(client.who),
                client.public_ip,
                Text(client.device),
                outcome(old) + Text(f"\n{rule(old)}"),
                outcome(new) + Text(f"\n{rule(new)}"),
                Text(new.message),
            )
    return table


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


def demonstrate(console: Console, folder: Path) -> None:
    """Run the demo in a temporary folder."""

    def step(text: str) -> None:
        console.print()
        console.print(f"[bold cyan]{time.monotonic() - started:4.0f} s[/]  [bold]{text}[/]", highlight=False)

    started = time.monotonic()
    terraform_variables = terraform_environment()
    step("Starting localaws: AWS on this machine, with the Client VPN service and a Lambda runtime")
    with LocalAws(region=REGION) as aws:
        console.print(f"  {aws.endpoint_url} ({REGION})", style="dim", highlight=False)
        example = folder / "terraform" / EXAMPLE
        copy_terraform_files(ROOT, folder / "terraform")
        environment = environment_for(aws, terraform_variables, folder)
        certificate = aws.import_certificate("vpn.example.com")
        environment["TF_VAR_server_certificate_arn"] = certificate
        terraform = TerraformRun(console, example, environment)

        step(f"terraform apply of {EXAMPLE}: the function, a Client VPN endpoint, and the policy in terraform.tfvars")
        terraform.init()
        console.print(f"  {terraform.change('apply')}", highlight=False)
        first = terraform.output()

        step(f"{len(CLIENTS)} clients connect to {first['endpoint_id']}")
        before = attempts_of(console, aws, first["endpoint_id"])
        console.print(table_of(before))
        console.print(
            f"  {first['function_name']} ran under {before[0].interpreter}. What it decided is in its log, one line of"
            f" JSON a decision; the endpoint's connection log has the rest.",
            highlight=False,
        )

        step("The policy changes, in terraform.tfvars")
        tfvars = example / "terraform.tfvars"
        old = tfvars.read_text(encoding="utf-8")
        new = changed_policy(old)
        tfvars.write_text(new, encoding="utf-8")
        show_difference(console, old, new)

        step("terraform apply: a new version of the function, to which the aliases move; the endpoint stays as it is")
        console.print(f"  {terraform.change('apply')}", highlight=False)
        second = terraform.output()
        console.print(
            f"  function version {first['function_version']} -> {second['function_version']}, "
            f"policy {first['policy_digest'][:12]} -> {second['policy_digest'][:12]}",
            highlight=False,
        )
        if second["endpoint_id"] != first["endpoint_id"]:
            raise DemoFailed("The change of policy replaced the endpoint, which it must not.")

        step("The same clients connect again. Whose outcome changed:")
        after = attempts_of(console, aws, second["endpoint_id"])
        console.print(table_of_changes(before, after))

        step("terraform destroy")
        console.print(f"  {terraform.change('destroy')}", highlight=False)
        aws.client("acm").delete_certificate(CertificateArn=certificate)
        left = aws.leftovers()
        if left:
            raise DemoFailed(f"terraform destroy left something behind: {', '.join(left)}")
        console.print("  Nothing is left in localaws.")
    step("Done")
    console.print(
        "  Next: read examples/minimal, or run .venv/bin/python -m localaws serve and apply an example yourself.",
        highlight=False,
    )


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    """Turn a signal into an exception, so that everything is cleaned up on the way out."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    """Run the demo; 0: everything went as it should, 130: interrupted."""
    console = Console(width=None if sys.stdout.isatty() else 150)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        with tempfile.TemporaryDirectory(prefix="client-vpn-demo-") as folder:
            demonstrate(console, Path(folder))
    except (DemoFailed, TerraformUnavailable) as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        console.print("\nInterrupted; everything is cleaned up.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
