"""A handler as people write it with Powertools: an event class, Logger, Metrics, and the reference policy by hand."""

from __future__ import annotations

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from localaws.awslambda.interpreters import Runtime

POWERTOOLS_HANDLER = "app.handler"
POWERTOOLS_VARIABLES = {"POWERTOOLS_SERVICE_NAME": "vpn", "POWERTOOLS_METRICS_NAMESPACE": "ClientVPN"}
PACKAGES = ("aws_lambda_powertools", "typing_extensions")

SOURCE = """
import ipaddress
from datetime import datetime
from zoneinfo import ZoneInfo

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes.common import DictWrapper

logger = Logger()
metrics = Metrics()
BERLIN = ZoneInfo("Europe/Berlin")
BLOCKED = [ipaddress.ip_network(f"203.0.113.{number}/32") for number in range(0, 160, 10)] + [
    ipaddress.ip_network(block) for block in ("192.0.2.0/25", "198.18.0.0/15", "100.64.0.0/10", "240.0.0.0/4")
]
PARTNERS = [ipaddress.ip_network(block) for block in ("198.51.100.0/25", "198.51.100.192/26")]
STAFF = {"engineering", "operations", "finance"}


class ConnectEvent(DictWrapper):
    @property
    def groups(self):
        return {group.lower() for group in self.get("groups") or []}

    @property
    def platform(self):
        return (self.get("platform") or "").lower()

    @property
    def public_ip(self):
        return ipaddress.ip_address(self["public-ip"])


def version(text):
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def decide(event):
    if any(event.public_ip in network for network in BLOCKED):
        return False, "blocklist"
    if event.platform not in ("win", "mac", "linux"):
        return False, "platforms"
    if event.platform == "win" and version(event["platform-version"]) < (10, 0, 19045):
        return False, "outdated-windows"
    if version(event["client-openvpn-version"]) < (2, 5):
        return False, "outdated-openvpn"
    if event.groups & STAFF:
        return True, "staff"
    now = datetime.now(BERLIN)
    if "contractors" in event.groups and any(event.public_ip in network for network in PARTNERS):
        return now.weekday() < 5 and 7 <= now.hour < 20, "contractors"
    name = event["common-name"].lower()
    return name.startswith("laptop-") and name.endswith(".corp.example"), "laptops"


@metrics.log_metrics
def handler(event, context):
    event = ConnectEvent(event)
    allow, rule = decide(event)
    metrics.add_dimension(name="effect", value="allow" if allow else "deny")
    metrics.add_metric(name="Decisions", unit=MetricUnit.Count, value=1)
    logger.info("decision", extra={"allow": allow, "rule": rule, "request": event.raw_event})
    return {
        "allow": allow,
        "error-msg-on-denied-connection": "" if allow else f"Access denied. Quote {event['connection-id']}.",
        "posture-compliance-statuses": [],
        "schema-version": "v3",
    }
"""


def unpack_powertools(folder: Path, runtime: Runtime) -> Path:
    """Write the handler and Powertools into a folder, with the runtime's bytecode, and return the folder."""
    folder.mkdir()
    (folder / "app.py").write_text(SOURCE)
    for name in PACKAGES:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise SystemExit(f"{name} is not installed: run `make bench`, or pip install '.[bench]'")
        origin = Path(spec.origin)
        if origin.name == "__init__.py":
            shutil.copytree(origin.parent, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(origin, folder)
    command = [str(runtime.executable), "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(folder)]
    subprocess.run(command, check=True)
    return folder
