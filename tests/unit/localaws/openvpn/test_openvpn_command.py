"""The command that serves an endpoint with OpenVPN."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from localaws import LocalAws
from localaws.openvpn import ProfileNotWritten, written_profiles
from tests.unit.localaws.helpers import MakeEndpoint, eventually
from tests.unit.localaws.openvpn.helpers import DIRECTORY, Serve, StartOpenVpn, connections

pytestmark = pytest.mark.usefixtures("openvpn")


class Command:
    """A running ``python -m localaws openvpn``, and what it has printed."""

    def __init__(self, aws: LocalAws, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "localaws", "openvpn", *arguments],
            env={**os.environ, **aws.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self) -> tuple[str, str]:
        """What it has printed, after SIGTERM."""
        self.process.terminate()
        return self.process.communicate(timeout=30)


@pytest.mark.slow
def test_the_command_serves_until_it_is_told_to_end(
    aws: LocalAws, ec2: Any, handled: MakeEndpoint, start_openvpn: StartOpenVpn, message_file: Path, tmp_path: Path
) -> None:
    endpoint_id = handled()
    folder = tmp_path / "profiles"
    command = Command(aws, endpoint_id, "--client", "anna", "--client", "ben", "--profiles", str(folder))
    try:
        files = [folder / "anna.ovpn", folder / "ben.ovpn"]
        eventually(lambda: all(file.exists() and file.read_text() for file in files), True, 20)
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        address = start_openvpn(files[0].read_text()).wait_connected()
        message_file.write_text("Closed.")
        assert start_openvpn(files[1].read_text()).wait_refused() == "Closed."
        (up,) = connections(ec2, endpoint_id)
    finally:
        printed, progress = command.end()

    assert command.process.returncode == 0
    connected, denied, disconnected = (re.sub(r" +", " ", line) for line in printed.splitlines())
    assert re.fullmatch(rf"\d\d:\d\d:\d\d connected anna {up['ConnectionId']} {address}", connected)
    assert re.fullmatch(r"\d\d:\d\d:\d\d denied ben cvpn-connection-[0-9a-f]{17} Closed\.", denied)
    assert re.fullmatch(rf"\d\d:\d\d:\d\d disconnected anna {up['ConnectionId']} {address}", disconnected)
    assert f"client profile: {files[0]}" in progress
    assert list(folder.iterdir()) == []


@pytest.mark.slow
def test_the_command_overwrites_no_file(aws: LocalAws, handled: MakeEndpoint, tmp_path: Path) -> None:
    (tmp_path / "client.ovpn").write_text("mine")
    command = Command(aws, handled(), "--profiles", str(tmp_path))
    printed, progress = command.process.communicate(timeout=30)
    assert (command.process.returncode, printed) == (1, "")
    assert (
        progress == f"{tmp_path / 'client.ovpn'} exists already: remove it, or name another folder for the profiles\n"
    )
    assert (tmp_path / "client.ovpn").read_text() == "mine"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--client", "a/b"], "'a/b' cannot be the name of a file: write a common name without slashes\n"),
        (["--client", ".hidden"], "'.hidden' cannot be the name of a file"),
        (["--directory", "nowhere.json"], "nowhere.json cannot be read: No such file or directory\n"),
    ],
)
def test_what_the_command_cannot_use_is_one_line_and_exit_1(
    aws: LocalAws, handled: MakeEndpoint, tmp_path: Path, arguments: list[str], problem: str
) -> None:
    command = Command(aws, handled(), "--profiles", str(tmp_path / "profiles"), *arguments)
    printed, progress = command.process.communicate(timeout=30)
    assert (command.process.returncode, printed) == (1, "")
    assert progress.startswith(problem)
    assert progress.count("\n") == 1
    assert not (tmp_path / "profiles").exists()


@pytest.mark.slow
def test_common_names_without_certificates_are_refused(with_users: MakeEndpoint, serve: Serve, tmp_path: Path) -> None:
    server = serve(with_users(), directory=DIRECTORY)
    with (
        pytest.raises(ProfileNotWritten, match=f"the clients of {server.endpoint_id} have no certificates"),
        written_profiles(server, tmp_path, ["anna"]),
    ):
        pass
    with written_profiles(server, tmp_path) as files:
        assert files == [tmp_path / "client.ovpn"]
        assert "auth-user-pass" in files[0].read_text()
    assert not files[0].exists()
