"""pytest fixtures. Use them with ``pytest_plugins = ["localaws.pytest_plugin"]``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localaws.api import LocalAws


@pytest.fixture
def local_aws() -> Iterator[LocalAws]:
    """AWS on this machine, empty, for one test."""
    with LocalAws() as aws:
        yield aws
