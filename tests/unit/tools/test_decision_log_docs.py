"""docs/decision-log.md shows what the handler writes."""

from __future__ import annotations

import hashlib
import hmac
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tools import decision_log_docs


def test_the_page_is_what_the_handler_writes() -> None:
    assert decision_log_docs.main(["--check"]) == 0


def test_a_stale_page_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "decision-log.md"
    page.write_text(decision_log_docs.PAGE.read_text().replace('"alias": "staff"', '"alias": "stuff"'))
    assert decision_log_docs.main(["--check"], page) == 1
    assert "Run `make docs`" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_command_that_finds_a_user_computes_the_hash_of_the_log() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", decision_log_docs.PAGE.read_text(), re.DOTALL)
    (command,) = [block for block in blocks if "openssl" in block]
    result = subprocess.run(
        ["sh", "-c", command],
        env={"PATH": "/usr/bin:/bin", "TF_VAR_log_redact_key": "correct horse battery staple"},
        capture_output=True,
        text=True,
        check=True,
    )
    key = hashlib.sha256(b"correct horse battery staple").hexdigest().encode()
    assert result.stdout.strip() == hmac.new(key, b"anna@example.com", "sha256").hexdigest()[:32]
