"""The reference policy, at any number of rules, and the requests that everything here decides on."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from connect_handler.contract.request import Request

BLOCKED = [f"203.0.113.{number}/32" for number in range(0, 160, 10)] + [
    "192.0.2.0/25",
    "198.18.0.0/15",
    "100.64.0.0/10",
    "240.0.0.0/4",
]
"""A blocklist of 20 prefixes."""

PARTNER_NETWORKS = ["198.51.100.0/25", "198.51.100.192/26"]

RULES: list[dict[str, Any]] = [
    {"name": "blocklist", "effect": "deny", "when": {"public_ip": BLOCKED}},
    {"name": "platforms", "effect": "deny", "unless": {"platform": ["win", "mac", "linux"]}},
    {
        "name": "outdated-windows",
        "effect": "deny",
        "when": {"platform": ["win"], "platform_version": "< 10.0.19045"},
        "message": "Update Windows to 22H2 or newer, then reconnect. ({connection_id})",
    },
    {"name": "outdated-openvpn", "effect": "deny", "when": {"client_openvpn_version": "< 2.5"}},
    {"name": "staff", "effect": "allow", "when": {"groups": ["engineering", "operations", "finance"]}},
    {
        "name": "contractors",
        "effect": "allow",
        "when": {
            "groups": ["contractors"],
            "public_ip": PARTNER_NETWORKS,
            "time": {
                "days": ["mon", "tue", "wed", "thu", "fri"],
                "start": "07:00",
                "end": "20:00",
                "timezone": "Europe/Berlin",
            },
        },
    },
    {"name": "laptops", "effect": "allow", "when": {"common_name": ["laptop-*.corp.example"]}},
    {"name": "administration", "effect": "allow", "when": {"endpoint": ["admin"], "groups": ["administrators"]}},
    {"name": "suppliers", "effect": "allow", "when": {"endpoint": ["suppliers"], "groups": ["suppliers"]}},
    {"name": "kiosks", "effect": "allow", "when": {"endpoint": ["kiosks"], "common_name": ["kiosk-01", "kiosk-02"]}},
]
"""Ten rules; whom none of them allows is denied implicitly."""


def policy(rules: int = 10) -> dict[str, Any]:
    """Return the reference policy, padded with rules for single users, groups and networks, by turns."""
    return {"rules": [*RULES, *itertools.islice(_padding(), rules - len(RULES))]}


def blocklist_policy(networks: int) -> dict[str, Any]:
    """Return a policy that denies a number of networks, and allows everybody else."""
    listed = [f"{10 + (index >> 16)}.{index >> 8 & 255}.{index & 255}.0/24" for index in range(networks)]
    blocklist = {"name": "blocklist", "effect": "deny", "when": {"public_ip": listed}}
    return {"rules": [blocklist, {"name": "staff", "effect": "allow"}]}


def document(policy: dict[str, Any]) -> str:
    """Return the document of a policy as Terraform renders it: without spaces."""
    return json.dumps(policy, separators=(",", ":"))


def _padding() -> Iterator[dict[str, Any]]:
    for number in itertools.count():
        yield {"name": f"user-{number}", "effect": "allow", "when": {"username": [f"user{number}@example.org"]}}
        yield {"name": f"group-{number}", "effect": "allow", "when": {"groups": [f"team-{number}"]}}
        network = f"10.{number >> 8}.{number & 255}.0/24"
        yield {"name": f"network-{number}", "effect": "deny", "when": {"public_ip": [network]}}


EVENT: dict[str, Any] = {
    "connection-id": "cvpn-connection-0a1b2c3d4e5f67890",
    "endpoint-id": "cvpn-endpoint-0123456789abcdef0",
    "common-name": "",
    "username": "anna@example.com",
    "platform": "win",
    "platform-version": "10.0.22631",
    "public-ip": "198.51.100.23",
    "client-openvpn-version": "2.6.12",
    "aws-client-version": "5.3.4",
    "groups": ["vpn-users", "berlin", "engineering"],
    "schema-version": "v3",
}

MONDAY_NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC).timestamp()
SUNDAY = datetime(2026, 11, 22, 11, 0, tzinfo=UTC).timestamp()
MONDAY_NIGHT = datetime(2026, 11, 23, 19, 30, tzinfo=UTC).timestamp()  # 20:30 in Berlin

Sample = tuple[dict[str, Any], str, float]
"""An event, the alias that is invoked, and the time in seconds since 1970-01-01 UTC."""


def samples() -> list[Sample]:
    """Return what is decided on: well-formed requests, half of them allowed, at least one for each of the ten rules."""
    contractor = {"groups": ["vpn-users", "contractors"], "username": "carl@partner.example"}
    machine = {"groups": [], "username": "", "common-name": "laptop-042.corp.example"}
    kiosk = {"groups": [], "username": "", "common-name": "kiosk-02", "platform": "linux", "platform-version": ""}
    changes: list[tuple[dict[str, Any], str, float]] = [
        ({}, "staff", MONDAY_NOON),
        ({"platform": "mac", "platform-version": "14.6.1", "groups": ["Finance", "vpn-users"]}, "staff", MONDAY_NOON),
        ({"platform": "linux", "platform-version": "", "groups": ["operations"]}, "staff", SUNDAY),
        (contractor, "staff", MONDAY_NOON),
        (machine, "staff", MONDAY_NIGHT),
        ({"groups": ["vpn-users", "administrators"]}, "admin", MONDAY_NOON),
        ({"groups": ["suppliers"], "public-ip": "192.0.2.200"}, "suppliers", MONDAY_NOON),
        (kiosk, "kiosks", MONDAY_NOON),
        # Denied:
        ({"public-ip": "203.0.113.70"}, "staff", MONDAY_NOON),
        ({"public-ip": "198.19.1.2"}, "staff", MONDAY_NOON),
        ({"platform": "android"}, "staff", MONDAY_NOON),
        ({"platform-version": "10.0.18363"}, "staff", MONDAY_NOON),
        ({"client-openvpn-version": "2.4.12"}, "staff", MONDAY_NOON),
        (contractor, "staff", MONDAY_NIGHT),
        ({**contractor, "public-ip": "198.51.100.130"}, "staff", MONDAY_NOON),
        ({"groups": ["vpn-users", "administrators"]}, "staff", MONDAY_NOON),
    ]
    return [({**EVENT, **change}, alias, now) for change, alias, now in changes]


def requests() -> list[tuple[Request, float]]:
    """Return the same as the handler's own requests."""
    return [(Request(event, alias), now) for event, alias, now in samples()]
