"""Which unit tests belong to a part of the project."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import PurePath

from tools import ROOT

_LOCALAWS = "tests/unit/localaws"

TESTS_OF_AREA: dict[str, tuple[str, ...]] = {
    "CONTRIBUTING.md": ("tests/unit/docs",),
    "docs": ("tests/unit/docs",),
    "lambda_src/connect_handler": ("tests/unit/connect_handler", "tests/unit/docs"),
    "cvpn": ("tests/unit/cvpn",),
    "localaws": (f"{_LOCALAWS}/server",),
    "localaws/api": (f"{_LOCALAWS}/server",),
    "localaws/api/client_vpn.py": (f"{_LOCALAWS}/clientvpn",),
    "localaws/applicationautoscaling": (f"{_LOCALAWS}/applicationautoscaling",),
    "localaws/awslambda": (f"{_LOCALAWS}/awslambda",),
    "localaws/clientvpn": (f"{_LOCALAWS}/clientvpn",),
    "localaws/cloudwatch": (f"{_LOCALAWS}/cloudwatch", f"{_LOCALAWS}/awslambda/test_metrics.py"),
    "localaws/dynamodb": (f"{_LOCALAWS}/dynamodb",),
    # EC2's backend begins and ends connections, and has their log. Only the metrics know each reason of a failure.
    "localaws/ec2": (
        f"{_LOCALAWS}/clientvpn/test_connect.py",
        f"{_LOCALAWS}/clientvpn/test_connections.py",
        f"{_LOCALAWS}/clientvpn/test_connections_in_ec2.py",
        f"{_LOCALAWS}/ec2",
    ),
    "localaws/ec2/client_vpn_metrics.py": (f"{_LOCALAWS}/clientvpn", f"{_LOCALAWS}/ec2/test_large_endpoint.py"),
    "localaws/events": (f"{_LOCALAWS}/events",),
    "localaws/logs": (f"{_LOCALAWS}/logs",),
    "localaws/openvpn": (f"{_LOCALAWS}/openvpn",),
    "localaws/results.py": (f"{_LOCALAWS}/dynamodb", f"{_LOCALAWS}/ec2"),
    "modules/policy": ("tests/unit/policy",),
    "tools": ("tests/unit/tools",),
}
"""Folders and files of tests of each area. A path belongs to the smallest area around it."""


def changed_unit_tests() -> list[str]:
    """Return the unit tests for the uncommitted changes. Without any, return those for the last commit."""
    changes = [*_git("diff", "--name-only", "HEAD"), *_git("ls-files", "--others", "--exclude-standard")]
    return unit_tests_of(changes or _git("diff", "--name-only", "HEAD~1"))


def unit_tests_of(paths: Iterable[str]) -> list[str]:
    """Return the folders and files of unit tests that the paths, relative to the checkout, belong to."""
    tests: set[str] = set()
    for path in map(PurePath, paths):
        tests.update(TESTS_OF_AREA.get(_area_of(path), ()))
        if path.is_relative_to("tests/unit") and (ROOT / path).is_file():
            is_test = path.name.startswith("test_") and path.suffix == ".py"
            tests.add(str(path if is_test else path.parent))
    folders = {path for path in tests if (ROOT / path).is_dir()}
    return sorted(path for path in tests if not any(str(parent) in folders for parent in PurePath(path).parents))


def _area_of(path: PurePath) -> str:
    """Return the smallest area around a path; empty for none."""
    around = [area for area in TESTS_OF_AREA if path.is_relative_to(area)]
    return max(around, key=len, default="")


def _git(*arguments: str) -> list[str]:
    result = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return result.stdout.splitlines()
