"""What a replay counts. A tally takes no more room for a long log than for a short one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from .comparison import CHANGES, Outcome

MAX_GROUPS = 10_000
"""Groups of changes that are told apart; what comes after them is counted only."""

MAX_MESSAGES = 20
"""Unreadable lines that are named; what comes after them is counted only."""

HOUR = 3600

SAME = "same"
NOT_REPLAYABLE = "not replayable"
KINDS = (SAME, *CHANGES, NOT_REPLAYABLE)
"""What can become of a decision."""


class GroupKey(NamedTuple):
    """Changes that belong together: of one user, from one outcome to another.

    A tuple: a dataclass takes longer to hand to another process and to look up.
    """

    change: str
    user: str
    before: Outcome
    after: Outcome


@dataclass
class Group:
    """How many connections changed alike, when the first and the last did, and the last one's id."""

    connections: int
    first: float
    last: float
    example: str

    def merge(self, other: Group) -> None:
        """Take in another group of the same key."""
        self.connections += other.connections
        self.first = min(self.first, other.first)
        if other.last >= self.last:
            self.last, self.example = other.last, other.example


@dataclass
class Tally:
    """What became of the decisions of a log.

    Attributes
    ----------
    counts
        By kind.
    reasons
        Why decisions could not be replayed.
    groups
        Changes, at most MAX_GROUPS of them.
    not_listed
        Changes that belong to no group any more.
    hours
        Counts by kind and hour since 1970-01-01 UTC.
    unreadable
        Lines that are no decisions.
    messages
        The first of them: file, line and why.
    first, last
        Time of the first and the last decision, in seconds since 1970-01-01 UTC; None where there is none.
    """

    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    groups: dict[GroupKey, Group] = field(default_factory=dict)
    not_listed: int = 0
    hours: dict[int, Counter[str]] = field(default_factory=dict)
    unreadable: int = 0
    messages: list[str] = field(default_factory=list)
    first: float | None = None
    last: float | None = None

    @property
    def decisions(self) -> int:
        """How many decisions were read."""
        return self.counts.total()

    @property
    def changed(self) -> int:
        """How many would be others."""
        return sum(self.counts[change] for change in CHANGES)

    def count(self, kind: str, at: float) -> None:
        """Count a decision."""
        self.counts[kind] += 1
        hour = int(at // HOUR)
        if hour not in self.hours:
            self.hours[hour] = Counter()
        self.hours[hour][kind] += 1
        self.first = at if self.first is None else min(at, self.first)
        self.last = at if self.last is None else max(at, self.last)

    def add_change(self, key: GroupKey, group: Group) -> None:
        """Add changes that belong together."""
        if key in self.groups:
            self.groups[key].merge(group)
        elif len(self.groups) < MAX_GROUPS:
            self.groups[key] = group
        else:
            self.not_listed += group.connections

    def add_unreadable(self, message: str) -> None:
        """Count a line that is no decision."""
        self.unreadable += 1
        if len(self.messages) < MAX_MESSAGES:
            self.messages.append(message)

    def merge(self, other: Tally) -> None:
        """Take in the tally of the following part of the log."""
        self.counts += other.counts
        self.reasons += other.reasons
        for key, group in other.groups.items():
            self.add_change(key, group)
        self.not_listed += other.not_listed
        for hour, counts in other.hours.items():
            self.hours[hour] = self.hours.get(hour, Counter()) + counts
        self.unreadable += other.unreadable
        self.messages += other.messages[: MAX_MESSAGES - len(self.messages)]
        for at in (other.first, other.last):
            if at is not None:
                self.first = at if self.first is None else min(at, self.first)
                self.last = at if self.last is None else max(at, self.last)

    def sorted_groups(self) -> list[tuple[GroupKey, Group]]:
        """Return the groups, the gravest change and the most connections first."""
        return sorted(
            self.groups.items(),
            key=lambda item: (CHANGES.index(item[0].change), -item[1].connections, item[0].user, item[1].first),
        )
