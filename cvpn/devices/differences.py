"""What a file would change in the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connect_handler.facts.device import TIMES

from .records import Known, Record, format_value, to_document


@dataclass(frozen=True)
class FieldChange:
    """What changes in a record.

    Attributes
    ----------
    key
        ``status``, ``attributes.department``.
    before, after
        Values; None for none.
    """

    key: str
    before: Known | None
    after: Known | None

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "field": self.key,
            "before": None if self.before is None else format_value(self.key, self.before),
            "after": None if self.after is None else format_value(self.key, self.after),
        }

    def __str__(self) -> str:
        before, after = (
            f'"{format_value(self.key, value)}"' if value is not None else "-" for value in (self.before, self.after)
        )
        return f"{self.key} {before} -> {after}"


@dataclass
class Differences:
    """What a file would change.

    Attributes
    ----------
    added
        Records by key of the table.
    changed
        What changes in a record, by its key.
    renewed
        The same, where only times do: the device has checked in.
    removed
        What the table knows of devices that would be removed.
    unchanged
        Devices of the file that are in the table as they are.
    expired
        Keys of devices of the file that the table has, and that have expired there and would stay so.
    """

    added: dict[str, Record] = field(default_factory=dict)
    changed: dict[str, tuple[FieldChange, ...]] = field(default_factory=dict)
    renewed: dict[str, tuple[FieldChange, ...]] = field(default_factory=dict)
    removed: dict[str, dict[str, Known]] = field(default_factory=dict)
    unchanged: int = 0
    expired: list[str] = field(default_factory=list)

    @property
    def any(self) -> bool:
        """Whether there is any."""
        return bool(self.writes)

    @property
    def writes(self) -> int:
        """How many items would be written or deleted."""
        return len(self.added) + len(self.changed) + len(self.renewed) + len(self.removed)

    def endangered(self, now: float) -> list[str]:
        """Return the keys of devices whose users may no longer be let in.

        They are removed, or get another status or another owner than they had, or an older time, or expire at once.
        """
        registered = [key for key, known in self.removed.items() if float(known.get("expires_at", now + 1)) > now]
        changes = {**self.changed, **self.renewed}
        return registered + [key for key, fields in changes.items() if any(_worse(one, now) for one in fields)]

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "added": [
                {"common_name": key, "device": to_document(record)} for key, record in sorted(self.added.items())
            ],
            "changed": [
                {"common_name": key, "changes": [one.document() for one in fields]}
                for key, fields in sorted(self.changed.items())
            ],
            "removed": [
                {"common_name": key, "device": to_document(dict(known))} for key, known in sorted(self.removed.items())
            ],
            "renewed": len(self.renewed),
            "unchanged": self.unchanged,
        }

    def __str__(self) -> str:
        counts = [f"{len(self.added):,} added", f"{len(self.changed):,} changed", f"{len(self.removed):,} removed"]
        return ", ".join([*counts, f"{len(self.renewed):,} renewed", f"{self.unchanged:,} unchanged"])


def _worse(change: FieldChange, now: float) -> bool:
    if change.key in ("status", "owner"):
        return change.before is not None
    if change.key == "updated_at":
        return change.before is not None and (change.after is None or float(change.after) < float(change.before))
    return change.key == "expires_at" and change.after is not None and float(change.after) <= now


def changes(known: Mapping[str, Known], wanted: Record) -> tuple[FieldChange, ...]:
    """Return what changes in a record; what is not wanted otherwise stays as it is."""
    return tuple(FieldChange(key, known.get(key), value) for key, value in wanted.items() if known.get(key) != value)


def differences(
    known: Mapping[str, Mapping[str, Known]], wanted: Mapping[str, Record], now: float, *, remove_missing: bool
) -> Differences:
    """Compare what the table knows with what a file says, both by key of the table.

    Parameters
    ----------
    now
        Seconds since 1970-01-01 UTC.
    remove_missing
        Whether a device that the file does not have is removed.
    """
    found = Differences()
    for key, record in wanted.items():
        if key not in known:
            found.added[key] = {name: value for name, value in record.items() if value is not None}
            continue
        fields = changes(known[key], record)
        expires_at = record["expires_at"] if "expires_at" in record else known[key].get("expires_at")
        if expires_at is not None and float(expires_at) <= now:
            found.expired.append(key)
        if not fields:
            found.unchanged += 1
        elif all(one.key in TIMES for one in fields):
            found.renewed[key] = fields
        else:
            found.changed[key] = fields
    if remove_missing:
        found.removed = {key: dict(record) for key, record in known.items() if key not in wanted}
    return found
