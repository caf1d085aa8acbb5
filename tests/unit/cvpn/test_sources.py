"""Where a policy comes from is told by its content, and what is wrong with a source is said with its place."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from cvpn.failures import Failure
from cvpn.files.hcl import read_hcl
from cvpn.files.json_text import read_json
from cvpn.policy.source import policy_from_files

from .running import cvpn, policy_file

STAFF: dict[str, Any] = {"rules": [{"name": "staff", "effect": "allow"}]}
ALLOW_HCL = 'rules = [{ name = "staff", effect = "allow" }]\n'
GIVE_THE_PLAN = "give the plan: terraform show -json FILE"


# --- what is read ----------------------------------------------------------------------------------------------------


def test_hcl_is_read_with_its_places() -> None:
    text = """\
# the policy
rules = [ // one
  {
    name    = "  a $${b} \\"c\\" \\u00e9 %%{d}"
    "effect": "allow", /* and */ shadow = !true
    when = { groups = ["x", "y",], (1) = -3, true = 1.5e3 }
    message = <<-EOT
      one
        two $${x} \\n
      EOT
  }, null,
]
shadow_mode = (false)
"""
    located = read_hcl(text, "a.tfvars")
    assert located.value == {
        "rules": [
            {
                "name": '  a ${b} "c" é %{d}',
                "effect": "allow",
                "shadow": False,
                "when": {"groups": ["x", "y"], "1": -3, "true": 1500},
                "message": "one\n  two ${x} \\n\n",
            },
            None,
        ],
        "shadow_mode": False,
    }
    assert located.positions["rules",] == (2, 1)
    assert located.positions["rules", 0, "name"] == (4, 5)
    assert located.positions["rules", 0, "shadow"] == (5, 34)
    assert located.positions["rules", 0, "when", "groups", 1] == (6, 29)
    # What is missing is where it would be.
    assert located.position(("rules", 0, "when", "time", "days")) == (6, 5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules = [", "1:10: is not HCL: something is not closed before the end of the file"),
        ("rules = [{ a = }]", '1:16: is not HCL: unexpected "}"'),
        ("x = 1\n\nrules = [1 two]", '3:12: is not HCL: unexpected "two"'),
        ('x = "${1}"', "1:5: has a template sequence; for the characters ${ write $${"),
        ('x = "%{if true}1%{endif}"', "1:5: has a template sequence; for the characters %{ write %%{"),
        ("x = <<E\n\\${1}\nE\n", "1:5: has a template sequence; for the characters ${ write $${"),
        ("x = { a = 1 b = 2 }", "1:13: follows another attribute; write a comma or a new line between them"),
        ("x = 1\nx = 2", '2:1: defines "x" again, after line 1; remove one'),
        (
            "module x {\n}",
            f'1:1: has a block "module", which no variable definitions have; of a configuration, {GIVE_THE_PLAN}',
        ),
        (
            "x = upper(y)",
            f"1:5: is an expression; cvpn reads literal values (for the rest, {GIVE_THE_PLAN})",
        ),
        ("x = 1 y = 2", "1:7: stands on the same line as the definition before it; write it on its own"),
        ('x = "\\q"', "1:5: has the unknown escape sequence \\q; for a backslash write \\\\"),
        ('x = "a\nb"', '1:5: has a line break in a quoted text; write "\\n"'),
        ("x = { (null) = 1 }", "1:7: is no key; write a name or a text in double quotes"),
    ],
)
def test_what_terraform_would_not_take_as_variable_definitions_is_refused(text: str, message: str) -> None:
    with pytest.raises(Failure) as raised:
        read_hcl(text, "a.tfvars")
    assert str(raised.value) == f"a.tfvars:{message}"


def test_json_is_read_with_its_places() -> None:
    located = read_json('\n{"a": [1, 2.5, {"b": null}],\n "é": {"c": true, "c": "\\u00e9"}, "d": 1e3}', "a.json")
    assert located.value == {"a": [1, 2.5, {"b": None}], "é": {"c": "é"}, "d": 1000}
    assert located.positions == {
        (): (2, 1),
        ("a",): (2, 2),
        ("a", 0): (2, 8),
        ("a", 1): (2, 11),
        ("a", 2): (2, 16),
        ("a", 2, "b"): (2, 17),
        ("é",): (3, 2),
        ("é", "c"): (3, 19),
        ("d",): (3, 35),
    }
    assert located.repeated == [(("é", "c"), (3, 19))]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "1:2: is not JSON: expected a key in double quotes, found the end of the file"),
        ('{"a" 1}', '1:6: is not JSON: expected : behind the key "a", found "1"'),
        ('{"a":1,}', '1:8: is not JSON: expected a key in double quotes, found "}"'),
        ("[1 2]", '1:4: is not JSON: expected , or ], found "2"'),
        ("[NaN]", '1:2: is not JSON: expected a value, found "N"'),
        ("{}\nx", "2:1: is not JSON: has something behind its end"),
        ('"\\q"', "1:2: is not JSON: invalid \\escape"),
        ("[" * 100_000, " is nested too deeply to be read"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(Failure) as raised:
        read_json(text, "a.json")
    assert str(raised.value) == f"a.json:{message}"


# --- what it is ------------------------------------------------------------------------------------------------------


def plan(*functions: tuple[str, str | None], values: str = "planned_values") -> dict[str, Any]:
    """What `terraform show -json` prints, as far as it matters, of functions by address and policy."""
    resources = [
        {
            "address": f"{address}.aws_lambda_function.this",
            "mode": "managed",
            "type": "aws_lambda_function",
            "values": {
                "function_name": f"AWSClientVPN-{number}",
                "environment": [{"variables": {"POLICY": policy}} if policy else {}],
            },
        }
        for number, (address, policy) in enumerate(functions)
    ]
    other = {"mode": "managed", "type": "aws_lambda_function", "values": {"function_name": "other"}}
    alias = {
        "mode": "managed",
        "type": "aws_lambda_alias",
        "values": {"function_name": "AWSClientVPN-0", "name": "staff"},
    }
    module = {"resources": [other], "child_modules": [{"child_modules": [{"resources": [*resources, alias]}]}]}
    return {"format_version": "1.2", "terraform_version": "1.11.0", values: {"root_module": module}}


PACKED = base64.b64encode(gzip.compress(json.dumps(STAFF).encode(), mtime=0)).decode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("terraform.tfvars", ALLOW_HCL),
        ("anything", ALLOW_HCL),
        ("terraform.tfvars.json", json.dumps(STAFF)),
        ("vars.json", json.dumps({"name": "corp", **STAFF})),
        ("policy.json", json.dumps(STAFF)),
        ("policy", PACKED),
        ("plan.json", json.dumps(plan(("module.a", json.dumps(STAFF))))),
        ("state.json", json.dumps(plan(("module.a", PACKED), values="values"))),
    ],
    ids=["tfvars", "hcl", "tfvars-json", "variables-json", "document", "packed-document", "plan", "state"],
)
def test_a_policy_is_found_in_whatever_holds_one(tmp_path: Path, name: str, content: str) -> None:
    file = tmp_path / name
    file.write_text(content)
    assert policy_from_files([file]).policy().rules[0].label == "staff"
    assert cvpn("validate", "-", stdin=content.encode()).status == 0


def test_the_endpoints_of_a_plan_are_the_aliases_of_its_function_where_there_are_any(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(plan(("module.a", json.dumps(STAFF)), ("module.b", json.dumps(STAFF)))))
    address = "module.{}.aws_lambda_function.this"
    assert policy_from_files([file], address.format("a")).endpoints == frozenset({"staff"})
    # A function without an alias may get its aliases elsewhere: nothing can be said of a rule's endpoints.
    assert policy_from_files([file], address.format("b")).endpoints is None


def test_a_document_that_is_laid_out_is_measured_as_it_would_be_rendered(tmp_path: Path) -> None:
    rules = [{"name": f"rule {number}", "effect": "allow", "when": {"groups": [f"g{number}"]}} for number in range(60)]
    (tmp_path / "policy.json").write_text(json.dumps({"rules": rules}, indent=4))
    size = cvpn("validate", tmp_path / "policy.json", "-o", "json").json["size"]
    assert (size["packed"], size["bytes"] < 2_000) == (True, True)


def test_a_plan_says_which_aliases_there_are(tmp_path: Path) -> None:
    rule = {"name": "staff", "effect": "allow", "when": {"endpoint": ["staf"]}}
    file = policy_file(tmp_path, plan(("module.a", json.dumps({"rules": [rule]}))))
    result = cvpn("validate", file)
    assert 'rule "staff" names the endpoint "staf", which does not exist; did you mean "staff"?' in result.out


def test_of_several_functions_in_a_plan_one_is_chosen(tmp_path: Path) -> None:
    other = {"rules": [{"name": "other", "effect": "allow"}]}
    file = policy_file(tmp_path, plan(("module.a", json.dumps(STAFF)), ("module.b", json.dumps(other))))
    result = cvpn("simulate", "-p", file, "--username", "x")
    assert result.status == 1
    assert result.err == (
        f"cvpn: {file}: has several functions with a policy; choose with --address: "
        "module.a.aws_lambda_function.this, module.b.aws_lambda_function.this\n"
    )
    chosen = cvpn("simulate", "-p", file, "--address", "module.b.aws_lambda_function.this", "--username", "x")
    assert 'Allowed by rule "other".' in chosen.out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (json.dumps(plan()), "has no function AWSClientVPN-* with a policy in its resources"),
        (
            json.dumps(plan(("module.a", None))),
            "the policy of module.a.aws_lambda_function.this is known only after apply, or is none of this module's",
        ),
        ("PK\x03\x04", "is a saved plan, which only Terraform reads; give what `terraform show -json {file}` prints"),
        ("\xff", "is not UTF-8 text"),
    ],
)
def test_a_file_without_a_policy_is_refused(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "file"
    file.write_text(content, encoding="latin-1")
    result = cvpn("validate", file)
    assert (result.status, result.out) == (1, "")
    where = f"{file}:1" if content == "\xff" else str(file)
    assert result.err == f"cvpn: {where}: {message.format(file=file)}\n"


def test_variable_definitions_are_merged_in_terraforms_order(tmp_path: Path) -> None:
    def rules(name: str) -> dict[str, Any]:
        return {"rules": [{"name": name, "effect": "allow"}]}

    (tmp_path / "terraform.tfvars").write_text('rules = []\ndefault_deny_message = "first"\nshadow_mode = true\n')
    policy_file(tmp_path, rules("json") | {"default_deny_message": "second"}, "terraform.tfvars.json")
    (tmp_path / "a.auto.tfvars").write_text('default_deny_message = "third"\n')
    policy_file(tmp_path, rules("auto"), "b.auto.tfvars.json")
    office = policy_file(tmp_path, rules("office") | {"name": "x"}, "office.tfvars.json")

    loaded = policy_from_files([tmp_path])
    assert loaded.document == {**rules("auto"), "default_deny_message": "third", "shadow_mode": True}
    # As -var-file, after those that Terraform loads by itself, in whatever order they are named.
    named = [office, *(file for file in tmp_path.iterdir() if file != office)]
    assert policy_from_files(named).document["rules"][0]["name"] == "office"


def test_what_is_empty_is_not_in_the_document(tmp_path: Path) -> None:
    short, long = tmp_path / "short.tfvars", tmp_path / "long.tfvars"
    short.write_text(ALLOW_HCL)
    long.write_text(ALLOW_HCL + 'default_posture_status = ""\nposture_rules = []\nshadow_mode = false\n')
    assert policy_from_files([long]).text == policy_from_files([short]).text


def test_problems_name_the_file_that_counts(tmp_path: Path) -> None:
    (tmp_path / "terraform.tfvars").write_text(ALLOW_HCL)
    (tmp_path / "a.auto.tfvars").write_text('\nrules = [{ name = "staff", efect = "allow" }]\n')
    result = cvpn("validate", tmp_path)
    assert result.status == 3
    assert f'{tmp_path}/a.auto.tfvars:2:28: error: rules[0] "staff" has the unknown key "efect"' in result.out


def test_a_whole_policy_cannot_be_merged(tmp_path: Path) -> None:
    (tmp_path / "terraform.tfvars").write_text(ALLOW_HCL)
    result = cvpn("validate", tmp_path / "terraform.tfvars", policy_file(tmp_path, STAFF))
    assert result.err == (
        f"cvpn: {tmp_path}/policy.json: is a whole policy; only files of variable definitions can be merged\n"
    )


def test_the_current_folder_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cvpn("validate").err == (
        "cvpn: .: has no terraform.tfvars, terraform.tfvars.json, *.auto.tfvars or *.auto.tfvars.json; "
        "name the policy's file\n"
    )
    (tmp_path / "terraform.tfvars").write_text(ALLOW_HCL)
    assert cvpn("validate").out.startswith("Valid: 1 rule, ")


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    result = cvpn("simulate", "-p", tmp_path / "nowhere", "--username", "x")
    assert (result.status, result.err) == (1, f"cvpn: {tmp_path}/nowhere: cannot be read: No such file or directory\n")
