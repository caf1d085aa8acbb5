"""What AWS Client VPN takes for an answer, written down apart from the handler.

https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-authorization.html
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from connect_handler.handler import ConnectHandler

FUNCTION_ARN = "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-test"


def context(qualifier: str | None = "live") -> SimpleNamespace:
    return SimpleNamespace(invoked_function_arn=FUNCTION_ARN if qualifier is None else f"{FUNCTION_ARN}:{qualifier}")


def respond(function: ConnectHandler, event: Any, context: Any) -> dict[str, Any]:
    """Return the function's response to an event."""
    return function.handle(event, context)


def assert_valid(answer: Any, schema_version: str) -> None:
    """All four fields of the schema version and no other, each within its limits, and JSON that UTF-8 can carry."""
    message = "error-msg-on-failed-posture-compliance" if schema_version == "v1" else "error-msg-on-denied-connection"
    assert set(answer) == {"allow", message, "posture-compliance-statuses", "schema-version"}
    assert type(answer["allow"]) is bool
    assert isinstance(answer[message], str)
    assert len(answer[message]) <= 255
    statuses = answer["posture-compliance-statuses"]
    assert isinstance(statuses, list)
    assert len(statuses) <= 10
    assert all(isinstance(status, str) and len(status) <= 255 for status in statuses)
    assert answer["schema-version"] == schema_version
    json.dumps(answer, ensure_ascii=False).encode()
