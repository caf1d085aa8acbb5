"""What concurrency so many users need."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvpn.schemas.results import schemas
from cvpn.size.concurrency import ENOUGH, Demand, at_once

from .running import cvpn


def poisson_up_to(number: int, mean: float) -> float:
    return sum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(number + 1))


@given(st.floats(0.001, 490))
def test_so_many_are_nearly_always_enough_and_one_less_is_not(mean: float) -> None:
    number = at_once(mean)
    assert poisson_up_to(number, mean) >= ENOUGH - 1e-9
    assert number == 0 or poisson_up_to(number - 1, mean) < ENOUGH + 1e-9


@pytest.mark.parametrize("mean", [501, 2_000, 100_000])
def test_of_many_it_comes_close_to_the_quantile(mean: float) -> None:
    assert mean + 3.6 * math.sqrt(mean) < at_once(mean) < mean + 3.9 * math.sqrt(mean)


@given(
    users=st.integers(1, 100_000),
    window=st.floats(1, 10_000),
    peak=st.floats(1, 10),
    latency=st.floats(0.001, 1),
    cold_start=st.floats(0, 5),
)
def test_what_is_reserved_has_room_for_two_versions_and_for_lambdas_own_rate(
    users: int, window: float, peak: float, latency: float, cold_start: float
) -> None:
    demand = Demand(users, window, peak, latency, cold_start)
    assert 1 <= 2 * demand.provisioned <= demand.reserved
    assert demand.cold <= demand.reserved
    assert demand.rate <= 10 * demand.provisioned
    more = Demand(2 * users, window, peak, latency, cold_start)
    assert more.provisioned >= demand.provisioned


def test_it_says_what_to_write() -> None:
    result = cvpn("size", "--users", "5000", "--window", "15")
    assert result.status == 0
    assert "5,000 users in 15 minutes: 5.6 connections a second, 17 in the busiest moments" in result.out
    for variable in ("provisioned_concurrency", "reserved_concurrent_executions"):
        assert variable in result.out


def test_as_json_it_is_as_its_schema_says() -> None:
    import jsonschema

    result = cvpn("size", "--users", "126000", "--window", "1", "-o", "json")
    jsonschema.validate(result.json, schemas()["size"])
    assert result.json["connections_per_second"] == 6300
    assert result.json["provisioned_concurrency"] == 630
    assert result.json["fits_account"] is False


def test_a_quota_that_is_too_small_is_told() -> None:
    assert "can reserve 900 unless its quota" in cvpn("size", "--users", "126000", "--window", "1").out


@pytest.mark.parametrize(
    "arguments",
    [("--users", "0"), ("--users", "5", "--window", "0"), ("--users", "5", "--peak", "0.5")],
)
def test_what_cannot_be_is_refused(arguments: tuple[str, ...]) -> None:
    result = cvpn("size", *arguments)
    assert result.status == 1
    assert "is not in the range" in result.err


def test_the_documentation_shows_what_it_says() -> None:
    page = (Path(__file__).parents[3] / "docs" / "sizing.md").read_text()
    (session,) = re.findall(r"```console\n\$ cvpn (.*?)\n(.*?)```", page, re.DOTALL)
    command, shown = session
    assert cvpn(*command.split()).out == shown
