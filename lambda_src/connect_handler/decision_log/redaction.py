"""Redaction: the decision log has a keyed hash in place of each value of a hidden field.

The same value has the same hash as long as the key is the same. So entries about one user can still be found and
counted. Without the key nobody can test guesses.
"""

from __future__ import annotations

import hmac
import json
import os
import re
from collections.abc import Sequence
from typing import Any

from connect_handler.contract.request import FIELDS, Request
from connect_handler.contract.response import cut
from connect_handler.decision.evaluate import Decision
from connect_handler.decision.result import Result

REDACTABLE = FIELDS[3:]
"""Fields that can be hidden: all but the schema version, and the ids to find an entry by."""

PREFIX = "redacted:"
HASH_DIGITS = 32

_OF_A_PERSON = ("owner", "attributes")
_OF_A_DEVICE = ("serial", "attributes")

_FRAME = re.compile(r'Traceback|\s+File "[^"]*", line ')


def read_redaction(names: str, key: str) -> Redaction:
    """Read the fields to hide. A doubt costs the log, not the users: an unknown name hides all fields."""
    fields = tuple(name.strip().replace("_", "-") for name in names.split(","))
    if any(field not in REDACTABLE for field in fields):
        fields = REDACTABLE
    # Without a key, hashes still hide values, but each execution environment has its own.
    return Redaction(fields, key.encode() or os.urandom(32))


class Redaction:
    """Hides ``fields``, whose names are Client VPN's: ``public-ip``."""

    def __init__(self, fields: tuple[str, ...], key: bytes) -> None:
        self.fields = fields
        self._key = key

    def redact(self, entry: dict[str, Any], result: Result) -> None:
        """Hide the fields in every part of an entry."""
        decision, request = result.decision, result.request
        entry["redacted"] = self.fields
        try:
            entry["request"] = self.event(entry["request"], request)
        except RecursionError:  # nested a thousand deep
            entry["request"] = None
            entry["truncated"] = True
        entry["problems"] = self.problems(result.problems)
        if "evidence" in entry:
            entry["evidence"] = self.evidence(entry["evidence"])
        if decision is not None and request is not None and decision.message:
            entry["message"] = message = self.message(decision, request)
            entry["answer"] = {
                key: message if value == decision.message else value for key, value in result.response.items()
            }

    def hide(self, value: Any) -> Any:
        """Return the hash of a value; an empty value stays as it is."""
        if value in (None, "", [], ()):
            return value
        if isinstance(value, list | tuple):
            return [self.hide(member) for member in value]
        text = value if isinstance(value, str) else json.dumps(value)
        digest = hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256")
        return PREFIX + digest.hex()[:HASH_DIGITS]

    def event(self, event: Any, request: Request | None) -> Any:
        """Return an event with hidden fields."""
        if not isinstance(event, dict):
            return self.hide(event)
        hidden = dict(event)
        for field in self.fields:
            if field in event:
                # Each group has its hash, in any form of the list.
                value = request.groups if request is not None and field == "groups" else event[field]
                hidden[field] = self.hide(value)
        return hidden

    def message(self, decision: Decision, request: Request) -> str:
        """Return the message for a denied user with hidden values."""
        if decision.template is None:
            return decision.message
        names = [field.replace("-", "_") for field in self.fields]
        hidden: Any = _HiddenRequest(request, {name: self.hide(getattr(request, name)) for name in names})
        return cut(decision.template.fill(hidden, decision.rule or decision.reason))

    def evidence(self, evidence: Any) -> Any:
        """Hide fields of the device's record: a person's with the user name, a device's with the common name."""
        device = evidence.get("device") if isinstance(evidence, dict) else None
        if not isinstance(device, dict):
            return evidence
        hidden = dict(device)
        for name in _OF_A_PERSON if "username" in self.fields else ():
            hidden[name] = self.hide(hidden.get(name))
        for name in _OF_A_DEVICE if "common-name" in self.fields else ():
            hidden[name] = self.hide(hidden.get(name))
        return {**evidence, "device": {name: value for name, value in hidden.items() if value is not None}}

    def problems(self, problems: Sequence[str]) -> list[str]:
        """Return problems without values: of a traceback only the frames, because an error's text may quote a value."""
        return ["\n".join(filter(_FRAME.match, text.splitlines())) if "\n" in text else text for text in problems]


class _HiddenRequest:
    """A request in which some attributes have other values."""

    def __init__(self, request: Request, hidden: dict[str, Any]) -> None:
        self._request = request
        self._hidden = hidden

    def __getattr__(self, name: str) -> Any:
        return self._hidden[name] if name in self._hidden else getattr(self._request, name)
