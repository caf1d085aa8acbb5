"""The execution environments of a Region."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

from localaws.awslambda.exceptions import ShuttingDown
from localaws.awslambda.interpreters import Interpreter, Runtime, link_runtime
from localaws.background import BackgroundThreads

from .blueprint import Blueprint
from .environment import ExecutionEnvironment
from .folders import FOLDER_PREFIX, make_read_only, remove_abandoned_folders, remove_folder


class ExecutionEnvironments:
    """Execution environments of a Region: started on demand, reused while warm, gone after ``close``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[tuple[Blueprint, str | None], list[ExecutionEnvironment]] = {}
        self._all: set[ExecutionEnvironment] = set()
        self._background = BackgroundThreads("localaws-lambda")
        self._folder: Path | None = None
        self._code_folders: dict[str, Path] = {}
        self._runtimes: dict[str, Runtime] = {}
        self._count = 0
        self._closed = False
        self._closing = threading.Event()
        # The system ends a child with the thread that started it: that has to be one which stays.
        self._spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="localaws-spawn")

    def acquire(self, blueprint: Blueprint, log_stream: str, qualifiers: tuple[str, ...]) -> ExecutionEnvironment:
        """Return a warm environment, or a new one, for the caller alone until its release.

        Environments that are provisioned for one of the qualifiers come first. Those of other qualifiers stay idle.
        """
        while True:
            with self._lock:
                pools = (self._idle.get((blueprint, owner)) for owner in (*qualifiers, None))
                environment = next((pool.pop() for pool in pools if pool), None)
            if environment is None:
                return self.start(blueprint, log_stream)
            if environment.alive:
                return environment
            self.release(environment)

    def start(self, blueprint: Blueprint, log_stream: str, provisioned_for: str | None = None) -> ExecutionEnvironment:
        """Return a new environment, whose process may not be ready yet."""
        with self._lock:
            if self._closed:
                raise ShuttingDown
            folder = self._own_folder()
            task_root = self._unpack(blueprint.code_sha256, blueprint.code)
            layers = [self._unpack(_sha256(layer), layer) / "python" for layer in blueprint.layers]
            runtime = self._runtime(blueprint.interpreter)
            self._count += 1
            temporary = folder / "tmp" / str(self._count)
        environment = ExecutionEnvironment(
            blueprint, log_stream, task_root, layers, runtime, temporary, provisioned_for, self._spawn
        )
        with self._lock:
            if not self._closed:
                self._all.add(environment)
                return environment
        environment.close()
        raise ShuttingDown

    def release(self, environment: ExecutionEnvironment) -> None:
        """Give an environment back, for reuse unless it has ended."""
        with self._lock:
            reusable = environment.alive and not environment.retired and not self._closed
            if reusable:
                owner = environment.provisioned_for
                self._idle.setdefault((environment.blueprint, owner), []).append(environment)
            else:
                self._all.discard(environment)
        if not reusable:
            environment.close()

    def retire(self, unwanted: Callable[[ExecutionEnvironment], bool]) -> None:
        """End the idle environments of a deleted or replaced version. Busy ones end at their release."""
        with self._lock:
            idle = []
            for environment in self._all:
                if unwanted(environment):
                    environment.retired = True
                    warm = self._idle.get((environment.blueprint, environment.provisioned_for), [])
                    if environment in warm:
                        warm.remove(environment)
                        idle.append(environment)
            self._all.difference_update(idle)
        for environment in idle:
            environment.close()

    def in_background(self, work: Callable[[], None]) -> None:
        """Run work in a thread that ``close`` waits for."""
        with self._lock:
            if not self._closed:
                self._background.run(work)

    def ends_within(self, seconds: float) -> bool:
        """Wait for so long, or until ``close``. Returns whether the environments are closed."""
        return self._closing.wait(seconds)

    def close(self) -> None:
        """End all environments, also those in use, and remove all files. Can be called again."""
        with self._lock:
            self._closed = True
            self._closing.set()
            idle = [environment for warm in self._idle.values() for environment in warm]
            busy = self._all.difference(idle)
            self._idle.clear()
            self._all.clear()
        for environment in idle:
            environment.close()
        for environment in busy:
            environment.kill()
        self._background.join()
        self._spawner.shutdown()
        if self._folder is not None:
            remove_folder(self._folder)

    def _spawn(self, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(command, **options)

        return self._spawner.submit(start).result()

    def _own_folder(self) -> Path:
        if self._folder is None:
            remove_abandoned_folders()
            self._folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-"))
        return self._folder

    def _unpack(self, sha256: str, code: bytes) -> Path:
        if sha256 not in self._code_folders:
            folder = self._own_folder() / "code" / str(len(self._code_folders))
            with zipfile.ZipFile(BytesIO(code)) as archive:
                archive.extractall(folder)
            folder.mkdir(parents=True, exist_ok=True)
            make_read_only(folder)
            self._code_folders[sha256] = folder
        return self._code_folders[sha256]

    def _runtime(self, interpreter: Interpreter) -> Runtime:
        if interpreter.executable not in self._runtimes:
            folder = self._own_folder() / "runtime" / str(len(self._runtimes))
            self._runtimes[interpreter.executable] = link_runtime(interpreter, folder)
        return self._runtimes[interpreter.executable]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
