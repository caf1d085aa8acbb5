"""The condition keys and their readers. This is the only list of keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from connect_handler.facts.evidence import DEVICE, SESSIONS

from .base import Reader
from .device import read_device
from .names import posture_reader, read_all_groups, read_endpoint, read_groups, read_pattern
from .networks import read_public_ip
from .schedule import read_time
from .sessions import read_sessions
from .versions import read_version

POSTURE = "posture"

POSTURE_RULE_CONDITIONS: Mapping[str, Reader] = {
    "all_groups": read_all_groups,
    "aws_client_version": read_version,
    "client_openvpn_version": read_version,
    "common_name": read_pattern,
    DEVICE: read_device,
    "endpoint": read_endpoint,
    "groups": read_groups,
    "platform": read_pattern,
    "platform_version": read_version,
    "public_ip": read_public_ip,
    "time": read_time,
    "username": read_pattern,
}
"""Readers of the conditions of posture rules. These rules can depend neither on a status nor on sessions."""

CONDITION_KEYS = (*POSTURE_RULE_CONDITIONS, POSTURE, SESSIONS)
"""Every condition key of a rule."""


def rule_conditions(statuses: Collection[str]) -> Mapping[str, Reader]:
    """Return the readers of the conditions of rules, given the statuses that the policy can assign."""
    return {**POSTURE_RULE_CONDITIONS, POSTURE: posture_reader(statuses), SESSIONS: read_sessions}
