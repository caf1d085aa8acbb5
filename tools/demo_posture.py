"""The second act of the demo: devices from an inventory, and a connection that does not stay authorized.

Applies examples/device-posture, fills its table of devices from an export of a device management, and lets clients
connect; then quarantines one of the devices, and re-authorizes.
"""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from localaws import ConnectionAttempt, LocalAws
from tools import ROOT
from tools.demo_stage import SERVER, DemoFailed, Example, Stage

EXAMPLE = Path("examples/device-posture")
CERTIFICATES = {**SERVER, "client_certificate_arn": "devices.example.com"}

DEVICES = (
    ("laptop-0001", "sam@example.com", "Compliant", "Windows"),
    ("laptop-0002", "alex@example.com", "Compliant", "macOS"),
    ("laptop-0003", "kim@example.com", "Noncompliant", "Windows"),
)
"""Name, owner, compliance and operating system, as Intune exports them."""

CLIENTS = (
    ("sam@example.com", "laptop-0001", "win"),
    ("alex@example.com", "laptop-0002", "mac"),
    ("kim@example.com", "laptop-0003", "win"),
    ("kim@example.com", "laptop-0001", "win"),
    ("robin@example.com", "tablet-0009", "android"),
)
"""Who signs in, with whose certificate, on what."""

QUARANTINED = "laptop-0001"


def export() -> str:
    """Return an export of Microsoft Intune, of just now."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("Device name", "Primary user UPN", "Compliance", "OS", "Serial number", "Last check-in"))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for number, (name, owner, compliance, system) in enumerate(DEVICES):
        writer.writerow((name, owner, compliance, system, f"C02{number:05}", now))
    return text.getvalue()


def demonstrate_posture(stage: Stage, aws: LocalAws) -> None:
    """Run the act."""
    example = Example(stage, aws, EXAMPLE, CERTIFICATES)
    stage.step(f"terraform apply of {EXAMPLE}: a table of devices, and a second function that re-authorizes")
    with example.applied():
        output = example.output()
        endpoint_id = output["endpoint_ids"]["staff"]

        stage.step("The table is filled from an export of Microsoft Intune")
        file = stage.folder / "DevicesWithInventory.csv"
        file.write_text(export(), encoding="utf-8")
        cvpn(stage, example, "devices", "import", "--function", "device-posture", str(file))

        stage.step(f"{len(CLIENTS)} clients connect: a certificate says which device it is, SAML who signs in")
        attempts = [
            aws.connect(endpoint_id, username=username, common_name=device, platform=platform)
            for username, device, platform in CLIENTS
        ]
        stage.console.print(table_of(attempts))

        stage.step(f"IT quarantines {QUARANTINED}, while it is connected")
        cvpn(stage, example, "devices", "set", "--function", "device-posture", QUARANTINED, "status=quarantined")

        stage.step("Re-authorization, which runs every five minutes, ends that connection and no other")
        cvpn(stage, example, "reauthorize", "--function", "device-posture", "--run")
        cvpn(stage, example, "connections", "--function", "device-posture")
        again = aws.connect(endpoint_id, username=CLIENTS[0][0], common_name=QUARANTINED, platform="win")
        if again.allowed or again.posture_compliance_statuses != ["quarantined"]:
            raise DemoFailed("The quarantined device connects again, which it must not.")
        stage.say(f"{CLIENTS[0][0]} connects again and is told: {again.message}")
        for attempt in attempts:
            if attempt.allowed:
                aws.disconnect(attempt.connection_id)


def table_of(attempts: list[ConnectionAttempt]) -> Table:
    """Show what became of each client."""
    table = Table(show_lines=True)
    for title in ("who", "certificate of", "outcome", "message to the user", "statuses"):
        table.add_column(title, overflow="fold")
    for (username, device, _), attempt in zip(CLIENTS, attempts, strict=True):
        outcome = Text("ALLOW", style="bold green") if attempt.allowed else Text("DENY", style="bold red")
        statuses = ", ".join(attempt.posture_compliance_statuses)
        table.add_row(username, device, outcome, Text(attempt.message), statuses)
    return table


def cvpn(stage: Stage, example: Example, *arguments: str) -> None:
    """Run the command line, and show what it prints.

    Raises
    ------
    DemoFailed
        It failed.
    """
    stage.say(f"$ cvpn {' '.join(argument.replace(str(stage.folder), '…') for argument in arguments)}", style="bold")
    environment: dict[str, Any] = {**example.environment, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "cvpn", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    for line in (done.stdout + done.stderr).splitlines():
        stage.say(line.replace(str(stage.folder), "…"))
    if done.returncode not in (0, 2):
        raise DemoFailed(f"cvpn {arguments[0]} ended with status {done.returncode}.")
