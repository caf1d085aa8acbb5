"""Evidence: facts besides the request, as plain data. connect_handler/evidence fetches it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .device import UNKNOWN, Device

DEVICE = "device"
SESSIONS = "sessions"
FAILED = "failed"

USERNAME = "username"
COMMON_NAME = "common_name"
BY = (USERNAME, COMMON_NAME)
"""Attributes of a request to count sessions by."""

CONNECTIONS = "connections"
"""Kind of failure: an allowed connection could not be recorded."""


class Evidence:
    """Facts besides the request.

    Attributes
    ----------
    device
        The device's record; None if the inventory has none; :data:`~connect_handler.facts.device.UNKNOWN` without an
        answer.
    sessions
        Ids of the other active connections, the oldest first, by ``username`` and ``common_name``. A missing key is
        unknown.
    failures
        Cause of each failure, by ``device``, ``sessions`` or ``connections``.
    """

    def __init__(self) -> None:
        self.device: Device | None = UNKNOWN
        self.sessions: dict[str, list[str]] = {}
        self.failures: dict[str, str] = {}

    @classmethod
    def from_document(cls, value: Mapping[str, Any], common_name: str | None = None) -> Evidence:
        """Read evidence from JSON, as :meth:`document` returns it.

        A number of sessions stands for as many connections without names. Any other value raises ValueError, whose text
        has the place, the value and the correction.
        """
        evidence = cls()
        for key in value:
            if key not in (DEVICE, SESSIONS, FAILED):
                raise ValueError(f"has the unknown key {key!r}; write {DEVICE} or {SESSIONS}")
        if DEVICE in value:
            evidence.device = _device(value[DEVICE], common_name or "")
        sessions = value.get(SESSIONS, {})
        if not isinstance(sessions, dict):
            raise ValueError(f"has {SESSIONS} of the wrong type; write an object such as {{ username = 1 }}")
        for by, others in sessions.items():
            if by not in BY:
                raise ValueError(f"has the unknown key {SESSIONS}.{by}; write {' or '.join(BY)}")
            evidence.sessions[by] = _others(others, f"{SESSIONS}.{by}")
        failures = value.get(FAILED, {})
        if not isinstance(failures, dict) or not all(isinstance(cause, str) for cause in failures.values()):
            raise ValueError(f"has {FAILED} of the wrong type; write an object of texts")
        evidence.failures = dict(failures)
        return evidence

    def document(self) -> dict[str, Any]:
        """Return the evidence as JSON, without unknown facts."""
        value: dict[str, Any] = {}
        if self.device is not UNKNOWN:
            value[DEVICE] = None if self.device is None else self.device.document()
        if self.sessions:
            value[SESSIONS] = self.sessions
        if self.failures:
            value[FAILED] = self.failures
        return value


def _device(value: Any, common_name: str) -> Device | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueError(f'has {DEVICE} of the wrong type; write null, or an object such as {{ status = "compliant" }}')
    device = Device(common_name, value)
    record = device.document()
    for name in value:
        if name not in record and value[name] is not None:
            raise ValueError(f"has {DEVICE}.{name}, which is no attribute of a device or has no value that it can have")
    return device


def _others(value: Any, where: str) -> list[str]:
    if type(value) is int and value >= 0:
        return [f"another-{number}" for number in range(1, value + 1)]
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value
    raise ValueError(f"has {where} of the wrong type; write a number of connections")
