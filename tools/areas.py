"""Which unit tests belong to a part of the project."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import PurePath

from tools import ROOT

TESTS_OF_AREA = {
    "lambda_src/connect_handler": "tests/unit/connect_handler",
    "cvpn": "tests/unit/cvpn",
    "localaws": "tests/unit/localaws",
    "modules/policy": "tests/unit/policy",
    "tools": "tests/unit/tools",
}


def changed_unit_tests() -> list[str]:
    """Return the unit tests for the uncommitted changes. Without any, return those for the last commit."""
    changed = [*_git("diff", "--name-only", "HEAD"), *_git("ls-files", "--others", "--exclude-standard")]
    return unit_tests_of(changed or _git("diff", "--name-only", "HEAD~1"))


def unit_tests_of(paths: Iterable[str]) -> list[str]:
    """Return the folders and files of unit tests that the paths, relative to the checkout, belong to."""
    found = set()
    for path in map(PurePath, paths):
        areas = [tests for area, tests in TESTS_OF_AREA.items() if path.is_relative_to(area)]
        found.update(areas)
        if path.is_relative_to("tests/unit") and (ROOT / path).is_file():
            is_test = path.name.startswith("test_") and path.suffix == ".py"
            found.add(str(path if is_test else path.parent))
    folders = {path for path in found if (ROOT / path).is_dir()}
    return sorted(path for path in found if not any(str(parent) in folders for parent in PurePath(path).parents))


def _git(*arguments: str) -> list[str]:
    result = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return result.stdout.splitlines()
