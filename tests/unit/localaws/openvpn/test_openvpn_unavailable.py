"""What is said where OpenVPN cannot be run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from localaws.openvpn import OpenVpnServer, OpenVpnUnavailable, availability, unavailable_because


@pytest.fixture(autouse=True)
def all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has what is needed, whatever this one has."""
    monkeypatch.setattr(shutil, "which", lambda *_, **__: "/usr/sbin/openvpn")
    monkeypatch.setattr(availability, "TUN", Path(os.devnull))
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def test_nothing_is_said_where_all_is_there() -> None:
    assert unavailable_because() is None


def test_a_missing_openvpn_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    assert unavailable_because() == "openvpn is not installed: on Debian, apt-get install openvpn"


def test_a_missing_tun_device_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(availability, "TUN", tmp_path / "tun")
    assert unavailable_because() == (
        f"{tmp_path / 'tun'} cannot be opened (No such file or directory): OpenVPN needs Linux's tun device, and root"
    )


def test_whoever_is_not_root_is_told_of_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert unavailable_because() == "tun devices need root: run it with sudo"


def test_a_server_does_not_start_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(OpenVpnUnavailable, match="sudo"):
        OpenVpnServer("http://127.0.0.1:1", "cvpn-endpoint-00000000000000000").start()
