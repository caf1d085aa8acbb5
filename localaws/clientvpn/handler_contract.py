"""Client VPN's contract with a client connect handler: the request it sends and the answer it accepts.

https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-authorization.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

SCHEMA_VERSIONS = ("v1", "v2", "v3")
#: Fields of the request that came with a later schema version.
FIELDS_SINCE = {"groups": "v2", "aws-client-version": "v3"}
MAX_MESSAGE = 255
MAX_STATUSES = 10
MAX_STATUS = 255
#: What a client is shown when its handler gave no answer in the format above.
NO_ANSWER_MESSAGE = "Error establishing connection. Please contact your administrator."


@dataclass(frozen=True)
class Answer:
    """A valid answer of a client connect handler."""

    allow: bool
    message: str
    posture_compliance_statuses: list[str]


class InvalidAnswer(Exception):
    """The handler's answer is not in the format; the message says where."""


def handler_request(attributes: dict[str, Any], schema_version: str) -> dict[str, Any]:
    """The event in a schema version: without the fields that it does not know yet."""
    known = SCHEMA_VERSIONS.index(schema_version)
    request = {
        name: value
        for name, value in attributes.items()
        if SCHEMA_VERSIONS.index(FIELDS_SINCE.get(name, "v1")) <= known
    }
    return {**request, "schema-version": schema_version}


def message_field(schema_version: str) -> str:
    """What the schema version calls the message to a client that was denied."""
    return "error-msg-on-failed-posture-compliance" if schema_version == "v1" else "error-msg-on-denied-connection"


def parse_answer(payload: bytes, schema_version: str) -> Answer:
    """Reads an answer to a request of the schema version, or raises InvalidAnswer."""
    try:
        answer = json.loads(payload)
    except ValueError:
        raise InvalidAnswer("the answer is not JSON") from None
    if not isinstance(answer, dict):
        raise InvalidAnswer("the answer is not a JSON object")
    allow = _field(answer, "allow", bool)
    message = _text(_field(answer, message_field(schema_version), str), message_field(schema_version), MAX_MESSAGE)
    statuses = _field(answer, "posture-compliance-statuses", list)
    if len(statuses) > MAX_STATUSES:
        raise InvalidAnswer(f"posture-compliance-statuses has {len(statuses)} entries; {MAX_STATUSES} are allowed")
    for status in statuses:
        if not isinstance(status, str):
            raise InvalidAnswer(f"posture-compliance-statuses holds {status!r}, which is not a string")
        _text(status, "posture-compliance-statuses", MAX_STATUS)
    version = _field(answer, "schema-version", str)
    if version != schema_version:
        raise InvalidAnswer(f"schema-version is {version!r}; {schema_version!r} was asked")
    return Answer(allow, message, statuses)


def _field(answer: dict[str, Any], name: str, kind: type) -> Any:
    if name not in answer:
        raise InvalidAnswer(f"{name} is missing")
    if not isinstance(answer[name], kind):
        raise InvalidAnswer(f"{name} is {answer[name]!r}, which is not a {kind.__name__}")
    return answer[name]


def _text(text: str, name: str, limit: int) -> str:
    if len(text) > limit:
        raise InvalidAnswer(f"{name} has {len(text)} characters; {limit} are allowed")
    return text
