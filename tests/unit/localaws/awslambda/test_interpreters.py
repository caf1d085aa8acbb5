"""Which Python a function runs under."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localaws.awslambda import interpreters
from localaws.awslambda.interpreters import (
    find_interpreter,
    install_runtime,
    interpreter_for,
    link_runtime,
    running_interpreter,
)

OTHER = next(minor for minor in interpreters.MINORS if minor != interpreters.RUNNING_MINOR)


def write_program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine with no Python but the running one: its home directory, with ``bin`` on PATH."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "bin"), "/usr/bin-of-nobody"]))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
    find_interpreter.cache_clear()
    yield tmp_path
    find_interpreter.cache_clear()


def test_a_python_that_runs_is_found_on_path(machine: Path) -> None:
    python = write_program(machine / "bin" / f"python{OTHER}", f"echo {OTHER}.9")
    found = find_interpreter(OTHER)
    assert found is not None
    assert (found.executable, found.version, found.minor) == (str(python), f"{OTHER}.9", OTHER)


@pytest.mark.parametrize("behaviour", ["exit 1", "echo 2.7.18", "echo"])
def test_a_python_that_does_not_run_is_none(machine: Path, behaviour: str) -> None:
    write_program(machine / "bin" / f"python{OTHER}", behaviour)
    assert find_interpreter(OTHER) is None


def test_a_shim_that_refuses_leads_to_the_versions_beside_it(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(machine / "tools" / "shims"))
    write_program(machine / "tools" / "shims" / f"python{OTHER}", "exit 127")
    python = write_program(machine / "tools" / "versions" / f"{OTHER}.4" / "bin" / f"python{OTHER}", f"echo {OTHER}.4")
    found = find_interpreter(OTHER)
    assert found is not None
    assert found.executable == str(python)


def test_a_shim_that_runs_leads_to_what_it_runs(machine: Path) -> None:
    python = machine / "versions" / f"{OTHER}.4" / "bin" / f"python{OTHER}"
    write_program(machine / "bin" / f"python{OTHER}", f"echo {OTHER}.4; echo {python}")
    found = find_interpreter(OTHER)
    assert found is not None
    assert (found.executable, found.version) == (str(python), f"{OTHER}.4")


def test_a_version_of_pyenv_is_found_without_shims(machine: Path) -> None:
    bin_folder = machine / ".pyenv" / "versions" / f"{OTHER}.1" / "bin"
    write_program(bin_folder / f"python{OTHER}", f"echo {OTHER}.1")
    found = find_interpreter(OTHER)
    assert found is not None
    assert found.version == f"{OTHER}.1"


def test_a_runtime_runs_under_its_python_once_the_client_is_there(machine: Path) -> None:
    write_program(machine / "bin" / f"python{OTHER}", f"echo {OTHER}.9")
    assert interpreter_for(f"python{OTHER}") == running_interpreter()
    (interpreters.runtime_client_folder(OTHER) / "awslambdaric").mkdir(parents=True)
    assert interpreter_for(f"python{OTHER}").version == f"{OTHER}.9"


def test_the_running_python_is_not_the_virtual_environment_but_what_is_under_it() -> None:
    running = running_interpreter()
    assert running.minor == interpreters.RUNNING_MINOR
    if sys.prefix != sys.base_prefix:
        assert not Path(running.executable).is_relative_to(sys.prefix)


PIP = """
echo "$@" >> "$HOME/pip-calls"
while [ "$1" != "--target" ]; do shift; done
for last in "$@"; do :; done
mkdir -p "$2/awslambdaric" "$2/$(echo "$last" | sed 's/==/-/').dist-info"
"""


def test_the_client_is_installed_once_for_another_python(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{machine / 'bin'}:/usr/bin:/bin")
    python = write_program(machine / "bin" / f"python{OTHER}", f"echo {OTHER}.9")
    monkeypatch.setattr(sys, "executable", str(write_program(machine / "pip", PIP)))
    for told in ("installed", "is there"):
        assert install_runtime(OTHER).endswith(told)
        assert str(python) in install_runtime(OTHER)
    (call,) = (machine / "pip-calls").read_text().splitlines()
    assert f"--python-version {OTHER} --only-binary=:all: awslambdaric==" in call
    assert [path.name for path in interpreters.runtime_client_folder(OTHER).parent.iterdir()] == [f"python{OTHER}"]


def test_a_failed_installation_says_why_and_leaves_nothing(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_program(machine / "bin" / f"python{OTHER}", f"echo {OTHER}.9")
    failing = write_program(machine / "pip", "echo noise >&2; echo 'ERROR: no such thing' >&2; exit 1")
    monkeypatch.setattr(sys, "executable", str(failing))
    with pytest.raises(RuntimeError, match="ERROR: no such thing"):
        install_runtime(OTHER)
    assert not interpreters.runtime_client_folder(OTHER).parent.exists()
    assert interpreter_for(f"python{OTHER}") == running_interpreter()


def test_a_python_that_is_not_there_is_left_out(machine: Path) -> None:
    assert install_runtime(OTHER) == f"python{OTHER}: not on this machine"


def test_the_runtime_holds_the_client_and_the_sdk_and_nothing_else(tmp_path: Path) -> None:
    runtime = link_runtime(running_interpreter(), tmp_path / "runtime")
    names = {path.name for path in runtime.packages.iterdir()}
    assert {"awslambdaric", "boto3", "botocore"} <= names
    assert not {"moto", "pytest", "flask"} & names
