"""Fields of a request that the decision log does not show: a keyed hash stands in for each value.

The same value has the same hash as long as the key is the same, so that lines about one user can still be found and
counted; without the key nobody can try out values.
"""

from __future__ import annotations

import hmac
import json
import os
import re

from .request import FIELDS
from .response import cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .evaluation import Decision
    from .request import Request

REDACTABLE = FIELDS[3:]
"""Fields that can be redacted: all but those by which a line is found, and the schema version."""

PREFIX = "redacted:"
HASH_DIGITS = 32

_OF_A_PERSON = ("owner", "attributes")
_OF_A_DEVICE = ("serial", "attributes")

_FRAME = re.compile(r'Traceback|\s+File "[^"]*", line ')


def redaction(names: str, key: str) -> Redaction:
    """Read what is to be redacted. A doubt costs the log, not the users: a name that is not known hides all fields."""
    fields = tuple(name.strip().replace("_", "-") for name in names.split(","))
    if any(field not in REDACTABLE for field in fields):
        fields = REDACTABLE
    # Without a key, hashes are still no values; they only differ from one execution environment to the next.
    return Redaction(fields, key.encode() or os.urandom(32))


class Redaction:
    """What is hidden, and the key that it is hashed with.

    Attributes
    ----------
    fields
        Names as Client VPN writes them: ``public-ip``.
    """

    __slots__ = ("_key", "fields")

    def __init__(self, fields: tuple[str, ...], key: bytes) -> None:
        self.fields = fields
        self._key = key

    def hide(self, value: Any) -> Any:
        """Return what stands in for a value; nothing hides that there is none."""
        if value in (None, "", [], ()):
            return value
        if isinstance(value, list | tuple):
            return [self.hide(member) for member in value]
        text = value if isinstance(value, str) else json.dumps(value)
        digest = hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256")
        return PREFIX + digest.hex()[:HASH_DIGITS]

    def event(self, event: Any, request: Request | None) -> Any:
        """Return what the log shows of an event."""
        if not isinstance(event, dict):
            return self.hide(event)
        shown = dict(event)
        for field in self.fields:
            if field in event:
                # However the groups were written, each has its hash.
                groups = field == "groups" and request is not None
                shown[field] = self.hide(request.groups if groups and request else event[field])
        return shown

    def message(self, decision: Decision, request: Request) -> str:
        """Return a denied user's message as the log shows it: filled in with what stands in for the values."""
        if decision.template is None:
            return decision.message
        names = [field.replace("-", "_") for field in self.fields]
        hidden = {name: self.hide(getattr(request, name)) for name in names}
        shown: Any = _Hidden(request, hidden)
        return cut(decision.template.fill(shown, decision.rule or decision.reason))

    def evidence(self, evidence: Any) -> Any:
        """Return what the log shows of evidence: what the inventory says of a person, or of a device, is that field."""
        device = evidence.get("device") if isinstance(evidence, dict) else None
        if not isinstance(device, dict):
            return evidence
        shown = dict(device)
        for name in _OF_A_PERSON if "username" in self.fields else ():
            shown[name] = self.hide(shown.get(name))
        for name in _OF_A_DEVICE if "common-name" in self.fields else ():
            shown[name] = self.hide(shown.get(name))
        return {**evidence, "device": {name: value for name, value in shown.items() if value is not None}}

    def problems(self, problems: tuple[str, ...]) -> list[str]:
        """Return the problems without what an error of ours may have said of the values: of a traceback, its frames."""
        return ["\n".join(filter(_FRAME.match, text.splitlines())) if "\n" in text else text for text in problems]


class _Hidden:
    """A request in which some attributes have other values."""

    def __init__(self, request: Request, hidden: dict[str, Any]) -> None:
        self._request = request
        self._hidden = hidden

    def __getattr__(self, name: str) -> Any:
        return self._hidden[name] if name in self._hidden else getattr(self._request, name)
