"""Which lines of Terraform files are too long."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import ROOT, line_lengths


@pytest.mark.parametrize(
    "name",
    ["main.tf", "modules/handler/variables.tf", "examples/minimal/main.tf", "tests/terraform/handler.tftest.hcl"],
)
def test_a_line_of_more_than_120_characters_is_too_long(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"# {'x' * 118}\n# {'ä' * 119}\n")
    assert line_lengths.long_lines(tmp_path) == [f"{name}:2: 121 characters"]


def test_lines_of_other_files_are_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("x" * 200)
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules/README.md").write_text("x" * 200)
    assert line_lengths.long_lines(tmp_path) == []


def test_no_line_of_this_project_is_too_long(capsys: pytest.CaptureFixture[str]) -> None:
    assert line_lengths.main(ROOT) == 0
    assert capsys.readouterr().err == ""


def test_what_is_too_long_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "main.tf").write_text("#" * 121)
    assert line_lengths.main(tmp_path) == 1
    assert capsys.readouterr().err == "main.tf:1: 121 characters\nBreak these lines after at most 120 characters.\n"
