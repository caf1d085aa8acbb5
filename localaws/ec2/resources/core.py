"""Base of the resources: states that settle, identifiers, and the parts of an endpoint."""

from __future__ import annotations

import threading
import time
from secrets import token_hex
from typing import Any, Protocol

from moto.core.common_models import BaseModel

ENDPOINT_ID_PREFIX = "cvpn-endpoint-"


class Backend(Protocol):
    """Backend, as its resources see it."""

    account_id: str
    region_name: str
    partition: str
    client_vpn_lock: threading.RLock


class EndpointOfPart(Protocol):
    """Endpoint, as its parts see it."""

    id: str
    settings: dict[str, Any]


class Transition:
    """State that settles by itself after some seconds, as most states of Client VPN do."""

    def __init__(self, pending: str, settled: str | None, seconds: float):
        self._pending = pending
        self._settled = settled
        self._settles_at = time.monotonic() + seconds

    @property
    def code(self) -> str:
        """Code of the state now. A resource that is gone keeps its last code.

        A resource may go between the call that finds it and the call that describes it.
        """
        return self._pending if self._settled is None or not self._has_settled else self._settled

    @property
    def gone(self) -> bool:
        """Whether the resource is gone."""
        return self._settled is None and self._has_settled

    @property
    def _has_settled(self) -> bool:
        return time.monotonic() >= self._settles_at


class ClientVpnPart(BaseModel):
    """Part of an endpoint. It has a status, and is gone some seconds after its deletion."""

    def __init__(self, endpoint: EndpointOfPart, state: Transition):
        self.endpoint = endpoint
        self.state = state

    @property
    def gone(self) -> bool:
        return self.state.gone

    def status(self) -> dict[str, Any]:
        return {"Code": self.state.code}

    def filter_values(self) -> dict[str, str | None]:
        """Return the value for each filter that AWS documents for the Describe action."""
        raise NotImplementedError


def hex_id() -> str:
    """Return the random end of an identifier."""
    return token_hex(9)[:17]
