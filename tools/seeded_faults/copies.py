"""Copies of a checkout, and the processes that run in them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tools.terraform_cli import TerraformUnavailable, terraform_environment

from .faults import FaultError

SHARED_CACHES = ("plugins", "provider", "schemas")
"""Folders of .cache/terraform that take long to fill: providers, and what tools.provider_relay keeps."""

REQUIREMENTS = "versions.tf"
"""Names the provider. A copy with another provider shares no cache."""


@dataclass
class Processes:
    """The processes that run now. All of them can be ended at once."""

    _running: set[subprocess.Popen[str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: bool = False

    def run(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], seconds: float
    ) -> tuple[int, str]:
        """Run a command, and return its exit status and its output.

        Raises
        ------
        FaultError
            It takes too long, or all processes are to end.
        """
        # A file: a process that outlives its parent would keep a pipe open.
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace", dir=environment["TMPDIR"]) as output:
            with self._lock:
                if self._over:
                    raise FaultError("was interrupted")
                process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env=dict(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    text=True,
                    start_new_session=True,
                )
                self._running.add(process)
            try:
                status = process.wait(seconds)
            except subprocess.TimeoutExpired:
                raise FaultError(f"makes {' '.join(command[1:4])} take more than {seconds} s") from None
            finally:
                _end(process)
                with self._lock:
                    self._running.discard(process)
            output.seek(0)
            return status, output.read()

    def end(self) -> None:
        """End all processes, and let none begin."""
        with self._lock:
            self._over = True
            running = list(self._running)
        for process in running:
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """End a process and its children; first politely."""
    for number, seconds in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(process.pid, number)
        except (ProcessLookupError, PermissionError):
            return
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            process.poll()
            try:
                os.killpg(process.pid, 0)
            except (ProcessLookupError, PermissionError):
                return
            time.sleep(0.02)


@dataclass(frozen=True)
class Copy:
    """A copy of a checkout.

    Attributes
    ----------
    folder
        The copy.
    temporary
        Folder for temporary files of its processes.
    processes
        Processes of all copies.
    """

    folder: Path
    temporary: Path
    processes: Processes

    def environment(self, variables: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return an environment whose processes import the code of the copy; ``variables`` come on top."""
        # The project is installed as editable: processes that tests start would import the checkout's code.
        path = os.pathsep.join([str(self.folder / "lambda_src"), str(self.folder)])
        return {**os.environ, "PYTHONPATH": path, "TMPDIR": str(self.temporary), **(variables or {})}

    def run(
        self, command: Sequence[str], seconds: float, variables: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Run a command in the copy, and return its exit status and its output.

        Raises
        ------
        FaultError
            It takes too long, or all processes are to end.
        """
        return self.processes.run(command, self.folder, self.environment(variables), seconds)

    def share(self, root: Path) -> None:
        """Let the copy use what takes long to make: the virtual environment, the provider and its schemas."""
        if (root / ".venv").is_dir():
            (self.folder / ".venv").symlink_to(root / ".venv")
        if _text(root / REQUIREMENTS) != _text(self.folder / REQUIREMENTS):
            return
        caches = Path(".cache/terraform")
        (self.folder / caches).mkdir(parents=True)
        for name in SHARED_CACHES:
            (root / caches / name).mkdir(parents=True, exist_ok=True)
            (self.folder / caches / name).symlink_to(root / caches / name)


@contextmanager
def copy_of(root: Path, folder: Path, processes: Processes) -> Iterator[Copy]:
    """Make a copy of a checkout below a folder, and remove it at the end."""
    # A short name: the sockets of providers lie in there, and their paths may have 107 bytes.
    place = Path(tempfile.mkdtemp(prefix="", dir=folder))
    copy = Copy(place / "checkout", place / "tmp", processes)
    try:
        copy.temporary.mkdir()
        for name in checkout_files(root):
            target = copy.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target, follow_symlinks=False)
        yield copy
    finally:
        shutil.rmtree(place, ignore_errors=True)


def checkout_files(root: Path) -> list[str]:
    """Return the files of a checkout that Git knows, or would know: not those that it ignores."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return sorted({name for name in listing.split("\0") if name and (root / name).is_file()})


@cache
def terraform_variables() -> dict[str, str]:
    """Return the variables of Terraform's runs, which are the same for all copies.

    Raises
    ------
    FaultError
        Terraform or its provider is missing.
    """
    try:
        return terraform_environment()
    except TerraformUnavailable as problem:
        raise FaultError(str(problem)) from None


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
