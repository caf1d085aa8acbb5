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

    Without a valid policy, ``policy`` is None, and ``problems`` say why. ``digest`` is SHA-256 of the document in
    hexadecimal, None without a document. ``is_due`` asks for another :meth:`load`: S3 did not give the document.
    """

    def __init__(self, text: str) -> None:
        """Load the policy from the value of the variable ``POLICY``."""
        self._text = text
        self.load()

    def load(self) -> None:
        """Load the policy. Keep problems instead of raising them: every request needs a response."""
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
            index_of(self.policy)  # built now, while no connection waits
        except PolicyError as error:
            self.digest = error.digest
            self.problems = error.problems
            self.is_due = isinstance(error, PolicyNotFetched)
        except Exception as error:  # a bug of ours must not cost a valid response
            self.policy = None
            self.problems = (f"{type(error).__name__}: {error}",)
