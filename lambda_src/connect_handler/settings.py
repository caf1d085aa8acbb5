"""The function's settings, from its environment variables. Settings are data: they build nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping

POLICY = "POLICY"
"""Environment variable: the policy document, or its place (:mod:`connect_handler.evidence.stored_policy`)."""

STORED = "s3://"
"""Prefix of a ``POLICY`` that names the document's object in Amazon S3."""

LOG_REDACT = "LOG_REDACT"
"""Environment variable: fields that the decision log hides, such as ``username,public_ip``."""

LOG_REDACT_KEY = "LOG_REDACT_KEY"
"""Environment variable: the key of the hashes of hidden values."""

LOG_SAMPLE_ALLOWED = "LOG_SAMPLE_ALLOWED"
"""Environment variable: share of allowed connections, 0 to 1, whose entry is more than a count."""

DEVICE_INVENTORY = "DEVICE_INVENTORY"
"""Environment variable: :class:`InventorySettings` as JSON."""

CONNECTIONS = "CONNECTIONS"
"""Environment variable: :class:`SessionSettings` as JSON."""


class InventorySettings:
    """The device inventory.

    ``names`` are the table's own names of attributes: ``{"status": "compliance_state"}``. ``exact`` tells whether the
    table's keys are common names as certificates have them; else they are folded.
    """

    def __init__(self, text: str) -> None:
        """Read JSON of modules/handler; raise AttributeError, KeyError, TypeError or ValueError for any other text."""
        value = json.loads(text)
        self.table: str = value["table"]
        self.names: dict[str, str] = dict(value.get("attributes", {}))
        self.exact: bool = value.get("exact", False)

    @property
    def key_name(self) -> str:
        """The table's name of its key."""
        return self.names.get("common_name", "common_name")


class SessionSettings:
    """The table of active connections. ``keeps_requests`` is for re-authorization: the table has their requests too."""

    def __init__(self, text: str) -> None:
        """Read JSON, with the errors of :class:`InventorySettings`."""
        value = json.loads(text)
        self.table: str = value["table"]
        self.keeps_requests: bool = value.get("requests", False)


class Settings:
    """The settings of one version of the function.

    ``inventory`` and ``sessions`` are None for a function without that source of evidence. ``log_sample_allowed`` is a
    share, 0 to 1. With any of the ``problems``, every connection is denied.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.policy = environment.get(POLICY, "")
        self.function_name = environment.get("AWS_LAMBDA_FUNCTION_NAME", "")
        self.function_version = environment.get("AWS_LAMBDA_FUNCTION_VERSION", "")
        self.redacted_fields = environment.get(LOG_REDACT, "")
        self.redaction_key = environment.get(LOG_REDACT_KEY, "")
        self.log_sample_allowed = _share(environment.get(LOG_SAMPLE_ALLOWED, "1"))
        self.problems: tuple[str, ...] = ()
        self.inventory: InventorySettings | None = None
        self.sessions: SessionSettings | None = None
        variable = DEVICE_INVENTORY
        try:
            if environment.get(variable):
                self.inventory = InventorySettings(environment[variable])
            variable = CONNECTIONS
            if environment.get(variable):
                self.sessions = SessionSettings(environment[variable])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            what = f"{variable} cannot be read ({type(error).__name__}: {error})"
            self.problems = (f"the environment: {what}; apply again",)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        return 1.0
    return share if 0 <= share <= 1 else 1.0
