"""modules/monitoring has the names that the handler writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from connect_handler.decision_log import metrics
from tools import monitoring_names


def test_the_names_are_those_of_the_handler() -> None:
    assert monitoring_names.main(["--check"]) == 0


def test_a_name_that_drifts_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(metrics, "METRIC", "Verdicts")
    assert monitoring_names.main(["--check"]) == 1
    assert "Run `make docs`" in capsys.readouterr().err


def test_it_is_written_where_it_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "names.tf"
    assert monitoring_names.main(["--check"], file) == 1
    assert monitoring_names.main([], file) == 0
    assert monitoring_names.main(["--check"], file) == 0
