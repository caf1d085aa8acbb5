"""The policy of the function: read from its environment, or from where it is stored."""

from __future__ import annotations

from collections.abc import Sequence

from connect_handler.decision.index import index_of
from connect_handler.policy.document import read_policy
from connect_handler.policy.model import Policy
from connect_handler.policy.problems import PolicyError, PolicyNotFetched
from connect_handler.settings import STORED


class PolicySource:
    """The policy of one version of the function.

    Attributes
    ----------
    policy
        The policy; None if there is no valid one.
    digest
        SHA-256 of the document, in hexadecimal; None if there is no document.
    problems
        Why there is no valid policy.
    is_due
        Whether the document could not be fetched and has to be loaded again.
    """

    def __init__(self, text: str) -> None:
        """Load the policy that the text of the variable ``POLICY`` is, or names."""
        self._text = text
        self.load()

    def load(self) -> None:
        """Load the policy. Problems are kept, and not raised: every request needs a response."""
        self.policy: Policy | None = None
        self.digest: str | None = None
        self.problems: Sequence[str] = ()
        self.is_due = False
        try:
            text = self._text
            if text.startswith(STORED):
                from connect_handler.evidence.stored_policy import fetch_document  # late: few policies are stored

                text = fetch_document(text)
            self.policy = read_policy(text)
            self.digest = self.policy.digest
            index_of(self.policy)  # made now, while no connection waits
        except PolicyError as error:
            self.digest = error.digest
            self.problems = error.problems
            self.is_due = isinstance(error, PolicyNotFetched)
        except Exception as error:  # a bug of ours must not become a response that Client VPN cannot read
            self.policy = None
            self.problems = (f"{type(error).__name__}: {error}",)
