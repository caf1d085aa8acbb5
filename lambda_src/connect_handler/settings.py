"""What the function is told by its environment, read once per execution environment."""

from __future__ import annotations

import os

from .policy import Policy, PolicyError

POLICY = "POLICY"
"""Environment variable that holds the policy document."""


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
    function_name, function_version
        As Lambda gives them, https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """

    __slots__ = ("function_name", "function_version", "policy", "policy_digest", "policy_problems")

    def __init__(self, environment: os._Environ[str] | dict[str, str]) -> None:
        """Read the environment; an invalid policy is kept as its problems, as each request has to be answered."""
        self.function_name = environment.get("AWS_LAMBDA_FUNCTION_NAME", "")
        self.function_version = environment.get("AWS_LAMBDA_FUNCTION_VERSION", "")
        self.policy: Policy | None = None
        self.policy_digest: str | None = None
        self.policy_problems: tuple[str, ...] = ()
        try:
            self.policy = Policy(environment.get(POLICY, ""))
            self.policy_digest = self.policy.digest
        except PolicyError as error:
            self.policy_digest = error.digest
            self.policy_problems = error.problems
        except Exception as error:  # a bug of ours must not become an answer that Client VPN cannot read
            self.policy_problems = (f"{type(error).__name__}: {error}",)
