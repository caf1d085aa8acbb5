"""What all tests share. Fixtures import what they need late: the unit tests of one part run without the others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tools import CACHE
from tools.terraform_cli import TerraformUnavailable, terraform_environment

if TYPE_CHECKING:
    from localaws import LocalAws

EVENTS = Path(__file__).parent / "events"


def pytest_configure() -> None:
    """Keep Hypothesis's examples with everything else that can be made again."""
    from hypothesis.configuration import set_hypothesis_home_dir

    set_hypothesis_home_dir(CACHE / "hypothesis")


@pytest.fixture(scope="session")
def terraform_env() -> dict[str, str]:
    """Environment variables that Terraform's runs need here, to be laid over the process's own."""
    try:
        return terraform_environment()
    except TerraformUnavailable as problem:
        pytest.fail(str(problem), pytrace=False)


@pytest.fixture
def local_aws() -> Iterator[LocalAws]:
    """AWS on this machine, empty."""
    from localaws import LocalAws

    with LocalAws(region="eu-central-1") as aws:
        yield aws


@pytest.fixture(scope="session")
def load_event() -> Callable[[str], Any]:
    """Return the reader of tests/events: a file's name without its suffix gives its JSON value."""

    def load(name: str) -> Any:
        path = EVENTS / f"{name}.json"
        if not path.is_file():
            known = ", ".join(sorted(file.stem for file in EVENTS.glob("*.json")))
            raise FileNotFoundError(f"There is no event {name!r} in tests/events; there are: {known}.")
        return json.loads(path.read_text(encoding="utf-8"))

    return load
