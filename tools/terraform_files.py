"""The Terraform files of the checkout: where they are, and how to work on a copy of them.

Terraform writes a lock file beside what it initializes. Whatever runs `terraform init` therefore does so in a copy.
"""

from __future__ import annotations

import shutil
from pathlib import Path


def terraform_folders(root: Path) -> list[Path]:
    """Return the root module, the modules below it and the examples: every folder that holds .tf files."""
    patterns = ("*.tf", "modules/*/*.tf", "examples/*/*.tf")
    return sorted({path.parent for pattern in patterns for path in root.glob(pattern)})


def copy_terraform_files(root: Path, target: Path) -> None:
    """Make ``target`` a copy of the modules, the examples and Terraform's tests; what was there before is gone."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in root.glob("*.tf"):
        shutil.copy2(path, target)
    litter = shutil.ignore_patterns(".terraform*", "*.tfstate*", "__pycache__")
    for name in ("modules", "examples", "tests/terraform"):
        if (root / name).is_dir():
            shutil.copytree(root / name, target / name, ignore=litter)
