"""What the function is told by its environment, read once per execution environment."""

from __future__ import annotations

from .policy import STORED, Policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os

    from .admission import Outside
    from .redaction import Redaction

POLICY = "POLICY"
"""Environment variable that holds the policy document, or says where it is: :data:`~connect_handler.policy.STORED`."""

LOG_REDACT = "LOG_REDACT"
"""Environment variable: fields that the decision log does not show, such as ``username,public_ip``."""

LOG_REDACT_KEY = "LOG_REDACT_KEY"
"""Environment variable: the key that their values are hashed with."""

LOG_SAMPLE_ALLOWED = "LOG_SAMPLE_ALLOWED"
"""Environment variable: the share of allowed connections, 0 to 1, of which the decision log says more than a count."""

DEVICE_INVENTORY = "DEVICE_INVENTORY"
"""Environment variable: where devices are looked up, JSON; see :mod:`connect_handler.device_inventory`."""

CONNECTIONS = "CONNECTIONS"
"""Environment variable: where those who are let in are written down, JSON; see :mod:`connect_handler.connections`."""


class Settings:
    """The settings of this execution environment.

    Attributes
    ----------
    policy
        The policy to decide by; None where the environment holds none that is valid.
    policy_digest
        SHA-256 of the document, in hexadecimal; None where none could be read.
    policy_problems
        What is wrong with it where there is no valid policy.
    policy_is_due
        Whether it could not be fetched, so that it is to be loaded again.
    redaction
        What the decision log does not show; None where it shows all.
    outside
        Where evidence comes from, and where connections are written down; None where nothing of it is set up.
    log_sample_allowed
        Share of the allowed connections, 0 to 1, of which the decision log says more than a count.
    function_name, function_version
        As Lambda gives them, https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """

    __slots__ = (
        "_policy_variable",
        "function_name",
        "function_version",
        "log_sample_allowed",
        "outside",
        "policy",
        "policy_digest",
        "policy_is_due",
        "policy_problems",
        "redaction",
    )

    def __init__(self, environment: os._Environ[str] | dict[str, str]) -> None:
        """Read the environment; an invalid policy is kept as its problems, as each request has to be answered."""
        self.function_name = environment.get("AWS_LAMBDA_FUNCTION_NAME", "")
        self.function_version = environment.get("AWS_LAMBDA_FUNCTION_VERSION", "")
        self.redaction: Redaction | None = None
        redacted = environment.get(LOG_REDACT, "")
        if redacted:
            from .redaction import redaction

            self.redaction = redaction(redacted, environment.get(LOG_REDACT_KEY, ""))
        self.log_sample_allowed = _share(environment.get(LOG_SAMPLE_ALLOWED, "1"))
        self._policy_variable = environment.get(POLICY, "")
        self.load_policy()
        self.outside: Outside | None = None
        inventory, connections = environment.get(DEVICE_INVENTORY, ""), environment.get(CONNECTIONS, "")
        if inventory or connections:
            from .admission import look_outside

            look_outside(self, inventory, connections)

    def load_policy(self) -> None:
        """Read the policy; again, where it could not be fetched before."""
        self.policy: Policy | None = None
        self.policy_digest: str | None = None
        self.policy_problems: tuple[str, ...] = ()
        self.policy_is_due = False
        try:
            text = self._policy_variable
            if text.startswith(STORED):
                from .stored_policy import stored_document

                text = stored_document(text)
            self.policy = Policy(text)
            self.policy_digest = self.policy.digest
        except Exception as error:
            from .errors import PolicyError, PolicyNotFetched

            if isinstance(error, PolicyError):
                self.policy_digest = error.digest
                self.policy_problems = error.problems
                self.policy_is_due = isinstance(error, PolicyNotFetched)
            else:  # a bug of ours must not become an answer that Client VPN cannot read
                self.policy_problems = (f"{type(error).__name__}: {error}",)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        return 1.0
    return share if 0 <= share <= 1 else 1.0
