"""The facts of one decision."""

from __future__ import annotations

from connect_handler.contract.request import Request

from .addresses import parse_address
from .device import UNKNOWN, Device
from .evidence import Evidence
from .text import fold

_NONE: frozenset[str] = frozenset()


class Facts:
    """One request, the clock and evidence, ready to be compared, and the statuses that posture rules assigned.

    Attributes
    ----------
    request
        The request.
    now
        Seconds since 1970-01-01 UTC.
    evidence
        What is known besides the request; None for nothing.
    common_name, username, platform, groups
        Of the request, folded: text is compared without case. None if the request lacks the field.
    address
        The client's, as :func:`~connect_handler.facts.addresses.parse_address` returns it; None if it is missing or
        unreadable.
    posture
        Statuses that posture rules assigned.
    possible_posture
        Statuses of posture rules that are unknown.
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
        """The request's device; None if it is not registered, UNKNOWN if nobody could tell."""
        name = self.request.common_name
        if name is None:
            return UNKNOWN  # type: ignore[no-any-return]
        if not name:
            return None  # a client without a certificate has no record
        device: Device | None = UNKNOWN if self.evidence is None else self.evidence.device
        if device is None or device is UNKNOWN or device.expires_at is None or self.now < device.expires_at:
            return device
        return None
