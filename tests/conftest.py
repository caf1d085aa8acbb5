"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from localaws.openvpn import unavailable_because
from tools import CACHE
from tools.openvpn_client import OpenVpnClient
from tools.terraform_cli import TerraformUnavailable, terraform_environment


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share a module's fixture on one worker under `pytest -n N --dist loadgroup`.

    All other tests go to whichever worker is free.
    """
    for item in items:
        definitions = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
        if any(one.scope == "module" for found in definitions.values() for one in found):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def pytest_configure() -> None:
    """Have Hypothesis keep its examples where all else lies that can be made again, and register its profiles.

    boto3's sessions share one loader. Each would read the same descriptions of AWS's services, which takes most of the
    time of a test that calls AWS.
    """
    import botocore.loaders
    from hypothesis.configuration import set_hypothesis_home_dir

    from tests.examples import register_profiles

    set_hypothesis_home_dir(CACHE / "hypothesis")
    register_profiles()
    botocore.loaders.create_loader = cache(botocore.loaders.create_loader)


@pytest.fixture(scope="session")
def terraform_env() -> dict[str, str]:
    """Environment variables that Terraform's runs need here, to be laid over the process's own."""
    try:
        return terraform_environment()
    except TerraformUnavailable as problem:
        pytest.fail(str(problem), pytrace=False)


@pytest.fixture(scope="session")
def openvpn() -> None:
    """Skips where there is no openvpn; fails instead if CVPN_REQUIRE_OPENVPN is set."""
    problem = unavailable_because()
    if problem and os.environ.get("CVPN_REQUIRE_OPENVPN"):
        pytest.fail(f"CVPN_REQUIRE_OPENVPN is set, but {problem}", pytrace=False)
    if problem:
        pytest.skip(problem)


@pytest.fixture
def start_openvpn(openvpn: None, tmp_path: Path) -> Iterator[Callable[..., OpenVpnClient]]:
    """Starts stock OpenVPN clients with the text of a profile; they end with the test."""
    with ExitStack() as clients:

        def start(profile: str, **arguments: Any) -> OpenVpnClient:
            file = tmp_path / f"{len(list(tmp_path.iterdir()))}.ovpn"
            file.write_text(profile)
            return clients.enter_context(OpenVpnClient(file, **arguments))

        yield start
