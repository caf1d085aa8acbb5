"""The Python interpreters of this machine, and AWS's runtime client for each of them.

A function's runtime, ``python3.13``, is run by a Python 3.13 where the machine has one together with awslambdaric for
it, else by the interpreter that localaws itself runs on.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

RUNTIME_CLIENT = "awslambdaric"
#: What else Lambda's own Python runtimes carry.
RUNTIME_SDK = "boto3"
MINORS = ("3.11", "3.12", "3.13", "3.14")
RUNNING_MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Interpreter:
    """A Python on this machine: ``minor`` is "3.13", ``version`` "3.13.0"."""

    executable: str
    version: str

    @property
    def minor(self) -> str:
        """Such as "3.13"."""
        return ".".join(self.version.split(".")[:2])

    def __str__(self) -> str:
        return f"Python {self.version} ({self.executable})"


def interpreter_for(runtime: str) -> Interpreter:
    """The interpreter that functions of a runtime such as ``python3.13`` run under."""
    minor = runtime.removeprefix("python")
    if minor == RUNNING_MINOR or not runtime_client_folder(minor).joinpath(RUNTIME_CLIENT).is_dir():
        return running_interpreter()
    return find_interpreter(minor) or running_interpreter()


@cache
def running_interpreter() -> Interpreter:
    """The interpreter under this process; of a virtual environment, the one that it was made from.

    A function is to see what Lambda gives it, not what happens to be installed beside localaws.
    """
    executable = getattr(sys, "_base_executable", None) or sys.executable
    return Interpreter(executable, ".".join(map(str, sys.version_info[:3])))


@cache
def find_interpreter(minor: str) -> Interpreter | None:
    """A Python of that minor version which runs: on PATH, or among the versions that pyenv installed."""
    if minor == RUNNING_MINOR:
        return running_interpreter()
    for candidate in _candidates(minor):
        found = _interpreter(candidate)
        if found and found.minor == minor:
            return found
    return None


def runtime_client_folder(minor: str) -> Path:
    """Where ``install_runtime`` puts awslambdaric for a minor version other than the running one."""
    return Path(sys.prefix, "share", "localaws", f"python{minor}")


def install_runtime(minor: str) -> str:
    """Installs awslambdaric, in the version that is installed here, for another minor version. Says what it did.

    Raises RuntimeError, with pip's own last line, where pip fails.
    """
    interpreter = find_interpreter(minor)
    if interpreter is None:
        return f"python{minor}: not on this machine"
    if minor == RUNNING_MINOR:
        return f"python{minor}: {interpreter}, running"
    wanted = distribution(RUNTIME_CLIENT).version
    folder = runtime_client_folder(minor)
    if folder.joinpath(f"{RUNTIME_CLIENT}-{wanted}.dist-info").is_dir():
        return f"python{minor}: {interpreter}, {RUNTIME_CLIENT} {wanted} is there"
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
    try:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        where = ["--target", str(unfinished), "--python-version", minor, "--only-binary=:all:"]
        _run([*pip, *where, f"{RUNTIME_CLIENT}=={wanted}"])
        # Bytecode has to be the target's own, or every start of a function would compile the client anew.
        _run([interpreter.executable, "-m", "compileall", "-q", str(unfinished)])
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return f"python{minor}: {interpreter}, {RUNTIME_CLIENT} {wanted} installed"


@dataclass(frozen=True)
class Runtime:
    """An interpreter with what Lambda's runtime gives a function to import, and with nothing else."""

    executable: Path
    packages: Path


def link_runtime(interpreter: Interpreter, folder: Path) -> Runtime:
    """Makes a virtual environment of links, in which there are only the runtime client and boto3."""
    executable = folder / "bin" / "python"
    packages = folder / "lib" / f"python{interpreter.minor}" / "site-packages"
    for parent in (executable.parent, packages):
        parent.mkdir(parents=True)
    executable.symlink_to(interpreter.executable)
    home = Path(interpreter.executable).parent
    folder.joinpath("pyvenv.cfg").write_text(f"home = {home}\ninclude-system-site-packages = false\n")
    if interpreter.minor == RUNNING_MINOR:
        sources = list(_installed(RUNTIME_CLIENT))
    else:
        sources = list(runtime_client_folder(interpreter.minor).iterdir())
    for source in [*sources, *_installed(RUNTIME_SDK)]:
        link = packages / source.name
        if not link.exists():
            link.symlink_to(source)
    return Runtime(executable, packages)


def _candidates(minor: str) -> Iterator[Path]:
    name = f"python{minor}"
    for folder in os.get_exec_path():
        path = Path(folder, name)
        if path.is_file():
            yield path
            if path.parent.name == "shims":
                # A shim of pyenv refuses to run a version that is installed but not selected.
                yield from _pyenv_versions(path.parent.parent, minor)
    yield from _pyenv_versions(Path.home() / ".pyenv", minor)


def _pyenv_versions(root: Path, minor: str) -> Iterator[Path]:
    yield from sorted(root.glob(f"versions/{minor}.*/bin/python{minor}"), reverse=True)


def _interpreter(candidate: Path) -> Interpreter | None:
    # A shim that runs is a script, which cannot be linked to: what it runs is what counts.
    program = "import platform, sys; print(platform.python_version()); print(sys._base_executable)"
    try:
        done = subprocess.run([candidate, "-I", "-c", program], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    version, _, executable = done.stdout.strip().partition("\n")
    return Interpreter(executable or str(candidate), version)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
        raise RuntimeError(lines[-1])


def _installed(name: str) -> Iterator[Path]:
    """The top-level files and folders of an installed distribution and of what it requires."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        try:
            found = distribution(current)
        except PackageNotFoundError:
            continue
        for requirement in found.requires or []:
            if "extra ==" not in requirement:
                match = re.match(r"[A-Za-z0-9._-]+", requirement)
                if match:
                    waiting.append(match[0])
        tops = {file.parts[0] for file in found.files or []}
        for top in sorted(tops - {"..", "__pycache__"}):
            yield Path(str(found.locate_file(top)))
