"""The function's settings, as its environment variables have them. This is data: it builds nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping

POLICY = "POLICY"
"""Environment variable: the policy document, or where it is stored (:mod:`connect_handler.evidence.stored_policy`)."""

STORED = "s3://"
"""Beginning of a ``POLICY`` that is no document, but names the object in Amazon S3 that holds it."""

LOG_REDACT = "LOG_REDACT"
"""Environment variable: fields that the decision log hides, such as ``username,public_ip``."""

LOG_REDACT_KEY = "LOG_REDACT_KEY"
"""Environment variable: the key that hidden values are hashed with."""

LOG_SAMPLE_ALLOWED = "LOG_SAMPLE_ALLOWED"
"""Environment variable: share of allowed connections, 0 to 1, that are logged with more than a count."""

DEVICE_INVENTORY = "DEVICE_INVENTORY"
"""Environment variable: :class:`InventorySettings` as JSON."""

CONNECTIONS = "CONNECTIONS"
"""Environment variable: :class:`SessionSettings` as JSON."""


class InventorySettings:
    """Where devices are looked up.

    Attributes
    ----------
    table
        Name of the DynamoDB table.
    names
        The table's own names of attributes: ``{"status": "compliance_state"}``.
    exact
        Whether the table's keys are common names as certificates have them; else they are folded.
    """

    def __init__(self, text: str) -> None:
        """Read JSON.

        Raises
        ------
        AttributeError, KeyError, TypeError, ValueError
            It is not as modules/handler writes it.
        """
        value = json.loads(text)
        self.table: str = value["table"]
        self.names: dict[str, str] = dict(value.get("attributes", {}))
        self.exact: bool = value.get("exact", False)

    @property
    def key_name(self) -> str:
        """The table's name of its key."""
        return self.names.get("common_name", "common_name")


class SessionSettings:
    """Where active connections are recorded.

    Attributes
    ----------
    table
        Name of the DynamoDB table.
    keeps_requests
        Whether the request of each connection is kept, for re-authorization.
    """

    def __init__(self, text: str) -> None:
        """Read JSON; errors are those of :class:`InventorySettings`."""
        value = json.loads(text)
        self.table: str = value["table"]
        self.keeps_requests: bool = value.get("requests", False)


class Settings:
    """The settings of one version of the function.

    Attributes
    ----------
    policy
        Text of ``POLICY``.
    inventory, sessions
        Sources of evidence; None for none.
    redacted_fields, redaction_key
        Texts of ``LOG_REDACT`` and ``LOG_REDACT_KEY``.
    log_sample_allowed
        Share of allowed connections, 0 to 1, that are logged with more than a count.
    function_name, function_version
        As Lambda gives them, https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    problems
        Variables that cannot be read. No connection is allowed with any.
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
