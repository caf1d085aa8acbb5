"""Execution environments: processes that run a function's code under AWS's runtime client, one invocation at a time.

Each speaks Lambda's Runtime API (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) with its process over
a loopback socket of its own. It has no thread: whoever uses it drives it, and in between the process is left waiting
for its next invocation, as Lambda leaves it frozen.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import selectors
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from localaws.background import BackgroundThreads
from localaws.processes import die_with_parent

from .exceptions import ShuttingDown
from .interpreters import Interpreter, Runtime, link_runtime

API = "/2018-06-01/runtime"
#: Seconds that the code outside the handler may take. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
INIT_TIMEOUT = 10.0
#: Bytes of a synchronous invocation's request or response.
MAX_PAYLOAD = 6 * 1024 * 1024
_MEBIBYTE = 1024 * 1024
_FOLDER_PREFIX = "localaws-"
_SHORTEST_WAIT, _LONGEST_WAIT = 0.002, 0.05


@dataclass(frozen=True)
class Blueprint:
    """What an execution environment is made of; two invocations share one only if theirs are equal."""

    function_name: str
    version: str
    #: Changes whenever code or configuration do, so that $LATEST does not go on in old environments.
    revision: str
    handler: str
    interpreter: Interpreter
    code_sha256: str
    code: bytes = field(repr=False, compare=False)
    layers: tuple[bytes, ...] = field(repr=False, compare=False)
    memory_mb: int
    timeout: float
    variables: dict[str, str] = field(repr=False, compare=False)


@dataclass
class Outcome:
    """How an invocation, or the initialization before it, ended."""

    payload: bytes
    #: Such as Runtime.ExitError, or the name of the exception that the handler raised; None for success.
    error_type: str | None = None
    #: "success", "error" or "timeout", as in the REPORT line.
    status: str = "success"
    #: Whether the environment cannot go on after it.
    fatal: bool = False
    #: A line for the log that Lambda writes and the function does not.
    note: str | None = None
    lines: list[str] = field(default_factory=list)
    duration_ms: float = 0.0
    init_ms: float | None = None
    max_memory_mb: int = 0


class ExecutionEnvironment:
    """One process, ready for one invocation after the other. Not to be used by two threads at once."""

    def __init__(
        self,
        blueprint: Blueprint,
        log_stream: str,
        task_root: Path,
        layers: list[Path],
        runtime: Runtime,
        temporary: Path,
        provisioned_for: str | None,
        spawn: Callable[..., subprocess.Popen[bytes]],
    ):
        self.blueprint = blueprint
        self.log_stream = log_stream
        #: The qualifier whose provisioned concurrency the environment belongs to, if any.
        self.provisioned_for = provisioned_for
        self.invocations = 0
        self.closed = False
        #: Whether its version has been deleted or replaced, so that it serves nothing more.
        self.retired = False
        self._kill_lock = threading.Lock()
        self._temporary = temporary
        self._ready = False
        self._waiting: _Connection | None = None
        self._outcome: Outcome | None = None
        self._request_id = ""
        self._log = _LineBuffer()
        self._max_memory = 0
        self._init_ms = 0.0
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        read_end, write_end = os.pipe()
        os.set_blocking(read_end, False)
        self._log_pipe = read_end
        self._selector.register(read_end, selectors.EVENT_READ, self._read_log)
        temporary.mkdir(parents=True)
        self._started_at = time.perf_counter()
        try:
            self._process = spawn(
                # Were this process killed, its functions would otherwise finish their handlers first.
                die_with_parent([str(runtime.executable), "-B", "-m", "awslambdaric", blueprint.handler]),
                cwd=task_root,
                env=self._variables(task_root, layers, runtime),
                stdin=subprocess.DEVNULL,
                stdout=write_end,
                stderr=write_end,
                start_new_session=True,
            )
        except BaseException:
            self._release()
            raise
        finally:
            os.close(write_end)

    def _variables(self, task_root: Path, layers: list[Path], runtime: Runtime) -> dict[str, str]:
        # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
        own = self.blueprint.variables
        host, port = self._listener.getsockname()[:2]
        search = [own["PYTHONPATH"]] if "PYTHONPATH" in own else []
        python_path = os.pathsep.join([*search, *map(str, layers)])
        return {
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TMPDIR": str(self._temporary),
            **own,
            **({"PYTHONPATH": python_path} if python_path else {}),
            "_HANDLER": self.blueprint.handler,
            "LAMBDA_TASK_ROOT": str(task_root),
            "LAMBDA_RUNTIME_DIR": str(runtime.packages),
            "AWS_LAMBDA_RUNTIME_API": f"{host}:{port}",
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
            "AWS_LAMBDA_INITIALIZATION_TYPE": self.initialization_type,
        }

    @property
    def initialization_type(self) -> str:
        """As in the environment variable AWS_LAMBDA_INITIALIZATION_TYPE."""
        return "provisioned-concurrency" if self.provisioned_for else "on-demand"

    @property
    def alive(self) -> bool:
        """Whether the process is there, and not about to be ended."""
        return not self.closed and self._process.poll() is None

    def initialize(self) -> Outcome | None:
        """Waits until the code outside the handler has run; the outcome is None if that went well."""
        outcome = self._drive(self._started_at + INIT_TIMEOUT, lambda: self._waiting is not None, "", starting=True)
        self._init_ms = (time.perf_counter() - self._started_at) * 1000
        self._ready = outcome is None
        if outcome is not None:
            outcome.init_ms = self._init_ms
            self.kill()
        return outcome

    def take_log(self) -> list[str]:
        """The lines that the process has written since they were last taken."""
        return self._log.take()

    def invoke(self, request_id: str, function_arn: str, event: bytes, trace_id: str) -> Outcome:
        """One invocation; ``closed`` tells afterwards whether the environment can serve another."""
        init_ms = None
        if not self._ready:
            failed = self.initialize()
            if failed is not None:
                return self._finish(failed)
        if self.invocations == 0:
            init_ms = self._init_ms
        self.invocations += 1
        self._request_id = request_id
        self._outcome = None
        timeout = self.blueprint.timeout
        outcome = self._drive(time.perf_counter() + INIT_TIMEOUT, lambda: self._waiting is not None, request_id)
        started = time.perf_counter()
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            headers = {
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + timeout) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": function_arn,
                "Lambda-Runtime-Trace-Id": trace_id,
            }
            waiting.answer("200 OK", event, headers)
            outcome = self._drive(started + timeout, lambda: self._outcome is not None, request_id)
        if outcome is None:
            outcome = self._outcome or Outcome(b"")
        outcome.duration_ms = (time.perf_counter() - started) * 1000
        outcome.init_ms = init_ms
        return self._finish(outcome)

    def close(self) -> None:
        """Ends the process, and whatever it started. Can be called again."""
        self.kill()
        self._release()

    def kill(self) -> None:
        """Ends the process. Any thread may do so; the one that drives the environment will notice."""
        with self._kill_lock:
            if self.closed:
                return
            self.closed = True
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _finish(self, outcome: Outcome) -> Outcome:
        outcome.lines = self._log.take()
        outcome.max_memory_mb = -(-self._max_memory // _MEBIBYTE)
        if outcome.fatal or self._process.poll() is not None:
            self.close()
        return outcome

    def _drive(
        self, deadline: float, done: Callable[[], bool], request_id: str, *, starting: bool = False
    ) -> Outcome | None:
        """Serves the process until ``done``, or until it can no longer happen: then the outcome says why.

        While it starts, the deadline moves by what it has waited for a CPU: Lambda's environments have their own.
        """
        wait = _SHORTEST_WAIT
        limit = self.blueprint.memory_mb
        while True:
            exited = self._process.poll()
            while events := self._selector.select(wait if exited is None else 0):
                # What the process sent before it exited still counts.
                for key, _ in events:
                    key.data(key.fileobj)
                if exited is None:
                    break
            finished = done()
            if finished or exited is not None or self._outcome is not None:
                # Written before the answer was sent, so it is in the pipe by now.
                self._read_log(self._log_pipe)
            if self._measure_memory() > limit * _MEBIBYTE:
                self.kill()
                return _failure(request_id, "Runtime.OutOfMemory", "Runtime exited with error: signal: killed")
            if finished:
                return None
            if self._outcome is not None:
                return self._outcome
            if exited is not None:
                return _failure(request_id, "Runtime.ExitError", _exit_text(exited))
            now = time.perf_counter()
            if now >= deadline and (not starting or now >= deadline + self._seconds_without_cpu()):
                self.kill()
                self._read_log(self._log_pipe)
                text = f"Task timed out after {self.blueprint.timeout:.2f} seconds"
                return _failure(request_id, "Sandbox.Timedout", text, "timeout")
            left = deadline - now if now < deadline else _LONGEST_WAIT
            wait = min(wait * 1.5, _LONGEST_WAIT, left)

    def _measure_memory(self) -> int:
        """Bytes that the process holds resident; 0 where the system has no /proc."""
        try:
            with Path(f"/proc/{self._process.pid}/status").open("rb") as status:
                for line in status:
                    # The high-water mark, so that nothing is missed between two looks.
                    if line.startswith(b"VmHWM:"):
                        self._max_memory = max(self._max_memory, int(line.split()[1]) * 1024)
        except OSError:
            pass
        return self._max_memory

    def _seconds_without_cpu(self) -> float:
        """How long the process was ready to run and did not; 0.0 where the system does not say.

        https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat
        """
        try:
            return int(Path(f"/proc/{self._process.pid}/schedstat").read_text().split()[1]) / 1e9
        except (OSError, IndexError):
            return 0.0

    def _accept(self, listener: socket.socket) -> None:
        try:
            client, _ = listener.accept()
        except BlockingIOError:
            return
        client.settimeout(INIT_TIMEOUT)
        connection = _Connection(client)
        self._selector.register(client, selectors.EVENT_READ, lambda _: self._hear(connection))

    def _hear(self, connection: _Connection) -> None:
        for method, path, body in connection.requests():
            self._serve(connection, method, path, body)
        if connection.ended:
            self._selector.unregister(connection.socket)
            connection.socket.close()
            if self._waiting is connection:
                self._waiting = None

    def _read_log(self, pipe: int) -> None:
        while True:
            try:
                data = os.read(pipe, 65536)
            except BlockingIOError:
                return
            if not data:
                if pipe in self._selector.get_map():
                    self._selector.unregister(pipe)
                return
            self._log.add(data)

    def _serve(self, connection: _Connection, method: str, path: str, body: bytes) -> None:
        if (method, path) == ("GET", f"{API}/invocation/next"):
            self._waiting = connection
        elif (method, path) == ("POST", f"{API}/init/error"):
            self._outcome = Outcome(body, _error_type(body), "error", fatal=True)
            connection.answer("202 Accepted", b'{"status":"OK"}')
        elif (method, path) == ("POST", f"{API}/invocation/{self._request_id}/response"):
            self._outcome = Outcome(body) if len(body) <= MAX_PAYLOAD else _too_large(len(body))
            connection.answer("202 Accepted", b'{"status":"OK"}')
        elif (method, path) == ("POST", f"{API}/invocation/{self._request_id}/error"):
            self._outcome = Outcome(body, _error_type(body), "error")
            connection.answer("202 Accepted", b'{"status":"OK"}')
        else:
            error = {"errorMessage": f"No such request: {method} {path}", "errorType": "InvalidRequest"}
            connection.answer("404 Not Found", json.dumps(error).encode())

    def _release(self) -> None:
        if self._log_pipe < 0:
            return
        for key in list((self._selector.get_map() or {}).values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        os.close(self._log_pipe)
        self._log_pipe = -1
        self._selector.close()
        shutil.rmtree(self._temporary, ignore_errors=True)


class _Connection:
    """A keep-alive HTTP/1.1 connection from the runtime client: bodies have a Content-Length."""

    def __init__(self, client: socket.socket):
        self.socket = client
        self.ended = False
        self._received = bytearray()

    def requests(self) -> Iterator[tuple[str, str, bytes]]:
        """Method, path and body of each request that has arrived in full."""
        try:
            data = self.socket.recv(1 << 20)
        except OSError:
            data = b""
        if not data:
            self.ended = True
            return
        self._received += data
        while (head_length := self._received.find(b"\r\n\r\n")) >= 0:
            request_line, *lines = self._received[:head_length].decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            if headers.get("expect", "").lower() == "100-continue":
                self._send(b"HTTP/1.1 100 Continue\r\n\r\n")
            end = head_length + 4 + int(headers.get("content-length", "0"))
            if len(self._received) < end:
                return
            body = bytes(self._received[head_length + 4 : end])
            del self._received[:end]
            method, path, _ = request_line.split(" ", 2)
            yield method, path, body

    def answer(self, status: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self._send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def _send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError:
            # The process has gone; whoever drives the environment finds that out by itself.
            self.ended = True


class _LineBuffer:
    """Lines that a process wrote, until somebody takes them."""

    def __init__(self) -> None:
        self._data = bytearray()

    def add(self, data: bytes) -> None:
        self._data += data

    def take(self) -> list[str]:
        lines = self._data.decode("utf-8", "replace").splitlines()
        self._data.clear()
        return [line for line in lines if line]


class ExecutionEnvironments:
    """The execution environments of a Region: started when needed, reused while warm, all gone after ``close``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[tuple[Blueprint, str | None], list[ExecutionEnvironment]] = {}
        self._all: set[ExecutionEnvironment] = set()
        self._background = BackgroundThreads("localaws-lambda")
        self._folder: Path | None = None
        self._unpacked: dict[str, Path] = {}
        self._runtimes: dict[str, Runtime] = {}
        self._count = 0
        self._closed = False
        self._closing = threading.Event()
        # The system ends a child with the thread that started it: that has to be one which stays.
        self._spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="localaws-spawn")

    def acquire(self, blueprint: Blueprint, log_stream: str, qualifiers: tuple[str, ...]) -> ExecutionEnvironment:
        """A warm environment, or a new one, which no one else gets until it is released.

        What is provisioned for one of the qualifiers comes first; what is provisioned for another is left alone.
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
        """A new environment. The process is started, but not waited for."""
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
        """Gives an environment back: to be reused, unless it has ended."""
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
        """Ends the idle environments of what has been deleted or replaced; busy ones end when they are released."""
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
        """Runs something in a thread that ``close`` waits for."""
        with self._lock:
            if not self._closed:
                self._background.run(work)

    def ends_within(self, seconds: float) -> bool:
        """Waits so long, or until the environments are closed; whether they are."""
        return self._closing.wait(seconds)

    def close(self) -> None:
        """Ends all environments, also those in use, and removes all files. Can be called again."""
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
            _remove_folder(self._folder)

    def _spawn(self, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(command, **options)

        return self._spawner.submit(start).result()

    def _own_folder(self) -> Path:
        if self._folder is None:
            _remove_abandoned_folders()
            self._folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER_PREFIX}{os.getpid()}-"))
        return self._folder

    def _unpack(self, sha256: str, code: bytes) -> Path:
        if sha256 not in self._unpacked:
            folder = self._own_folder() / "code" / str(len(self._unpacked))
            with zipfile.ZipFile(BytesIO(code)) as archive:
                archive.extractall(folder)
            folder.mkdir(parents=True, exist_ok=True)
            _make_read_only(folder)
            self._unpacked[sha256] = folder
        return self._unpacked[sha256]

    def _runtime(self, interpreter: Interpreter) -> Runtime:
        if interpreter.executable not in self._runtimes:
            folder = self._own_folder() / "runtime" / str(len(self._runtimes))
            self._runtimes[interpreter.executable] = link_runtime(interpreter, folder)
        return self._runtimes[interpreter.executable]


def _failure(request_id: str, error_type: str, text: str, status: str = "error") -> Outcome:
    message = f"RequestId: {request_id} Error: {text}"
    payload = json.dumps({"errorType": error_type, "errorMessage": message}).encode()
    note = f"{request_id} {text}" if status == "timeout" else f"{message}\n{error_type}"
    return Outcome(payload, error_type, status, fatal=True, note=note)


def _too_large(size: int) -> Outcome:
    error_type = "Function.ResponseSizeTooLarge"
    message = f"Response payload size ({size} bytes) exceeded maximum allowed payload size ({MAX_PAYLOAD} bytes)."
    payload = json.dumps({"errorType": error_type, "errorMessage": message}).encode()
    return Outcome(payload, error_type, "error", note=message)


def _exit_text(status: int) -> str:
    if status < 0:
        return f"Runtime exited with error: signal: {signal.strsignal(-status) or -status}".lower().replace(
            "runtime", "Runtime", 1
        )
    return f"Runtime exited with error: exit status {status}" if status else "Runtime exited without providing a reason"


def _error_type(body: bytes) -> str:
    try:
        return str(json.loads(body)["errorType"])
    except (ValueError, KeyError, TypeError):
        return "Runtime.Unknown"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _make_read_only(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222 | 0o444)


def _remove_folder(folder: Path) -> None:
    for code in folder.glob("code/*"):
        for path in [code, *code.rglob("*")]:
            if path.is_dir():
                path.chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned_folders() -> None:
    """Removes what processes left behind that were killed, and so could not clean up."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER_PREFIX}*-*"):
        owner = folder.name.removeprefix(_FOLDER_PREFIX).split("-")[0]
        with contextlib.suppress(OSError):
            if owner.isdecimal() and not _is_running(int(owner)):
                _remove_folder(folder)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
