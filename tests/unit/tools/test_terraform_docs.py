"""tools/terraform_docs.py: the READMEs say what the .tf files say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import terraform_docs
from tools.generated import MarkersBroken
from tools.terraform_docs import DocumentationError, inputs_as_markdown, inputs_of, outputs_as_markdown, outputs_of

VARIABLES = r"""
variable "tags" {
  description = "Tags, such as \"env\", of every resource with $${...} | and pipes."
  type        = map(string)
  default     = { env = "test", n = [1, true, null] }
}

variable "name" {
  description = "Name of it all."
  type        = string
  nullable    = false
}

variable "options" {
  description = <<-EOT
    Options of the function. All may be left out.
    - `timeout`: seconds.
    - `log`: where it writes.
  EOT
  type = map(object({
    timeout = optional(number, 10)
    log = optional(object({
      name = string # a comment
      tags = optional(map(string), {})
      kind = optional(string, "a, b")
    }))
  }))
  default = {}
}
"""
OUTPUTS = """
output "arn" {
  description = <<-EOT
    ARN of it,
    with an alias.
  EOT
  value       = 1
}

output "secret" {
  description = "The key."
  value       = 2
  sensitive   = true
}
"""
MARKERS = "# Title\n\n<!-- BEGIN inputs -->\n<!-- END inputs -->\n\n<!-- BEGIN outputs -->\n<!-- END outputs -->\nEnd\n"


@pytest.fixture
def module(tmp_path: Path) -> Path:
    (tmp_path / "variables.tf").write_text(VARIABLES)
    (tmp_path / "outputs.tf").write_text(OUTPUTS)
    (tmp_path / "README.md").write_text(MARKERS)
    return tmp_path


def test_required_inputs_come_first_then_those_with_a_default_in_the_order_of_the_files(module: Path) -> None:
    assert [(item.name, item.default) for item in inputs_of(module)] == [
        ("name", None),
        ("tags", '{ env = "test", n = [1, true, null] }'),
        ("options", "{}"),
    ]


def test_an_input_whose_description_is_a_sentence_is_a_row(module: Path) -> None:
    rows = inputs_as_markdown(inputs_of(module)).splitlines()
    assert rows[2] == "| `name` | `string` | required | Name of it all. |"
    assert rows[3] == (
        '| `tags` | `map(string)` | `{ env = "test", n = [1, true, null] }` '
        '| Tags, such as "env", of every resource with ${...} \\| and pipes. |'
    )


def test_an_input_with_more_to_say_has_a_part_of_its_own_that_its_row_links_to(module: Path) -> None:
    text = inputs_as_markdown(inputs_of(module))
    assert "| [`options`](#input_options) | `map(object)` | `{}` | Options of the function. |" in text
    details = text.partition('<a id="input_options"></a>`options`\n')[2]
    assert "\n- `timeout`: seconds.\n- `log`: where it writes.\n" in details


def test_an_object_type_is_laid_out_with_one_attribute_a_line(module: Path) -> None:
    assert inputs_of(module)[2].type.splitlines() == [
        "map(object({",
        "  timeout = optional(number, 10)",
        "  log = optional(object({",
        "    name = string",
        "    tags = optional(map(string), {})",
        '    kind = optional(string, "a, b")',
        "  }))",
        "}))",
    ]


def test_outputs_are_a_table(module: Path) -> None:
    assert outputs_as_markdown(outputs_of(module)).splitlines()[2:] == [
        "| `arn` | ARN of it, with an alias. |",
        "| `secret` | The key. Sensitive. |",
    ]


def test_writing_fills_the_parts_between_the_markers_and_nothing_else(module: Path) -> None:
    assert terraform_docs.main([], root=module) == 0
    text = (module / "README.md").read_text()
    assert text.startswith("# Title\n\n<!-- BEGIN inputs -->\n| Input |")
    assert text.endswith("| `secret` | The key. Sensitive. |\n<!-- END outputs -->\nEnd\n")
    assert terraform_docs.main(["--check"], root=module) == 0


def test_a_change_of_a_variable_makes_the_readme_stale(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    terraform_docs.main([], root=module)
    (module / "variables.tf").write_text(VARIABLES.replace("Name of it all", "Another name"))
    written = (module / "README.md").read_text()
    assert terraform_docs.main(["--check"], root=module) == 1
    assert capsys.readouterr().err == "Not what the .tf files say: README.md. Run `make docs`.\n"
    assert (module / "README.md").read_text() == written


def test_the_readmes_of_the_modules_below_are_written_too(module: Path) -> None:
    below = module / "modules" / "handler"
    below.mkdir(parents=True)
    (below / "outputs.tf").write_text(OUTPUTS)
    (below / "README.md").write_text("<!-- BEGIN outputs -->\n<!-- END outputs -->\n")
    terraform_docs.main([], root=module)
    assert "| `arn` |" in (below / "README.md").read_text()


@pytest.mark.parametrize(
    "readme",
    ["<!-- BEGIN inputs -->\n", "<!-- END inputs -->\n<!-- BEGIN inputs -->\n", "<!-- END inputs -->\n", MARKERS * 2],
)
def test_markers_that_do_not_pair_up_are_refused(readme: str, module: Path) -> None:
    with pytest.raises(MarkersBroken, match=r"README\.md needs one <!-- BEGIN inputs -->"):
        terraform_docs.filled(readme, module)


def test_a_variable_without_a_description_is_refused(module: Path) -> None:
    (module / "more.tf").write_text('variable "silent" {\n  type = string\n}\n')
    with pytest.raises(DocumentationError, match=r'more\.tf: variable "silent" has no description'):
        inputs_of(module)


def test_a_file_that_is_not_hcl_is_named(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (module / "broken.tf").write_text('variable "x" {{\n')
    assert terraform_docs.main([], root=module) == 1
    assert "broken.tf is not HCL" in capsys.readouterr().err
