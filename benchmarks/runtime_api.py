"""A small Runtime API, and the process of a function under Lambda's own runtime client that asks it for work.

It does what https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html says of next and response, and nothing
else, so that what is timed is the function and the client. localaws has the complete one.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from localaws.awslambda.interpreters import Runtime

ARN = "arn:aws:lambda:eu-central-1:111122223333:function:AWSClientVPN-bench:staff"
_MILLISECOND = 1_000_000
_REMEMBERED = 10_000
"""Bytes of a function's log that an error tells."""


class FunctionProcess:
    """One process of a function. Its log goes into a pipe, as on Lambda, which is emptied while no call is timed.

    It shares one CPU with the thread that calls it. They take turns, and to wake another CPU up can take a virtual
    machine as long as a call, which would be no part of it.

    Attributes
    ----------
    start_ms
        From the start of the process until it first asked for work.
    """

    def __init__(self, runtime: Runtime, task_root: Path, handler: str, variables: dict[str, str]) -> None:
        """Start the process, and wait until it asks for work."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(30)
        host, port = self._listener.getsockname()[:2]
        environment = {
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TZ": ":UTC",
            "_HANDLER": handler,
            "AWS_LAMBDA_FUNCTION_NAME": "AWSClientVPN-bench",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_RUNTIME_API": f"{host}:{port}",
            "LAMBDA_TASK_ROOT": str(task_root),
            "LAMBDA_RUNTIME_DIR": str(runtime.packages),
            **variables,
        }
        self._cpus = _keep_to_one_cpu()
        self._log, output = os.pipe()
        os.set_blocking(self._log, False)
        self._logged = b""
        started = time.perf_counter_ns()
        try:
            # -B: /var/task is read-only, and this folder is to stay as the bundle has it.
            self._process = subprocess.Popen(
                [str(runtime.executable), "-B", "-m", "awslambdaric", handler],
                cwd=task_root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        finally:
            os.close(output)
        try:
            self._connection, _ = self._listener.accept()
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connection.settimeout(30)
            self._received = b""
            self._request()
            self.start_ms = (time.perf_counter_ns() - started) / _MILLISECOND
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def call(self, event: bytes) -> tuple[Any, float]:
        """Invoke the function once; return its answer, and microseconds from sending the event to having the answer."""
        headers = (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: 1\r\n"
            f"Lambda-Runtime-Invoked-Function-Arn: {ARN}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {int(time.time() * 1000) + 10_000}\r\nContent-Length: {len(event)}\r\n\r\n"
        )
        started = time.perf_counter_ns()
        self._connection.sendall(headers.encode() + event)
        line, body = self._request()
        took = (time.perf_counter_ns() - started) / 1000
        self._read_log()
        if not line.startswith("POST /2018-06-01/runtime/invocation/1/response"):
            raise RuntimeError(f"The function did not answer, it sent {line}: {body.decode()}")
        self._connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        self._request()  # for the next event
        return json.loads(body), took

    def peak_memory(self) -> int:
        """Return the most bytes that the process has held resident."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("/proc does not tell the memory of a process")

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        if hasattr(self, "_connection"):
            self._connection.close()
        self._listener.close()
        os.close(self._log)
        if self._cpus:
            os.sched_setaffinity(0, self._cpus)

    def _request(self) -> tuple[str, bytes]:
        """Receive a request of the runtime client: its first line and its body."""
        while b"\r\n\r\n" not in self._received:
            self._receive()
        head, _, rest = self._received.partition(b"\r\n\r\n")
        line, *fields = head.decode().split("\r\n")
        lengths = [field.partition(":")[2] for field in fields if field.lower().startswith("content-length:")]
        length = int(lengths[0]) if lengths else 0
        self._received = rest
        while len(self._received) < length:
            self._receive()
        body, self._received = self._received[:length], self._received[length:]
        return line, body

    def _receive(self) -> None:
        data = self._connection.recv(65536)
        if not data:
            status = self._process.wait(10)
            self._read_log()
            raise RuntimeError(f"The runtime client ended with status {status}: {self._logged.decode()}")
        self._received += data

    def _read_log(self) -> None:
        """Empty the pipe, and remember the last of it."""
        try:
            while data := os.read(self._log, 65536):
                self._logged = (self._logged + data)[-_REMEMBERED:]
        except BlockingIOError:  # there is no more
            pass


def _keep_to_one_cpu() -> set[int]:
    """Keep this thread, and the processes that it starts, on one CPU; return those it had, none where it cannot."""
    if not hasattr(os, "sched_setaffinity"):  # there is none but on Linux
        return set()
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cpus)})
    return cpus
