"""tools/terraform_files.py: a copy that Terraform may leave its files in."""

from __future__ import annotations

from pathlib import Path

from tools.terraform_files import copy_terraform_files, terraform_folders

FILES = [
    "main.tf",
    "modules/handler/main.tf",
    "modules/handler/connect_handler.zip",
    "examples/minimal/main.tf",
    "examples/minimal/terraform.tfvars",
    "tests/terraform/handler.tftest.hcl",
]
LITTER = [
    ".terraform.lock.hcl",
    "examples/minimal/.terraform.lock.hcl",
    "examples/minimal/.terraform/modules/modules.json",
    "examples/minimal/terraform.tfstate",
    "tests/unit/test_x.py",
    "pyproject.toml",
]


def make_checkout(folder: Path) -> Path:
    for name in [*FILES, *LITTER]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def test_the_copy_holds_what_terraform_reads_and_no_state_of_other_runs(tmp_path: Path) -> None:
    target = tmp_path / "copy"
    target.mkdir()
    (target / "old.tf").touch()
    copy_terraform_files(make_checkout(tmp_path / "checkout"), target)
    assert sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()) == sorted(FILES)


def test_every_folder_with_terraform_files_is_found(tmp_path: Path) -> None:
    root = make_checkout(tmp_path)
    assert terraform_folders(root) == [root, root / "examples/minimal", root / "modules/handler"]
