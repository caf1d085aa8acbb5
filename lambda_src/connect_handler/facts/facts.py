"""The facts of one decision."""

from __future__ import annotations

from connect_handler.contract.request import Request

from .addresses import parse_address
from .device import UNKNOWN, Device
from .evidence import Evidence
from .text import fold

_NONE: frozenset[str] = frozenset()


class Facts:
    """One request, the clock and evidence in the form for comparison, and the statuses that posture rules assigned.

    Text is folded. A field that the request lacks is None, and so is an ``address`` that is missing or unreadable.
    ``now`` is in seconds since 1970-01-01 UTC. ``possible_posture`` are the statuses of posture rules that are unknown.
    """

    __slots__ = (
        "address",
        "common_name",
        "evidence",
        "groups",
        "now",
        "possible_posture",
        "posture",
        "request",
        "username",
    )

    def __init__(self, request: Request, now: float, evidence: Evidence | None = None) -> None:
        self.request = request
        self.now = now
        self.evidence = evidence
        common_name, username, groups = request.common_name, request.username, request.groups
        self.common_name = common_name and fold(common_name)
        self.username = username and fold(username)
        self.groups = None if groups is None else {fold(group) for group in groups}
        try:
            self.address = parse_address(request.public_ip) if request.public_ip else None
        except ValueError:
            self.address = None
        self.posture = self.possible_posture = _NONE

    @property
    def platform(self) -> str | None:
        """Of the request, folded."""
        return self.request.platform and fold(self.request.platform)

    @property
    def device(self) -> Device | None:
        """The request's device; None without a registration, UNKNOWN without an answer."""
        name = self.request.common_name
        if name is None:
            return UNKNOWN  # type: ignore[no-any-return]
        if not name:
            return None  # a client without a certificate has no record
        device: Device | None = UNKNOWN if self.evidence is None else self.evidence.device
        if device is None or device is UNKNOWN or device.expires_at is None or self.now < device.expires_at:
            return device
        return None
