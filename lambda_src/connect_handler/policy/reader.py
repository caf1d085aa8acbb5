"""The reader of a policy document: it builds the policy and collects every problem, in one pass.

A document is an object::

    {
      "rules": [                            at least one that allows
        {
          "name": "contractors",            1 to 255 characters, unique
          "effect": "allow",                or "deny"
          "when": {"groups": ["eng-*"]},    conditions that all have to hold; absent: always
          "unless": {"time": {...}},        conditions that must not all hold; absent: no exception
          "message": "…",                   deny only
          "shadow": false,
          "end_oldest": false               deny only, with a sessions condition
        }
      ],
      "posture_rules": [{"status": "compliant", "when": {...}, "unless": {...}}],
      "default_posture_status": "unknown",
      "default_deny_message": "…",
      "shadow_mode": false
    }

``conditions.registry`` has the condition keys. Null is the same as absent for every key of the document but ``rules``,
and for ``message``, ``shadow`` and ``end_oldest`` of a rule.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from connect_handler.contract.response import MAX_CHARACTERS, MAX_STATUSES
from connect_handler.facts.evidence import SESSIONS

from .conditions.base import Condition, Reader
from .conditions.registry import POSTURE_RULE_CONDITIONS, rule_conditions
from .messages import DEFAULT_DENY_MESSAGE, PLACEHOLDERS, Message, split_message
from .model import ALLOW, DENY, AccessRule, Policy, PostureRule
from .problems import Path, PolicyError, Problems, describe, one_of, wrong_value

POLICY_KEYS = ("default_deny_message", "default_posture_status", "posture_rules", "rules", "shadow_mode")
RULE_KEYS = ("effect", "end_oldest", "message", "name", "shadow", "unless", "when")
POSTURE_RULE_KEYS = ("status", "unless", "when")

_ON_ALLOW = ("is on a rule that allows", 'remove it, or write effect = "deny"')


def read_document(document: dict[str, Any], digest: str) -> Policy:
    """Build the policy of a document.

    Raises
    ------
    PolicyError
        With every problem of the document, in the order of its parts.
    """
    problems = Problems(document)
    _check_keys(document, POLICY_KEYS, (), problems)
    posture_rules, statuses = _read_posture_rules(document.get("posture_rules"), problems)
    default_status = document.get("default_posture_status")
    if default_status is None or default_status == "":
        default_status = None
    else:
        _check_status(document, "default_posture_status", (), problems)
        if isinstance(default_status, str):
            statuses.add(default_status)
    rules = _read_rules(document.get("rules"), rule_conditions(statuses), problems)
    message = _read_message(document, "default_deny_message", (), problems)
    shadow_mode = _read_flag(document, "shadow_mode", (), problems)
    if problems:
        raise PolicyError(problems, digest)
    return Policy(
        rules,
        posture_rules,
        default_posture_status=default_status,
        default_deny_message=message or Message(DEFAULT_DENY_MESSAGE),
        shadow_mode=shadow_mode,
        digest=digest,
    )


# --- rules -----------------------------------------------------------------------------------------------------------


def _read_rules(value: Any, readers: Mapping[str, Reader], problems: Problems) -> list[AccessRule]:
    rules: list[AccessRule] = []
    if not isinstance(value, list):
        problems.add(("rules",), f"is {describe(value)}", "write a list of rules")
        return rules
    names: dict[str, int] = {}
    allows = False
    for position, element in enumerate(value):
        path: Path = ("rules", position)
        if isinstance(element, dict):
            rules.append(_read_rule(element, names, readers, path, problems))
            allows = allows or (element.get("effect") != DENY and element.get("shadow") is not True)
        else:
            problems.add(
                path, f"is {describe(element)}", 'write an object such as { name = "staff", effect = "allow" }'
            )
            allows = True  # its author may have meant it to
    if not allows:
        advice = 'write at least one with effect = "allow" and without shadow = true'
        problems.add(("rules",), "have none that allows: nobody could connect", advice)
    return rules


def _read_rule(
    element: dict[str, Any], names: dict[str, int], readers: Mapping[str, Reader], path: Path, problems: Problems
) -> AccessRule:
    effect = element.get("effect")
    _check_name(element, names, path, problems)
    _check_keys(element, RULE_KEYS, path, problems)
    when, unless = _read_conditions(element, readers, path, problems)
    if effect not in (ALLOW, DENY):
        problems.add((*path, "effect"), wrong_value(element, "effect"), 'write "allow" or "deny"')
    shadow = _read_flag(element, "shadow", path, problems)
    message = _read_message(element, "message", path, problems)
    if message is not None and effect == ALLOW:
        problems.add((*path, "message"), *_ON_ALLOW)
    end_oldest = _read_end_oldest(element, path, problems)
    return AccessRule(
        str(element.get("name")),
        when,
        unless,
        denies=effect != ALLOW,
        message=message,
        shadow=shadow,
        end_oldest=end_oldest,
    )


def _check_name(element: dict[str, Any], names: dict[str, int], path: Path, problems: Problems) -> None:
    """Add the problems of a rule's name; ``names`` has the positions of earlier rules."""
    name = element.get("name")
    position: Any = path[1]
    if not isinstance(name, str) or not name:
        problems.add((*path, "name"), wrong_value(element, "name"), 'write one that no other rule has: name = "staff"')
        return
    first = names.setdefault(name, position)
    if first != position:
        what = f"is {describe(name)}, as that of rules[{first}]"
        problems.add((*path, "name"), what, "write one that no other rule has")
    if len(name) > MAX_CHARACTERS:
        problems.add((*path, "name"), f"has {len(name)} characters", f"write at most {MAX_CHARACTERS}")


def _read_end_oldest(element: dict[str, Any], path: Path, problems: Problems) -> bool:
    if not _read_flag(element, "end_oldest", path, problems):
        return False
    path, when = (*path, "end_oldest"), element.get("when")
    if element.get("effect") == ALLOW:
        problems.add(path, *_ON_ALLOW)
    elif not isinstance(when, dict) or SESSIONS not in when:
        advice = 'write when = { sessions = { by = "username", at_least = 1 } }, or remove it'
        problems.add(path, "is on a rule without a sessions condition", advice)
    return True


def _read_posture_rules(value: Any, problems: Problems) -> tuple[list[PostureRule], set[str]]:
    """Return the posture rules and their statuses."""
    rules: list[PostureRule] = []
    statuses: set[str] = set()
    if value is None:
        return rules, statuses
    if not isinstance(value, list):
        problems.add(("posture_rules",), f"is {describe(value)}", "write a list of posture rules")
        return rules, statuses
    for position, element in enumerate(value):
        path: Path = ("posture_rules", position)
        if not isinstance(element, dict):
            problems.add(path, f"is {describe(element)}", 'write an object such as { status = "compliant" }')
            continue
        _check_keys(element, POSTURE_RULE_KEYS, path, problems)
        when, unless = _read_conditions(element, POSTURE_RULE_CONDITIONS, path, problems)
        _check_status(element, "status", path, problems)
        status = element.get("status")
        if isinstance(status, str) and status:
            statuses.add(status)
            rules.append(PostureRule(f"posture_rules[{position}]", when, unless, status))
    if len(statuses) > MAX_STATUSES:
        what = f"have {len(statuses)} distinct statuses"
        problems.add(("posture_rules",), what, f"AWS takes at most {MAX_STATUSES} in an answer: write fewer")
    return rules, statuses


# --- conditions ------------------------------------------------------------------------------------------------------


def _read_conditions(
    element: dict[str, Any], readers: Mapping[str, Reader], path: Path, problems: Problems
) -> tuple[list[Condition], list[Condition]]:
    """Return the conditions of ``when`` and of ``unless``."""
    when = _read_block(element["when"], readers, (*path, "when"), problems) if "when" in element else []
    unless = _read_block(element["unless"], readers, (*path, "unless"), problems) if "unless" in element else []
    return when, unless


def _read_block(block: Any, readers: Mapping[str, Reader], path: Path, problems: Problems) -> list[Condition]:
    """Return the conditions of a block.

    A block must limit something. Null or an empty object would widen an allow rule to everybody, or switch a rule off.
    Nobody would mean that.
    """
    if not isinstance(block, dict):
        problems.add(path, f"is {describe(block)}", "leave it out, or write an object of conditions")
        return []
    if not block:
        problems.add(path, "is empty", "leave it out, or write at least one condition")
    conditions: list[Condition] = []
    for key, value in block.items():
        if key not in readers:
            problems.add_unknown_key(path, key, readers)
            continue
        condition = readers[key](key, value, (*path, key), problems)
        if condition is not None:
            conditions.append(condition)
    return conditions


# --- single values ---------------------------------------------------------------------------------------------------


def _check_keys(element: dict[str, Any], keys: Collection[str], path: Path, problems: Problems) -> None:
    for key in element:
        if key not in keys:
            problems.add_unknown_key(path, key, keys)


def _check_status(element: dict[str, Any], key: str, path: Path, problems: Problems) -> None:
    status = element.get(key)
    if not isinstance(status, str) or not status:
        problems.add((*path, key), wrong_value(element, key), 'write one such as "compliant"')
    elif len(status) > MAX_CHARACTERS:
        problems.add((*path, key), f"has {len(status)} characters", f"write at most {MAX_CHARACTERS}")


def _read_flag(element: dict[str, Any], key: str, path: Path, problems: Problems) -> bool:
    value = element.get(key)
    if value is not None and not isinstance(value, bool):
        problems.add((*path, key), f"is {describe(value)}", "write true or false")
    return value is True


def _read_message(element: dict[str, Any], key: str, path: Path, problems: Problems) -> Message | None:
    """Return a message; None for a value that is missing or no text."""
    text, path = element.get(key), (*path, key)
    if text is None:
        return None
    if not isinstance(text, str) or not text:
        problems.add(path, f"is {describe(text)}", "write a text, or leave it out")
        return None
    if len(text) > MAX_CHARACTERS:
        problems.add(path, f"has {len(text)} characters", f"write at most {MAX_CHARACTERS}")
    for name in split_message(text)[1::2]:
        if name not in PLACEHOLDERS:
            problems.add(path, f"has the unknown placeholder {describe(name)}", one_of(name, PLACEHOLDERS))
    return Message(text)
