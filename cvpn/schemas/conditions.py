"""Condition keys as data: the JSON Schema for editors and the tables of the documentation are made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connect_handler.facts.evidence import BY
from connect_handler.facts.times import INSTANT
from connect_handler.policy.conditions.device import MAX_AGE_HOURS
from connect_handler.policy.conditions.schedule import DAYS
from connect_handler.policy.conditions.sessions import MAX_SESSIONS

CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
TIMEZONE = "[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*"
_NUMBERS = r"[0-9]{1,9}(\.[0-9]{1,9})*"
_NO_DAY = "(?!....-(02-3|0[469]-31|11-31))"
"""Before the pattern of an instant: no month has these days. Which years have a 29th of February is left open."""
CONSTRAINT = rf"( *(=|!=|>=|<=|>|<)? *{_NUMBERS} *| *~> *[0-9]{{1,9}}(\.[0-9]{{1,9}})+ *)"


@dataclass(frozen=True)
class ConditionKey:
    """A condition key, for its documentation.

    Attributes
    ----------
    value
        What it takes.
    holds
        When it holds.
    unknown
        When it is unknown; empty for never.
    example
        A value.
    schema
        JSON Schema of its value.
    """

    value: str
    holds: str
    unknown: str
    example: Any
    schema: dict[str, Any]


def _list(description: str, **element: Any) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "description": description, "items": {"type": "string", **element}}


_PATTERNS = _list("Patterns: * stands for any run of characters, ? for one; compared without case.")
_VERSION = {
    "type": "string",
    "description": 'Version constraint in Terraform\'s syntax, such as ">= 10.0.19045, < 11" or "~> 2.6".',
    "pattern": f"^{CONSTRAINT}(,{CONSTRAINT})*$",
}
_NO_VERSION = "it is empty, or does not begin with a number"
_NOT_SENT = "the request lacks it"

CONDITION_KEYS: dict[str, ConditionKey] = {
    "endpoint": ConditionKey(
        "keys of `endpoints`, or endpoint ids",
        "the connection comes through one of them",
        "",
        ["staff", "cvpn-endpoint-0123456789abcdef0"],
        _list("Keys of endpoints (names of the function's aliases), or endpoint ids; compared exactly.", minLength=1),
    ),
    "common_name": ConditionKey(
        "patterns",
        'one matches the common name of the client certificate; `""` that of a client without one',
        _NOT_SENT,
        ["*.corp.example"],
        _PATTERNS,
    ),
    "username": ConditionKey(
        "patterns",
        'one matches the user\'s name; `""` that of a client without one',
        _NOT_SENT,
        ["*@example.com", "CORP\\*"],
        _PATTERNS,
    ),
    "platform": ConditionKey(
        "patterns",
        "one matches what the client says of its platform: `win`, `mac`, `linux`, `ios`, `android`, `uwp`",
        _NOT_SENT,
        ["win", "mac"],
        _PATTERNS,
    ),
    "groups": ConditionKey(
        "patterns",
        "one matches one of the user's groups",
        "the request lacks them, as those of schema v1 do",
        ["engineering", "ops-*"],
        _list("Patterns, of which one matches one of the user's groups; compared without case.", minLength=1),
    ),
    "all_groups": ConditionKey(
        "names",
        "the user is in every one",
        "the request lacks groups, as those of schema v1 do",
        ["engineering", "on-call"],
        _list("Names of groups that the user must all be in; whole names, compared without case.", minLength=1),
    ),
    "platform_version": ConditionKey(
        "version constraint",
        "the version of the operating system satisfies it",
        _NO_VERSION,
        ">= 10.0.19045, < 11",
        _VERSION,
    ),
    "client_openvpn_version": ConditionKey(
        "version constraint", "the version of OpenVPN satisfies it", _NO_VERSION, "~> 2.6", _VERSION
    ),
    "aws_client_version": ConditionKey(
        "version constraint",
        "the version of the AWS provided client satisfies it",
        _NO_VERSION + ", as for every other client",
        ">= 5.2",
        _VERSION,
    ),
    "public_ip": ConditionKey(
        "CIDR blocks or addresses, IPv4 and IPv6",
        "the client's address lies in one; an IPv4-mapped IPv6 address is its IPv4 address",
        "it is empty or no address",
        ["198.51.100.0/24", "2001:db8::/32"],
        _list("CIDR blocks or addresses, IPv4 and IPv6.", pattern="^(?!.*[0-9A-Fa-f]{5})[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"),
    ),
    "time": ConditionKey(
        "object of `days`, `start` and `end`, `timezone`, `not_before`, `not_after`",
        "now lies inside all that it names; hours with `end` before `start` span midnight and belong to the day they "
        "began on",
        "",
        {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "07:00", "end": "20:00", "timezone": "Europe/Berlin"},
        {
            "type": "object",
            "description": "Days, hours and period, of which at least one.",
            "additionalProperties": False,
            "anyOf": [{"required": [key]} for key in ("days", "start", "not_before", "not_after")],
            "dependentRequired": {"start": ["end"], "end": ["start"]},
            "properties": {
                "days": {**_list("Days of the week."), "items": {"enum": list(DAYS)}},
                "start": {
                    "type": "string",
                    "description": "First minute, HH:MM.",
                    "pattern": f"^{CLOCK}$",
                },
                "end": {
                    "type": "string",
                    "description": "First minute that is no longer inside, HH:MM; 24:00 for midnight.",
                    "pattern": f"^({CLOCK}|24:00)$",
                },
                "timezone": {
                    "type": "string",
                    "description": "IANA time zone name, such as Europe/Berlin.",
                    "default": "UTC",
                    "pattern": f"^{TIMEZONE}$",
                },
                "not_before": {
                    "type": "string",
                    "description": "First instant, RFC 3339.",
                    "pattern": f"^{_NO_DAY}(?:{INSTANT})$",
                },
                "not_after": {
                    "type": "string",
                    "description": "First instant that is no longer inside, RFC 3339.",
                    "pattern": f"^{_NO_DAY}(?:{INSTANT})$",
                },
            },
        },
    ),
    "posture": ConditionKey(
        "posture compliance statuses",
        "one has been assigned; only in `rules`",
        "the posture rule of one is unknown",
        ["compliant"],
        _list("Posture compliance statuses that posture rules assign; compared exactly.", minLength=1),
    ),
    "device": ConditionKey(
        "object of `registered`, `status`, `owner_is_user`, `max_age_hours`, `attributes`",
        "the device inventory says all of this of the device that the certificate belongs to",
        "the inventory did not answer, the record lacks what is asked for, or it is older than `max_age_hours`",
        {"registered": True, "status": ["compliant"], "max_age_hours": 48},
        {
            "type": "object",
            "description": "What the device inventory says of the device, of which at least one.",
            "minProperties": 1,
            "additionalProperties": False,
            "if": {"properties": {"registered": {"const": False}}, "required": ["registered"]},
            "then": {"maxProperties": 1},
            "properties": {
                "registered": {"type": "boolean", "description": "Whether it has a record."},
                "status": _list("Patterns, of which one matches its status; compared without case."),
                "owner_is_user": {"type": "boolean", "description": "Whether its owner is the user who signed in."},
                "max_age_hours": {
                    "type": "number",
                    "description": "Hours after which its record is no longer believed.",
                    "exclusiveMinimum": 0,
                    "maximum": MAX_AGE_HOURS,
                },
                "attributes": {
                    "type": "object",
                    "description": "Patterns for other attributes of its record, by their names.",
                    "minProperties": 1,
                    "additionalProperties": _PATTERNS,
                },
            },
        },
    ),
    "sessions": ConditionKey(
        "object of `by` (`username` or `common_name`) and `at_least`",
        "that many other connections of the same user, or certificate, are active; only in `rules`",
        "the request lacks the name, or it could not be found out",
        {"by": "username", "at_least": 1},
        {
            "type": "object",
            "description": "How many other connections are active.",
            "required": ["by", "at_least"],
            "additionalProperties": False,
            "properties": {
                "by": {"enum": list(BY), "description": "Whose connections are counted."},
                "at_least": {"type": "integer", "minimum": 1, "maximum": MAX_SESSIONS},
            },
        },
    ),
}
"""By key, in the order in which they are documented."""
