"""docs/operations.md is what happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from localaws.ec2.client_vpn_metrics import FAILURE_METRICS
from tools import operations_docs
from tools.operations_docs import FAILURES, PAGE, Failure, bring_about, main, stable


@pytest.fixture(scope="module")
def parts() -> dict[str, str]:
    return operations_docs.parts()


@pytest.fixture
def happened(parts: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What happened once is not brought about again."""
    monkeypatch.setattr(operations_docs, "parts", lambda: parts)


@pytest.mark.slow
@pytest.mark.usefixtures("happened")
def test_the_page_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.usefixtures("happened")
def test_a_stale_page_is_told_and_then_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "operations.md"
    text = PAGE.read_text(encoding="utf-8")
    page.write_text(text.replace("| AWS/Lambda | `Throttles` |", "| AWS/Lambda | `Errors` |"), encoding="utf-8")

    assert main(["--check"], page) == 1
    assert "-| AWS/Lambda | `Errors` |" in capsys.readouterr().err
    assert main([], page) == 0
    assert page.read_text(encoding="utf-8") == text


@pytest.mark.slow
@pytest.mark.usefixtures("happened")
def test_a_page_without_a_place_for_a_failure_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "operations.md"
    page.write_text("# When a connection fails\n", encoding="utf-8")
    assert main([], page) == 1
    assert "needs one <!-- BEGIN client-connect-failed -->" in capsys.readouterr().err


def test_every_reason_has_a_section_and_a_row_in_the_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert {failure.reason for failure in FAILURES} == set(FAILURE_METRICS)
    for reason in FAILURE_METRICS:
        assert f"\n## {reason}\n" in text
        assert f"| [`{reason}`](#{reason}) |" in text


def test_a_failure_that_does_not_happen_is_an_error() -> None:
    with pytest.raises(
        RuntimeError, match="client-connect-handler-throttled was to happen, and client-connect-failed did"
    ):
        bring_about(Failure("client-connect-handler-throttled"))


def test_what_differs_from_run_to_run_is_replaced() -> None:
    line = "cvpn-connection-00112233445566778 at 2026-11-23 21:52:37, Duration: 17.20 ms"
    assert stable(line) == "cvpn-connection-0a1b2c3d4e5f60718 at 2026-11-02 08:30:00, Duration: … ms"
