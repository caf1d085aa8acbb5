"""modules/policy has the language that the function reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from connect_handler.policy.conditions.registry import CONDITION_KEYS
from tools import policy_language


def test_the_language_is_that_of_the_function() -> None:
    assert policy_language.main(["--check"]) == 0


def test_a_limit_that_drifts_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(policy_language, "MAX_AGE_HOURS", 24)
    assert policy_language.main(["--check"]) == 1
    assert "Run `make docs`" in capsys.readouterr().err


def test_it_is_written_where_it_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "language.tf"
    assert policy_language.main(["--check"], file) == 1
    assert policy_language.main([], file) == 0
    assert policy_language.main(["--check"], file) == 0


def test_an_example_that_the_function_takes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_language, "MAX_CHARACTERS", 254)
    with pytest.raises(ValueError, match=r"\['characters'\] are valid"):
        policy_language.advice()


def test_a_condition_of_an_unknown_kind_is_told() -> None:
    words = policy_language.advice()
    assert {policy_language.kind_of(key, words) for key in CONDITION_KEYS} == {*policy_language.KINDS, "pattern"}
    with pytest.raises(ValueError, match="public_ip has the advice"):
        policy_language.kind_of("public_ip", words | {"network": "write a postal address"})
