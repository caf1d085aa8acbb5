"""Shows the module at work, on this machine alone: ``python -m tools.demo``.

Applies examples/minimal with the real Terraform and AWS provider to localaws, sends connection attempts through the
endpoint, changes the policy in terraform.tfvars, applies again, sends the same attempts, shows whose outcome
changed; makes a mistake, which the deploy gate stops; shows what shadow mode and a shadow rule record; and destroys
everything. tools/demo_posture.py is its second act. No AWS account is asked, and nothing outside a temporary folder is
written.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from connect_handler.decision_log.metrics import METRIC_NAMESPACE, SHADOW_MODE_METRIC, SHADOW_RULES_METRIC
from localaws import ConnectionAttempt, LocalAws
from tools.demo_posture import demonstrate_posture
from tools.demo_stage import REGION, DemoFailed, Example, Stage, replaced, run

EXAMPLE = Path("examples/minimal")


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


MISTAKE = [('groups = ["engineering", "marketing", "ops-*"]', 'groups = ["enginering", "marketing", "ops-*"]')]
"""A letter too few."""

SHADOW_RULE = """\
shadow_mode = true
rules = [
  { name = "old-clients", effect = "deny", when = { aws_client_version = "< 5.3" }, shadow = true },"""

SHADOWS = [*[(after, before) for before, after in MISTAKE], ("rules = [", SHADOW_RULE)]
"""The mistake is mended, shadow mode is switched on, and a rule is tried in the shadow."""


def changed_policy(tfvars: str) -> str:
    """Return the example's tfvars after the demo's change of policy."""
    return replaced(tfvars, POLICY_CHANGES)


def mistaken_policy(tfvars: str) -> str:
    """Return the changed tfvars with a mistake."""
    return replaced(tfvars, MISTAKE)


def shadowed_policy(tfvars: str) -> str:
    """Return the mistaken tfvars, mended, with shadows."""
    return replaced(tfvars, SHADOWS)


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


def table_of_shadows(attempts: Sequence[ConnectionAttempt]) -> Table:
    """Show what became of each client, what the policy says, and what it would say with its shadow rules."""
    table = Table(show_lines=True)
    for title in ("who", "on what", "outcome", "the policy says", "and with its shadow rules"):
        table.add_column(title, overflow="fold")
    for client, attempt in zip(CLIENTS, attempts, strict=True):
        decision = decision_of(attempt)
        says, shadow = said(decision), said(decision["shadow"] or decision)
        table.add_row(
            Text(client.who),
            Text(client.device),
            outcome(attempt),
            says,
            Text("the same", "dim") if says == shadow else shadow,
        )
    return table


def said(decision: dict[str, Any]) -> Text:
    """An outcome of the decision log, with the rule that decided."""
    allowed = decision["effect"] == "allow"
    verdict = Text("ALLOW", style="bold green") if allowed else Text("DENY", style="bold red")
    return verdict + Text(f"\n{decision['rule'] or '(' + decision['reason'] + ')'}")


def demonstrate(stage: Stage) -> None:
    """Run the demo."""
    stage.step("Starting localaws: AWS on this machine, with the Client VPN service and a Lambda runtime")
    with LocalAws(region=REGION) as aws:
        stage.say(f"{aws.endpoint_url} ({REGION})", style="dim")
        example = Example(stage, aws, EXAMPLE)

        stage.step(
            f"terraform apply of {EXAMPLE}: the function, a Client VPN endpoint, and the policy in terraform.tfvars"
        )
        with example.applied():
            first = example.output()

            stage.step(f"{len(CLIENTS)} clients connect to {first['endpoint_id']}")
            before = attempts_of(stage.console, aws, first["endpoint_id"])
            stage.console.print(table_of(before))
            stage.say(
                f"{first['function_name']} ran under {before[0].interpreter}. What it decided is in its log, one line"
                " of JSON a decision; the endpoint's connection log has the rest."
            )

            stage.step("The policy changes, in terraform.tfvars")
            example.change_policy(changed_policy)

            stage.step("terraform apply: a new version of the function, to which the aliases move")
            stage.say(example.change("apply"))
            second = example.output()
            stage.say(
                f"function version {first['function_version']} -> {second['function_version']}, "
                f"policy {first['policy_digest'][:12]} -> {second['policy_digest'][:12]}"
            )
            if second["endpoint_id"] != first["endpoint_id"]:
                raise DemoFailed("The change of policy replaced the endpoint, which it must not.")

            stage.step("The same clients connect again. Whose outcome changed:")
            after = attempts_of(stage.console, aws, second["endpoint_id"])
            stage.console.print(table_of_changes(before, after))

            stage.step("A mistake in terraform.tfvars, which would lock the engineers out")
            example.change_policy(mistaken_policy)

            stage.step("terraform apply: the new version fails the policy_tests there, and no alias moves to it")
            example.refused("apply")
            still = attempts_of(stage.console, aws, second["endpoint_id"])
            if [attempt.allowed for attempt in still] != [attempt.allowed for attempt in after]:
                raise DemoFailed("The version that failed its tests decides, which it must not.")
            stage.say("The same clients connect again: every outcome is as it was.")

            stage.step("The mistake is mended, a rule is tried in the shadow, and so is the whole policy")
            example.change_policy(shadowed_policy)

            stage.step("terraform apply: it goes through, and warns that shadow mode is on")
            stage.say(example.change("apply"))

            stage.step("The same clients connect again. Everybody gets in; the log has what would have been:")
            stage.console.print(table_of_shadows(attempts_of(stage.console, aws, second["endpoint_id"])))
            metrics = {
                name: int(aws.metric_sum(METRIC_NAMESPACE, name, {"function_name": first["function_name"]}))
                for name in (SHADOW_MODE_METRIC, SHADOW_RULES_METRIC)
            }
            stage.say(f"CloudWatch counts: {', '.join(f'{name} {count}' for name, count in metrics.items())}.")

        demonstrate_posture(stage, aws)
    stage.step("Done")
    stage.say("Next: read examples/minimal, or run .venv/bin/python -m localaws serve and apply an example yourself.")


if __name__ == "__main__":
    sys.exit(run(demonstrate))
