"""What the README shows is what the module takes."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connect_handler.policy.conditions.registry import CONDITION_KEYS
from connect_handler.policy.document import read_policy
from connect_handler.policy.messages import PLACEHOLDERS

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()
SNIPPETS = [snippet for snippet in re.findall(r"```hcl\n(.*?)```", README, re.DOTALL) if snippet.startswith("rules")]


@pytest.mark.parametrize("snippet", SNIPPETS, ids=["short", "long"])
def test_the_policies_of_the_readme_are_accepted(
    snippet: str, apply_policy: Callable[[str], tuple[dict[str, Any], list[str]]]
) -> None:
    outputs, problems = apply_policy(snippet)
    assert problems == []
    assert read_policy(outputs["environment"]).rules[0].label == "outdated-windows"
    assert json.loads(outputs["environment"])["rules"][0]["when"]["platform_version"] == "< 10.0.19045"


def test_the_readme_names_every_condition_and_every_placeholder() -> None:
    rows = [row.split("|")[1] for row in README.splitlines() if row.startswith("| `")]
    assert set(CONDITION_KEYS) <= set(re.findall(r"`([a-z_]+)`", " ".join(rows)))
    assert set(PLACEHOLDERS) <= set(re.findall(r"`\{([a-z_]+)\}`", README))
