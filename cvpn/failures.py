"""How a command ends: its exit status, and what keeps it from doing its work."""

from __future__ import annotations

from dataclasses import dataclass

OK = 0
"""Allowed; no difference; valid."""

FAILED = 1
"""The command could not do its work, or not all of it."""

DIFFERENT = 2
"""Denied; differences; test cases that fail."""

INVALID_POLICY = 3
"""The policy is not valid."""


class Failure(Exception):
    """The command cannot go on; the text is one line that says what was found, where, and what to do."""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a policy, or with its test cases.

    Attributes
    ----------
    where
        ``terraform.tfvars:12:5``, or what comes closest to it.
    text
        What was found, and what to write instead.
    warning
        Whether Terraform and the function take it all the same.
    file, line, column
        Of ``where``, from 1; line and column are None where the source has none.
    """

    where: str
    text: str
    warning: bool = False
    file: str = ""
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return f"{self.where}: {'warning' if self.warning else 'error'}: {self.text}"


class InvalidPolicy(Exception):
    """The policy is not valid; it says everything that is wrong, not only the first."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = tuple(findings)
