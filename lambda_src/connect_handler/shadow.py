"""Shadow rules: what they would change."""

from __future__ import annotations

from .evaluation import conclude

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .policy import AccessRule


class ShadowOutcome:
    """What would come of a connection if the shadow rules counted.

    Attributes
    ----------
    allow, reason, rule
        As a :class:`~connect_handler.evaluation.Decision` has them.
    rules
        The shadow rules that applied, in document order.
    """

    __slots__ = ("allow", "reason", "rule", "rules")

    def __init__(self, deciding: list[AccessRule], rules: list[AccessRule]) -> None:
        """Take all rules that would decide together, and the shadow rules that applied."""
        self.allow, self.reason, decider = conclude(deciding)
        self.rule = None if decider is None else decider.label
        self.rules = rules

    @property
    def applied(self) -> list[str]:
        """Names of the shadow rules that applied."""
        return [rule.label for rule in self.rules]
