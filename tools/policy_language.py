"""Writes modules/policy/language.tf: the policy language, as the function reads it.

``python -m tools.policy_language`` writes the file; ``--check`` tells whether it is stale, and writes nothing.

Keys, limits and patterns are the function's constants. The advice of problems, and the kind of each condition, come
from what the function says of small policies that are wrong: so the plan says it in the same words.
"""

from __future__ import annotations

import itertools
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from connect_handler.contract.response import MAX_CHARACTERS, MAX_STATUSES
from connect_handler.facts.evidence import BY

# The only imports of the function's code.
from connect_handler.facts.times import INSTANT
from connect_handler.policy.conditions.device import DEVICE_KEYS, MAX_AGE_HOURS
from connect_handler.policy.conditions.registry import CONDITION_KEYS, POSTURE_RULE_CONDITIONS
from connect_handler.policy.conditions.schedule import DAYS, TIME_KEYS
from connect_handler.policy.conditions.sessions import MAX_SESSIONS, SESSIONS_KEYS
from connect_handler.policy.document import read_policy
from connect_handler.policy.messages import PLACEHOLDERS
from connect_handler.policy.problems import PolicyError
from connect_handler.policy.reader import POSTURE_RULE_KEYS, RULE_KEYS
from cvpn.schemas.conditions import CLOCK, CONSTRAINT, TIMEZONE
from tools import ROOT, generated

FILE = ROOT / "modules" / "policy" / "language.tf"

STAFF = {"name": "staff", "effect": "allow"}
SESSIONS = {"by": "username", "at_least": 1}

KINDS = ("device", "endpoint", "group", "network", "sessions", "status", "time", "version")
"""Kinds of values, by the name of the advice about one. Any other value is a list of patterns."""

MAX_CHECKED_RULES = 500
MAX_CHECKED_VALUES = 5_000
"""Rules, and values in their conditions, of the largest policy of which the plan checks everything."""

WIDTH = 120
"""Characters of the longest line."""


def text() -> str:
    """Return the file's text."""
    access_conditions = [key for key in CONDITION_KEYS if key not in POSTURE_RULE_CONDITIONS]
    words = advice()
    return "\n".join(
        [
            "# The policy language, from the function's source: run `make docs` after a change there.",
            "",
            "locals {",
            *_assignments(
                {
                    "rule_keys": _list(sorted(RULE_KEYS)),
                    "posture_rule_keys": _list(sorted(POSTURE_RULE_KEYS)),
                    "placeholders": _list(sorted(PLACEHOLDERS)),
                    "time_keys": _list(sorted(TIME_KEYS)),
                    "days": _list(DAYS),
                    "device_keys": _list(sorted(DEVICE_KEYS)),
                    "sessions_keys": _list(sorted(SESSIONS_KEYS)),
                    "session_names": _list(sorted(BY)),
                }
            ),
            "",
            "  # Conditions that posture rules cannot have.",
            f"  access_conditions = {_list(sorted(access_conditions))[0]}",
            "",
            "  # Kind of the value of each condition.",
            *_map("conditions", {key: kind_of(key, words) for key in sorted(CONDITION_KEYS)}),
            "",
            "  # AWS's limits of an answer,",
            "  # https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-authorization.html",
            f"  max_characters = {MAX_CHARACTERS}",
            f"  max_statuses   = {MAX_STATUSES}",
            "",
            f"  max_age_hours = {MAX_AGE_HOURS}",
            f"  max_sessions  = {MAX_SESSIONS}",
            "",
            "  # Of a larger policy the plan checks the shape alone (size.tf).",
            f"  max_checked_rules  = {MAX_CHECKED_RULES}",
            f"  max_checked_values = {MAX_CHECKED_VALUES}",
            f'  max_checked        = "{MAX_CHECKED_RULES:,} rules and {MAX_CHECKED_VALUES:,} values"',
            "",
            *_assignments(
                {
                    "constraint_pattern": _string(CONSTRAINT),
                    "clock_pattern": _string(f"^{CLOCK}$"),
                    "zone_pattern": _string(f"^{TIMEZONE}$"),
                    "instant_pattern": _string(f"^(?:{INSTANT})$"),
                }
            ),
            "",
            "  # What to write instead.",
            *_map("advice", words),
            "}",
            "",
        ]
    )


def kind_of(key: str, words: Mapping[str, str]) -> str:
    """Return the kind of a condition, given the advice about each kind.

    Raises
    ------
    ValueError
        The function gives another advice than about any kind.
    """
    kinds = {words[kind]: kind for kind in KINDS} | {"": "pattern"}
    about_empty_text = _advice(_rule(when={key: [""]}))
    if about_empty_text not in kinds:
        raise ValueError(f'{key} has the advice "{about_empty_text}". Add an example to advice() and a kind to KINDS.')
    return kinds[about_empty_text]


def advice() -> dict[str, str]:
    """Return what the function advises about each kind of problem.

    Raises
    ------
    ValueError
        The function finds no problem in an example.
    """
    long = "x" * (MAX_CHARACTERS + 1)
    statuses = [{"status": str(number)} for number in range(MAX_STATUSES + 1)]
    examples: dict[str, dict[str, Any]] = {
        # Rules
        "rules": {"rules": 0},
        "posture_rules": {"rules": [STAFF], "posture_rules": 0},
        "rule": {"rules": [0]},
        "posture_rule": {"rules": [STAFF], "posture_rules": [0]},
        "name": {"rules": [{"effect": "allow"}]},
        "name_twice": {"rules": [STAFF, STAFF]},
        "effect": {"rules": [STAFF, {"name": "b"}]},
        "flag": _rule(shadow=0),
        "on_allow": _rule(message="x"),
        "end_oldest_alone": _rule(effect="deny", end_oldest=True),
        "none_allows": {"rules": []},
        # Messages and statuses
        "message": _rule(effect="deny", message=0),
        "characters": _rule(name=long),
        "posture_status": {"rules": [STAFF], "posture_rules": [{}]},
        "statuses": {"rules": [STAFF], "posture_rules": statuses},
        "status_of_nothing": _rule(when={"posture": ["x"]}),
        # Conditions
        "block": _rule(when=0),
        "block_empty": _rule(when={}),
        "list": _rule(when={"groups": 0}),
        "list_empty": _rule(when={"groups": []}),
        "member": _rule(when={"groups": [0]}),
        "group": _rule(when={"groups": [""]}),
        "endpoint": _rule(when={"endpoint": [""]}),
        "status": _rule(when={"posture": [""]}),
        "version": _rule(when={"platform_version": ""}),
        "network": _rule(when={"public_ip": [""]}),
        # Devices and sessions
        "device": _rule(when={"device": 0}),
        "device_empty": _rule(when={"device": {}}),
        "device_flag": _rule(when={"device": {"registered": 0}}),
        "unregistered": _rule(when={"device": {"registered": False, "status": ["x"]}}),
        "max_age_hours": _rule(when={"device": {"max_age_hours": 0}}),
        "attributes": _rule(when={"device": {"attributes": 0}}),
        "attributes_empty": _rule(when={"device": {"attributes": {}}}),
        "sessions": _rule(when={"sessions": 0}),
        "by": _rule(when={"sessions": SESSIONS | {"by": 0}}),
        "at_least": _rule(when={"sessions": SESSIONS | {"at_least": 0}}),
        # Times
        "time": _rule(when={"time": 0}),
        "time_empty": _rule(when={"time": {"timezone": "UTC"}}),
        "day": _rule(when={"time": {"days": ["x"]}}),
        "hours": _rule(when={"time": {"start": "07:00"}}),
        "clock": _rule(when={"time": {"start": 0, "end": "20:00"}}),
        "equal_hours": _rule(when={"time": {"start": "07:00", "end": "07:00"}}),
        "timezone": _rule(when={"time": {"days": ["mon"], "timezone": ""}}),
        "instant": _rule(when={"time": {"not_before": 0}}),
    }
    words = {name: _advice(policy) for name, policy in examples.items()}
    if not all(words.values()):
        raise ValueError(f"The examples {[name for name in words if not words[name]]} are valid. Write invalid ones.")
    return words


def _rule(**keys: Any) -> dict[str, Any]:
    """Return a policy whose second rule has these keys."""
    return {"rules": [STAFF, {"name": "b", "effect": "allow", **keys}]}


def _advice(policy: dict[str, Any]) -> str:
    """Return what the function advises to write instead of a policy's first problem; empty for no problem."""
    try:
        read_policy(json.dumps(policy))
    except PolicyError as error:
        return error.problems[0].partition("; ")[2]
    return ""


# --- HCL --------------------------------------------------------------------------------------------------------------


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def _list(members: Sequence[str]) -> tuple[str, list[str]]:
    """Return a list on one line, and on several."""
    written = [_quoted(member) for member in members]
    return f"[{', '.join(written)}]", ["[", *[f"  {member}," for member in written], "]"]


def _string(value: str) -> tuple[str, list[str]]:
    """Return a text on one line, and on several."""
    parts = re.findall(r".{1,90}$|.{1,90}[ )]|.+", value)
    return _quoted(value), ['join("", [', *[f"  {_quoted(part)}," for part in parts], "])"]


def _assignments(values: Mapping[str, tuple[str, list[str]]], indent: str = "  ") -> list[str]:
    """Return lines as `terraform fmt` writes them: equals signs are aligned between values on several lines."""
    width = max(map(len, values))
    short = {key: len(f"{indent}{key:{width}} = {line}") <= WIDTH for key, (line, _) in values.items()}
    written: list[str] = []
    for is_short, keys in itertools.groupby(values, key=lambda key: short[key]):
        group = list(keys)
        width = max(map(len, group)) if is_short else 0
        for key in group:
            lines = [values[key][0]] if is_short else values[key][1]
            written += [f"{indent}{key:{width}} = {lines[0]}", *[f"{indent}{line}" for line in lines[1:]]]
    return written


def _map(name: str, members: Mapping[str, str]) -> list[str]:
    assignments = _assignments({key: _string(value) for key, value in members.items()}, "    ")
    return [f"  {name} = {{", *assignments, "  }"]


def main(arguments: Sequence[str] | None = None, file: Path = FILE) -> int:
    """Write or check the file; 0: done, or up to date."""
    description = (__doc__ or "").split("\n")[0]
    what = "what the function reads"
    return generated.write_or_check_files(arguments, "tools.policy_language", description, {file: text()}, what)


if __name__ == "__main__":
    sys.exit(main())
