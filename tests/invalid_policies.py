"""Policies that are not valid, each with its problems in words: tests/policies/invalid.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from connect_handler.policy.conditions.registry import CONDITION_KEYS, POSTURE_RULE_CONDITIONS

FILE = Path(__file__).parent / "policies" / "invalid.json"

LISTS = {"{conditions}": CONDITION_KEYS, "{conditions of posture rules}": POSTURE_RULE_CONDITIONS}
"""What stands in the file for a list of all condition keys."""


def _read() -> list[dict[str, Any]]:
    text = FILE.read_text(encoding="utf-8")
    for placeholder, keys in LISTS.items():
        text = text.replace(placeholder, ", ".join(sorted(keys)))
    cases: list[dict[str, Any]] = json.loads(text)
    return cases


CASES = _read()
