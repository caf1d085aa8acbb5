"""docs/policy-language.md and docs/posture.md: each snippet is a policy that does what the cases behind it say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from connect_handler.policy.conditions.registry import CONDITION_KEYS
from connect_handler.policy.conditions.schedule import DAYS, TIME_KEYS
from connect_handler.policy.messages import PLACEHOLDERS
from connect_handler.policy.reader import POLICY_KEYS, POSTURE_RULE_KEYS, RULE_KEYS
from connect_handler.policy_tests import CASE_KEYS, EXPECT_KEYS, REASONS

from .running import cvpn

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "policy-language.md").read_text()
POSTURE_PAGE = (ROOT / "docs" / "posture.md").read_text()


def snippets(page: str) -> list[tuple[str, str, str]]:
    return [
        (section.partition("\n")[0], *snippet)
        for section in re.split(r"^#+ ", page, flags=re.MULTILINE)
        for snippet in re.findall(r"```hcl\n(.*?)```\n\n```yaml\n(.*?)```", section, re.DOTALL)
    ]


SNIPPETS = snippets(PAGE)
ALL_SNIPPETS = SNIPPETS + snippets(POSTURE_PAGE)


@pytest.mark.parametrize(("title", "policy", "cases"), ALL_SNIPPETS, ids=[snippet[0] for snippet in ALL_SNIPPETS])
def test_each_policy_is_valid_and_does_what_is_said(title: str, policy: str, cases: str, tmp_path: Path) -> None:
    (tmp_path / "policy.tfvars").write_text(policy)
    (tmp_path / "cases.yaml").write_text(cases)
    assert cvpn("validate", "--strict", tmp_path / "policy.tfvars").status == 0, title
    # A monday at noon, for the cases that do not mind.
    at = ("--at", "2026-11-23T12:00:00Z")
    result = cvpn("test", "-p", tmp_path / "policy.tfvars", tmp_path / "cases.yaml", *at)
    assert result.status == 0, result.out + result.err


def test_no_snippet_is_left_out() -> None:
    assert len(SNIPPETS) == PAGE.count("```hcl") == PAGE.count("```yaml") > 15
    assert len(ALL_SNIPPETS) - len(SNIPPETS) == POSTURE_PAGE.count("```hcl") == 1


def test_every_key_is_shown_at_work() -> None:
    policies = "\n".join(policy for _, policy, _ in SNIPPETS)
    written = set(re.findall(r"([a-z_]+) *=(?!=)", policies))
    assert {*POLICY_KEYS, *RULE_KEYS, *POSTURE_RULE_KEYS, *CONDITION_KEYS, *TIME_KEYS} <= written
    assert set(PLACEHOLDERS) <= set(re.findall(r"\{([a-z_]+)\}", policies))
    assert {"mon", "fri"} <= set(re.findall(r'"([a-z]{3})"', policies)) & set(DAYS)
    cases = [case for _, _, text in SNIPPETS for case in yaml.load(text, Loader=yaml.BaseLoader)]
    assert {key for case in cases for key in case} == set(CASE_KEYS)
    assert {key for case in cases for key in case["expect"]} == set(EXPECT_KEYS)
    assert {case["expect"].get("reason", "allow-rule") for case in cases} == set(REASONS)


def test_every_condition_and_every_variable_has_its_place() -> None:
    for key in CONDITION_KEYS:
        assert f"\n### {key}\n" in PAGE
    for key in (*POLICY_KEYS, *RULE_KEYS, *CASE_KEYS):
        assert f"| `{key}` |" in PAGE
