"""tools/areas.py: which unit tests belong to what somebody works on."""

from __future__ import annotations

from pathlib import PurePath

import pytest

from tools import ROOT
from tools.areas import TESTS_OF_AREA, unit_tests_of


@pytest.mark.parametrize(
    ("paths", "tests"),
    [
        (["cvpn/verbs/replay.py", "cvpn/cli.py"], ["tests/unit/cvpn"]),
        (["tools/check.py", "README.md"], ["tests/unit/tools"]),
        # The pages for who carries on name modules of the function.
        (["lambda_src/connect_handler/handler.py"], ["tests/unit/connect_handler", "tests/unit/docs"]),
        (["tests/unit/tools/test_areas.py"], ["tests/unit/tools/test_areas.py"]),
        # An area inside another one has tests of its own.
        (["localaws/dynamodb/models.py"], ["tests/unit/localaws/dynamodb"]),
        (["localaws/server.py"], ["tests/unit/localaws/server"]),
        (
            ["localaws/ec2/models/route.py"],
            [
                "tests/unit/localaws/clientvpn/test_connect.py",
                "tests/unit/localaws/clientvpn/test_connections.py",
                "tests/unit/localaws/clientvpn/test_connections_in_ec2.py",
                "tests/unit/localaws/ec2",
            ],
        ),
        # A file of tests is left out beside its folder.
        (
            ["localaws/cloudwatch/alarms.py", "localaws/awslambda/metrics.py"],
            ["tests/unit/localaws/awslambda", "tests/unit/localaws/cloudwatch"],
        ),
        # What tests share concerns all beside it.
        (["tests/unit/localaws/helpers.py", "tests/unit/localaws/server/test_cli.py"], ["tests/unit/localaws"]),
        (["tests/unit/cvpn/test_that_was_deleted.py", "docs/cli.md"], ["tests/unit/docs"]),
    ],
)
def test_a_path_belongs_to_the_tests_of_its_area(paths: list[str], tests: list[str]) -> None:
    assert unit_tests_of(paths) == tests


def test_every_area_and_its_tests_exist() -> None:
    tests = [test for tests in TESTS_OF_AREA.values() for test in tests]
    assert [path for path in [*TESTS_OF_AREA, *tests] if not (ROOT / path).exists()] == []


def test_every_package_of_localaws_is_an_area() -> None:
    packages = {str(path.parent.relative_to(ROOT)) for path in (ROOT / "localaws").glob("*/__init__.py")}
    assert packages - TESTS_OF_AREA.keys() == set()


def test_every_file_of_localaws_tests_belongs_to_an_area() -> None:
    tests = [test for tests in TESTS_OF_AREA.values() for test in tests]
    files = [path.relative_to(ROOT) for path in (ROOT / "tests/unit/localaws").rglob("test_*.py")]
    assert [str(path) for path in files if not any(PurePath(path).is_relative_to(test) for test in tests)] == []
