"""tools/fuzz.py: rounds of new examples until one fails or time is up."""

from __future__ import annotations

import pytest

from tools import fuzz


@pytest.fixture
def statuses(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What pytest is to end with in the rounds to come."""
    to_come: list[int] = []
    monkeypatch.setattr(fuzz, "run_round", lambda seed: to_come.pop(0))
    return to_come


def test_rounds_follow_each_other_until_a_property_fails(
    statuses: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    statuses += [0, 0, 1, 0]
    assert fuzz.main([]) == 1
    assert statuses == [0]
    rounds = capsys.readouterr().out.splitlines()
    assert [line.partition(",")[0] for line in rounds] == ["==> round 1", "==> round 2", "==> round 3"]
    assert len({line.partition("seed")[2] for line in rounds}) == 3


def test_there_is_one_round_however_short_the_time(statuses: list[int]) -> None:
    statuses += [0, 0]
    assert fuzz.main(["0"]) == 0
    assert statuses == [0]


def test_what_is_no_number_of_minutes_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz.main(["soon"]) == 1
    assert "'soon' is no number of minutes; write, for example, MINUTES=30." in capsys.readouterr().err
