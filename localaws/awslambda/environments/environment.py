"""An execution environment, and its process."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from localaws.awslambda.interpreters import Runtime
from localaws.processes import die_with_parent

from .blueprint import Blueprint
from .outcome import MAX_PAYLOAD, Outcome, error_type_of, exit_text, failure, oversize
from .runtime_connection import LineBuffer, RuntimeConnection

API = "/2018-06-01/runtime"

INIT_TIMEOUT = 10.0
"""Seconds for the code outside the handler. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""

_MEBIBYTE = 1024 * 1024
_SHORTEST_WAIT, _LONGEST_WAIT = 0.002, 0.05


class ExecutionEnvironment:
    """Process that runs one invocation after the other. It has one user at a time.

    Attributes
    ----------
    provisioned_for
        Qualifier whose provisioned concurrency the environment belongs to. None: on demand.
    retired
        Whether its version is deleted or replaced, so that it serves nothing more.
    """

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
        self.provisioned_for = provisioned_for
        self.invocations = 0
        self.closed = False
        self.retired = False
        self._kill_lock = threading.Lock()
        self._temporary = temporary
        self._ready = False
        self._waiting: RuntimeConnection | None = None
        self._outcome: Outcome | None = None
        self._request_id = ""
        self._log = LineBuffer()
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
        """Value of the environment variable AWS_LAMBDA_INITIALIZATION_TYPE."""
        return "provisioned-concurrency" if self.provisioned_for else "on-demand"

    @property
    def alive(self) -> bool:
        """Whether the process runs, and nothing has ended it."""
        return not self.closed and self._process.poll() is None

    def initialize(self) -> Outcome | None:
        """Wait until the code outside the handler has run. Returns None on success."""
        outcome = self._drive(self._started_at + INIT_TIMEOUT, lambda: self._waiting is not None, "", starting=True)
        self._init_ms = (time.perf_counter() - self._started_at) * 1000
        self._ready = outcome is None
        if outcome is not None:
            outcome.init_ms = self._init_ms
            self.kill()
        return outcome

    def take_log(self) -> list[str]:
        """Return the lines that the process has written since the last call."""
        return self._log.take()

    def invoke(self, request_id: str, function_arn: str, event: bytes, trace_id: str) -> Outcome:
        """Run an invocation. Afterwards ``closed`` says whether the environment has ended."""
        init_ms = None
        if not self._ready:
            problem = self.initialize()
            if problem is not None:
                return self._finish(problem)
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
        """End the process and its children, and remove its files. Can be called again."""
        self.kill()
        self._release()

    def kill(self) -> None:
        """End the process. Any thread may call this; the thread that drives the environment will notice."""
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
        """Serve the process until ``done``. Otherwise return an outcome that says why it cannot happen.

        While the process starts, time without a CPU moves the deadline: Lambda's environments share none.
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
                return failure(request_id, "Runtime.OutOfMemory", "Runtime exited with error: signal: killed")
            if finished:
                return None
            if self._outcome is not None:
                return self._outcome
            if exited is not None:
                return failure(request_id, "Runtime.ExitError", exit_text(exited))
            now = time.perf_counter()
            if now >= deadline and (not starting or now >= deadline + seconds_without_cpu(self._process.pid)):
                self.kill()
                self._read_log(self._log_pipe)
                text = f"Task timed out after {self.blueprint.timeout:.2f} seconds"
                return failure(request_id, "Sandbox.Timedout", text, "timeout")
            left = deadline - now if now < deadline else _LONGEST_WAIT
            wait = min(wait * 1.5, _LONGEST_WAIT, left)

    def _measure_memory(self) -> int:
        """Return the most bytes that the process has held resident; 0 on a system without /proc."""
        try:
            with Path(f"/proc/{self._process.pid}/status").open("rb") as status:
                for line in status:
                    # The high-water mark, so that nothing is missed between two looks.
                    if line.startswith(b"VmHWM:"):
                        self._max_memory = max(self._max_memory, int(line.split()[1]) * 1024)
        except OSError:
            pass
        return self._max_memory

    def _accept(self, listener: socket.socket) -> None:
        try:
            client, _ = listener.accept()
        except BlockingIOError:
            return
        client.settimeout(INIT_TIMEOUT)
        connection = RuntimeConnection(client)
        self._selector.register(client, selectors.EVENT_READ, lambda _: self._receive(connection))

    def _receive(self, connection: RuntimeConnection) -> None:
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

    def _serve(self, connection: RuntimeConnection, method: str, path: str, body: bytes) -> None:
        if (method, path) == ("GET", f"{API}/invocation/next"):
            self._waiting = connection
        elif (method, path) == ("POST", f"{API}/init/error"):
            self._outcome = Outcome(body, error_type_of(body), "error", fatal=True)
            connection.answer("202 Accepted", b'{"status":"OK"}')
        elif (method, path) == ("POST", f"{API}/invocation/{self._request_id}/response"):
            self._outcome = Outcome(body) if len(body) <= MAX_PAYLOAD else oversize(len(body))
            connection.answer("202 Accepted", b'{"status":"OK"}')
        elif (method, path) == ("POST", f"{API}/invocation/{self._request_id}/error"):
            self._outcome = Outcome(body, error_type_of(body), "error")
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


def seconds_without_cpu(pid: int, proc: Path = Path("/proc")) -> float:
    """Return how long a process was ready to run and had no CPU; 0.0 if the system does not say.

    https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat
    """
    try:
        return int((proc / str(pid) / "schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0
