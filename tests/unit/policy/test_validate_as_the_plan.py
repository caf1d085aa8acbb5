"""What `cvpn validate` accepts, `terraform plan` accepts, and the other way round; in the same words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.examples import examples
from tests.invalid_policies import CASES
from tests.unit.cvpn.running import cvpn

Apply = Callable[[dict[str, Any] | str], tuple[dict[str, Any], list[str]]]

TABLES = Path(__file__).parents[2] / "policies"
VALID = json.loads((TABLES / "valid.json").read_text())


def name_of(case: dict[str, Any]) -> str:
    return str(case["name"])


def hcl(value: Any) -> str:
    """A value in Terraform's language."""
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
        return text.replace("\x7f", "\\u007f").replace("\\b", "\\u0008").replace("\\f", "\\u000c")
    if isinstance(value, list):
        return f"[{', '.join(map(hcl, value))}]"
    if isinstance(value, dict):
        return "{\n" + "".join(f"{hcl(key)} = {hcl(member)}\n" for key, member in value.items()) + "}"
    return json.dumps(value)


def definitions(policy: dict[str, Any]) -> str:
    return "".join(f"{name} = {hcl(value)}\n" for name, value in policy.items())


@pytest.mark.parametrize("case", CASES, ids=name_of)
@pytest.mark.parametrize("form", ["hcl", "json"])
def test_what_the_plan_refuses_is_refused_in_its_words_and_with_a_place(
    case: dict[str, Any], form: str, tmp_path: Path
) -> None:
    file = tmp_path / ("a.tfvars" if form == "hcl" else "a.tfvars.json")
    file.write_text(definitions(case["policy"]) if form == "hcl" else json.dumps(case["policy"], indent=1))
    result = cvpn("validate", file, "-o", "json")
    assert result.status == 3
    errors = [finding for finding in result.json["findings"] if finding["severity"] == "error"]
    assert sorted(error["text"] for error in errors) == case["problems"]
    lines = file.read_text().splitlines()
    assert all(1 <= error["line"] <= len(lines) for error in errors)
    assert all(1 <= error["column"] <= len(lines[error["line"] - 1]) + 1 for error in errors)


@pytest.fixture(scope="module")
def accepted(
    apply_policies: Callable[[list[str]], tuple[list[dict[str, Any]], list[list[str]]]],
) -> dict[str, dict[str, Any]]:
    """The outputs for each valid policy, by the case's name."""
    outputs, problems = apply_policies([definitions(case["policy"]) for case in VALID])
    assert problems == []
    return {case["name"]: found for case, found in zip(VALID, outputs, strict=True)}


@pytest.mark.parametrize("case", VALID, ids=name_of)
def test_what_the_plan_accepts_is_accepted_and_has_the_same_digest_and_size(
    case: dict[str, Any], accepted: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    file = tmp_path / "a.tfvars"
    file.write_text(definitions(case["policy"]))
    outputs = accepted[case["name"]]
    result = cvpn("validate", file, "-o", "json")
    assert result.status == 0
    assert (result.json["policy_digest"], result.json["size"]["bytes"]) == (outputs["digest"], outputs["size"])


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12)


@examples(0.25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups=st.lists(TEXTS, min_size=1, max_size=4), status=TEXTS)
def test_any_text_comes_to_the_same_digest(groups: list[str], status: str, apply_policy: Apply, tmp_path: Path) -> None:
    rules = [{"name": "staff", "effect": "allow", "when": {"groups": groups}}]
    policy = {"rules": rules, "default_posture_status": status}
    outputs, problems = apply_policy(definitions(policy))
    assert problems == []
    for name, text in (("a.tfvars", definitions(policy)), ("a.tfvars.json", json.dumps(policy))):
        (tmp_path / name).write_text(text)
        result = cvpn("validate", tmp_path / name, "-o", "json")
        assert (result.status, result.json["policy_digest"]) == (0, outputs["digest"])


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ('shadow_mode = "yes"', 'shadow_mode is "yes", not a bool; write true or false'),
        ("shadow_mode = 1", "shadow_mode is 1, not a bool; write true or false"),
        ("default_deny_message = []", "default_deny_message is a list, not a string; write a text in double quotes"),
        (
            "default_posture_status = {}",
            "default_posture_status is an object, not a string; write a text in double quotes",
        ),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_both(
    definition: str, said: str, apply_policy: Apply, tmp_path: Path
) -> None:
    text = f'rules = [{{ name = "staff", effect = "allow" }}]\n{definition}\n'
    outputs, problems = apply_policy(text)
    assert problems != []
    assert "environment" not in outputs
    (tmp_path / "a.tfvars").write_text(text)
    result = cvpn("validate", tmp_path / "a.tfvars")
    assert result.status == 3
    assert result.out.startswith(f"{tmp_path}/a.tfvars:2:1: error: {said}\n")


@pytest.mark.parametrize(
    "definition",
    [
        'shadow_mode = "true"',
        'shadow_mode = "0"',
        "shadow_mode = null",
        "default_deny_message = 5",
        "default_deny_message = true",
        "default_deny_message = null",
        "default_posture_status = 1.5",
        "posture_rules = []",
        "posture_rules = null",
    ],
)
def test_a_value_that_terraform_converts_is_converted_alike(
    definition: str, apply_policy: Apply, tmp_path: Path
) -> None:
    text = f'rules = [{{ name = "staff", effect = "allow" }}]\n{definition}\n'
    # The root module hands null on to a variable that takes none, which then has its default.
    outputs, problems = apply_policy(text)
    assert problems == []
    (tmp_path / "a.tfvars").write_text(text)
    result = cvpn("validate", tmp_path / "a.tfvars", "-o", "json")
    assert (result.status, result.json["policy_digest"]) == (0, outputs["digest"])


@pytest.mark.parametrize(
    "users", [55, *(pytest.param(users, marks=pytest.mark.slow) for users in (60, 63, 66)), 64, 65, 70]
)
def test_both_agree_on_what_is_too_large(users: int, apply_policy: Apply, tmp_path: Path) -> None:
    """Around the limit, where only Terraform's own gzip can tell."""
    import hashlib

    noise = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(users)]
    policy = {"rules": [{"name": "staff", "effect": "allow", "when": {"username": noise}}]}
    outputs, problems = apply_policy(policy)
    (tmp_path / "a.tfvars").write_text(definitions(policy))
    result = cvpn("validate", tmp_path / "a.tfvars", "-o", "json")
    assert result.status == (3 if problems else 0)
    if problems:
        assert result.json["findings"][0]["text"] == problems[0][0].lower() + problems[0][1:]
    else:
        assert result.json["size"]["bytes"] == outputs["size"]
    assert cvpn("size", tmp_path / "a.tfvars").status == result.status

    # With a bucket both take it; only where it does not fit does the function read it from there.
    with_bucket, problems = apply_policy(policy | {"has_bucket": True})
    assert problems == []
    (tmp_path / "b.tfvars").write_text('policy_bucket = { name = "policies" }')
    result = cvpn("validate", tmp_path / "a.tfvars", tmp_path / "b.tfvars", "-o", "json")
    assert (result.status, result.json["size"]["bytes"]) == (0, with_bucket["size"])
    assert result.json["size"]["stored"] is (with_bucket.get("environment") is None)


def test_what_terraform_does_not_read_is_not_read(apply_policy: Apply, tmp_path: Path) -> None:
    for text in ('rules = [{ name = "a" effect = "allow" }]', 'rules = [{ name = "a", effect = "allow" }] x = 1'):
        assert apply_policy(text)[0].get("environment") is None
        (tmp_path / "a.tfvars").write_text(text)
        assert cvpn("validate", tmp_path / "a.tfvars").status == 1
    (tmp_path / "a.tfvars.json").write_text('{"rules": [{"name": "a", "name": "b", "effect": "allow"}]}')
    result = cvpn("validate", tmp_path / "a.tfvars.json")
    assert (result.status, result.err) == (
        1,
        f'cvpn: {tmp_path}/a.tfvars.json:1:26: has the key "name" twice in one object; remove one\n',
    )


def test_a_key_that_hcl_drops_in_silence_is_warned_of(apply_policy: Apply, tmp_path: Path) -> None:
    text = 'rules = [{ name = "a", effect = "deny", effect = "allow" }]\nposture_rule = []\n'
    assert apply_policy(text.splitlines()[0])[1] == []
    (tmp_path / "a.tfvars").write_text(text)
    result = cvpn("validate", tmp_path / "a.tfvars")
    twice = 'the key "effect" stands twice in one object; Terraform takes the last one without a word'
    unknown = 'the module has no variable "posture_rule", so Terraform ignores it; did you mean "posture_rules"?'
    assert result.out.splitlines() == [
        f"{tmp_path}/a.tfvars:1:41: warning: {twice}",
        f"{tmp_path}/a.tfvars:2:1: warning: {unknown}",
        "Valid: 1 rule, 2 warnings, 162 of 4,096 bytes.",
    ]
    assert cvpn("validate", "--strict", tmp_path / "a.tfvars").status == 3
