"""What all tests share."""

from __future__ import annotations

import pytest

from tools import CACHE
from tools.terraform_cli import TerraformUnavailable, terraform_environment


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
