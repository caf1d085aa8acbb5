"""Writes what ``cvpn`` knows and prints into the README and docs/.

``python -m tools.cvpn_docs`` fills the table of conditions from the definitions that the JSON Schema is made of, and
docs/cli.md with the help of each verb and with what the commands shown there print; ``--check`` tells whether a page is
stale, and writes nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from connect_handler.decision.result import decide
from connect_handler.decision_log.entry import DecisionLog
from connect_handler.policy.document import read_policy
from connect_handler.policy_tests import complete_event
from connect_handler.settings import Settings
from cvpn.cli import VERBS
from cvpn.policy.source import policy_from_files
from cvpn.schemas.conditions import CONDITION_KEYS
from cvpn.verbs.devices import devices
from localaws import LocalAws
from tools import ROOT, generated

LANGUAGE = ROOT / "docs" / "policy-language.md"
CLI = ROOT / "docs" / "cli.md"
EXAMPLE = ROOT / "examples" / "minimal" / "terraform.tfvars"

BROKEN = """\
rules = [
  {
    name   = "staff"
    effect = "allow"
    when   = { gruops = ["engineering"], platform_version = ">= ten" }
  },
  { name = "staff", effect = "alow" },
]
"""

DOUBTFUL = """\
endpoints = { staff = {}, partners = {} }
rules = [
  { name = "no-windows", effect = "deny", when = { platform = ["windows"] } },
  { name = "blocked", effect = "deny", when = { groups = ["contract*"] } },
  { name = "staff", effect = "allow", when = { groups = ["engineering"] } },
  { name = "contractors", effect = "allow", when = { endpoint = ["partner"], groups = ["contractors"] } },
]
"""

CASES = """\
- name: engineers get in
  request: { username: anna@example.com, groups: [engineering], platform: mac }
  expect: { effect: allow, rule: staff }
- name: a Windows that does not say how old it is does not
  request: { groups: [engineering], platform: win }
  expect: { effect: deny, reason: explicit-deny, rule: outdated-windows }
- name: contractors get in from home
  request: { groups: [contractors], public-ip: 203.0.113.5 }
  expect: { effect: allow }
"""

DEVICES = """\
Device name,Compliance,Primary user UPN,OS,Serial number,Last check-in
laptop-1,Compliant,anna@example.com,Windows,5CG1,2025-11-24 07:12:40.0000000
laptop-2,Noncompliant,ben@example.com,Windows,5CG2,2025-11-24 06:58:03.0000000
laptop-4,Compliant,dora@example.com,macOS,C02X,2025-11-24 08:30:11.0000000
"""

TABLE = "AWSClientVPN-corp-devices"

SESSIONS: dict[str, tuple[str, ...]] = {
    "session-validate": ("cvpn validate", "cvpn validate broken.tfvars", "cvpn validate doubtful.tfvars"),
    "session-simulate": (
        "cvpn simulate --username anna@example.com --group engineering --platform win --platform-version 10.0.18363",
        "cvpn simulate decisions.log | head -3",
        "cvpn simulate --group engineering --platform mac --at 2026-11-23T09:00:00Z",
    ),
    "session-explain": (
        "cvpn explain --username eva@example.com --group contractors --platform mac --public-ip 203.0.113.5",
    ),
    "session-test": ("cvpn test cases.yaml",),
    "session-replay": ("diff terraform.tfvars candidate.tfvars", "cvpn replay -p candidate.tfvars decisions.log"),
    "session-size": ("cvpn size",),
    "session-devices": (
        f"cvpn devices import intune.csv --table {TABLE} --dry-run",
        f"cvpn devices import intune.csv --table {TABLE} --remove-missing",
        f"cvpn devices set laptop-1 attributes.quarantined=yes --table {TABLE}",
    ),
}
"""What is shown, in a folder with the files that :func:`_prepare` makes."""


def conditions(*, links: bool) -> str:
    """Return the table of condition keys; with ``links``, to the sections of docs/policy-language.md."""
    rows = ["| condition | value | holds if | unknown if |", "|---|---|---|---|"]
    for key, condition in CONDITION_KEYS.items():
        name = f"[`{key}`](#{key})" if links else f"`{key}`"
        unknown = condition.unknown or "never"
        rows.append(f"| {name} | {condition.value} | {condition.holds} | {unknown} |")
    return "\n".join(rows)


def sessions() -> dict[str, str]:
    """Return what the commands print, by the name of the part that shows them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(folder)
        with LocalAws() as aws:
            _prepare_table(aws)
            parts = {part: _session(folder, commands, aws.environment) for part, commands in SESSIONS.items()}
        for verb in VERBS:
            parts[f"help-{verb}"] = _session(folder, (f"cvpn {verb} --help",))
        for verb in devices.commands:
            parts[f"help-devices-{verb}"] = _session(folder, (f"cvpn devices {verb} --help",))
    return parts


def _prepare_table(aws: LocalAws) -> None:
    """Make a device inventory in which two devices of intune.csv are, and one that is not in there."""
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "common_name", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "common_name", "KeyType": "HASH"}],
    )
    for number, owner in enumerate(("anna", "ben", "carla"), start=1):
        item = {
            "common_name": f"laptop-{number}",
            "status": "Compliant",
            "owner": f"{owner}@example.com",
            "platform": "Windows",
            "serial": f"5CG{number}",
            "updated_at": "2025-11-23T07:00:00Z",
        }
        dynamodb.put_item(TableName=TABLE, Item={key: {"S": value} for key, value in item.items()})


def _prepare(folder: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    (folder / "terraform.tfvars").write_text(text, encoding="utf-8")
    candidate = text.replace('"engineering", "ops-*"', '"engineering"').replace(', public_ip = ["198.51.100.0/24"]', "")
    (folder / "candidate.tfvars").write_text(candidate, encoding="utf-8")
    (folder / "broken.tfvars").write_text(BROKEN, encoding="utf-8")
    (folder / "doubtful.tfvars").write_text(DOUBTFUL, encoding="utf-8")
    (folder / "intune.csv").write_text(DEVICES, encoding="utf-8")
    (folder / "cases.yaml").write_text(CASES, encoding="utf-8")
    (folder / "decisions.log").write_text(_decisions(folder / "terraform.tfvars"), encoding="utf-8")


def _decisions(file: Path) -> str:
    """Return a decision log of a morning, of the policy in a file."""
    settings = Settings({"POLICY": policy_from_files([file]).text, "AWS_LAMBDA_FUNCTION_NAME": "AWSClientVPN-corp"})
    policy = read_policy(settings.policy)
    users = [
        ("anna", "engineering"),
        ("ben", "engineering"),
        ("carla", "ops-berlin"),
        ("dora", "contractors"),
        ("emil", "sales"),
    ]
    lines = []
    for number in range(412):
        user, group = users[0 if number % 103 else number // 103 + 1]
        event = complete_event(
            {
                "connection-id": f"cvpn-connection-{number:017x}",
                "username": f"{user}@example.com",
                "groups": [group],
                "platform": "mac",
                "public-ip": "203.0.113.5",
                "aws-client-version": "5.3.4",
            }
        )
        at = 1_795_417_200.0 + 30 * number  # from 2026-11-23 07:00 UTC on
        result = decide(policy, event, "staff", at)
        line = DecisionLog(settings).line(
            result,
            event=event,
            alias="staff",
            now=at,
            duration_us=50,
            shadow_mode=policy.shadow_mode,
            policy_digest=policy.digest,
        )
        lines.append(line + "\n")
    return "".join(lines)


def _session(folder: Path, commands: Sequence[str], variables: Mapping[str, str] | None = None) -> str:
    shown = []
    binaries = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "110",
        "NO_COLOR": "1",
        **(variables or {}),
    }
    environment.pop("FORCE_COLOR", None)
    for command in commands:
        result = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        shown.append(f"$ {command}\n{result.stdout}{result.stderr}".rstrip())
    return "```console\n" + "\n\n".join(shown) + "\n```"


def pages(root: Path = ROOT) -> Mapping[Path, Mapping[str, str]]:
    """Return the parts of each page."""
    return {
        root / "README.md": {"conditions": conditions(links=False)},
        root / LANGUAGE.relative_to(ROOT): {"conditions": conditions(links=True)},
        root / CLI.relative_to(ROOT): sessions(),
    }


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Write or check the pages; 0: done, or up to date."""
    if shutil.which("bash") is None:
        print("bash is not installed; the commands of docs/cli.md are run in it.", file=sys.stderr)
        return 1
    description = (__doc__ or "").split("\n")[0]
    return generated.write_or_check(arguments, "tools.cvpn_docs", description, pages(root), "what cvpn says")


if __name__ == "__main__":
    sys.exit(main())
