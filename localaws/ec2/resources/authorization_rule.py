"""Authorization rules: who may reach a network through an endpoint."""

from __future__ import annotations

from typing import Any

from .core import ClientVpnPart, EndpointOfPart, Transition


class AuthorizationRule(ClientVpnPart):
    """Permission of a group, or of all groups, to reach a network."""

    FILTERS = ("description", "destination-cidr", "group-id")

    def __init__(
        self,
        endpoint: EndpointOfPart,
        cidr: str,
        group_id: str | None,
        description: str | None,
        state: Transition,
    ):
        super().__init__(endpoint, state)
        self.cidr = cidr
        self.group_id = group_id
        self.description = description

    def filter_values(self) -> dict[str, str | None]:
        return {
            "description": self.description,
            "destination-cidr": self.cidr,
            "group-id": self.group_id,
        }

    def describe(self) -> dict[str, Any]:
        return {
            "ClientVpnEndpointId": self.endpoint.id,
            "Description": self.description,
            # EC2 answers with an empty group ID, not with none, for a rule that authorizes all groups.
            "GroupId": self.group_id or "",
            "AccessAll": self.group_id is None,
            "DestinationCidr": self.cidr,
            "Status": self.status(),
        }
