"""tools/areas.py: which unit tests belong to what somebody works on."""

from __future__ import annotations

import pytest

from tools import ROOT
from tools.areas import TESTS_OF_AREA, unit_tests_of


@pytest.mark.parametrize(
    ("paths", "tests"),
    [
        (["cvpn/verbs/replay.py", "cvpn/cli.py"], ["tests/unit/cvpn"]),
        (["lambda_src/connect_handler/handler.py", "README.md"], ["tests/unit/connect_handler"]),
        (["tests/unit/tools/test_areas.py"], ["tests/unit/tools/test_areas.py"]),
        # What tests share concerns all beside it.
        (["tests/unit/localaws/helpers.py", "tests/unit/localaws/test_cli.py"], ["tests/unit/localaws"]),
        (["tests/unit/cvpn/test_that_was_deleted.py", "docs/cli.md"], []),
    ],
)
def test_a_path_belongs_to_the_tests_of_its_area(paths: list[str], tests: list[str]) -> None:
    assert unit_tests_of(paths) == tests


def test_every_area_and_its_tests_exist() -> None:
    folders = [*TESTS_OF_AREA, *TESTS_OF_AREA.values()]
    assert [folder for folder in folders if not (ROOT / folder).is_dir()] == []
