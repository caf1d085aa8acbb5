"""What is wrong with what the function is given. It is apart, as a cold start is to load none of it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .problems import Problems


class InvalidRequest(Exception):
    """The event is not a connection request; the text says what was found and where."""


class PolicyError(Exception):
    """The document is no policy.

    Attributes
    ----------
    problems
        Everything that is wrong with it, a sentence each: where, what was found, what to write instead. They are
        :class:`~connect_handler.problems.Problem` and know their place in the document.
    digest
        Of the document, as a policy has it; None where not even the document could be read.
    """

    def __init__(self, problems: Problems, digest: str | None = None) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
        self.digest = digest


class PolicyNotFetched(PolicyError):
    """The document could not be had this time."""
