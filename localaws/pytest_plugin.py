"""pytest fixtures. Use them with ``pytest -p localaws.pytest_plugin``, or with that in pytest's ``addopts``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localaws.api import LocalAws


@pytest.fixture(scope="module")
def local_aws() -> Iterator[LocalAws]:
    """AWS on this machine, empty at first, shared by the tests of a module."""
    with LocalAws() as aws:
        yield aws
