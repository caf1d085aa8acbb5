"""What all tests share."""

from __future__ import annotations

import pytest

from tools import CACHE
from tools.terraform_cli import TerraformUnavailable, terraform_environment


def pytest_configure() -> None:
    """Have Hypothesis keep its examples where all else lies that can be made again, and mind no clock."""
    from hypothesis import HealthCheck, settings
    from hypothesis.configuration import set_hypothesis_home_dir

    set_hypothesis_home_dir(CACHE / "hypothesis")
    settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("project")


@pytest.fixture(scope="session")
def terraform_env() -> dict[str, str]:
    """Environment variables that Terraform's runs need here, to be laid over the process's own."""
    try:
        return terraform_environment()
    except TerraformUnavailable as problem:
        pytest.fail(str(problem), pytrace=False)
