"""Keeps one process of the AWS provider for many runs of Terraform, and shows Terraform the schema that the runs need.

Each run of Terraform otherwise starts the provider and reads the schema of all its resources, which takes several
seconds of computing. Nearly all of it is for resources that this project does not have.

    environment = {**os.environ, **terraform_environment(), **aws.environment}
    with provider_relay(folder, environment) as variables:
        subprocess.run(["terraform", "apply"], cwd=folder, env={**environment, **variables})

The relay is a process of its own, between Terraform and the provider. It hands every call on, byte for byte, but one:
of the schema it takes out the resources and data sources that no file of this project names. The provider reads AWS's
endpoint and credentials from the environment when it starts, so a relay serves one folder and one AWS.

``python -m tools.provider_relay`` serves until its standard input ends, so that it does not outlive who started it.

See https://developer.hashicorp.com/terraform/plugin/debugging#running-terraform-with-a-provider-in-debug-mode.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, cast

import grpc
import grpc.aio

from localaws.processes import die_with_parent
from tools import CACHE, ROOT
from tools.terraform_cli import PROVIDER, Requirements

REATTACH = "TF_REATTACH_PROVIDERS"
GET_SCHEMA = ("/tfplugin5.Provider/GetSchema", "/tfplugin6.Provider/GetProviderSchema")
RESOURCES, DATA_SOURCES = 2, 3
"""Fields of a schema's protocol buffer: maps from names to schemas."""

_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_SECONDS_TO_STOP = 10


class RelayFailed(Exception):
    """The provider does not start; the message is what it printed."""


@contextmanager
def provider_relay(folder: Path, environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Serve a provider that was started with ``environment``; yield the variables that lead Terraform to it.

    Parameters
    ----------
    folder
        Where Terraform runs: the provider reads files, such as a function's code, by paths relative to it.
    environment
        A whole environment: that of Terraform's runs (tools.terraform_cli) and AWS's endpoint and credentials.

    Raises
    ------
    RelayFailed
        The provider cannot be found, or does not start.
    """
    # With a bundle of certificate authorities in its environment, the provider refuses to be configured twice.
    environment = {name: value for name, value in environment.items() if name not in ("AWS_CA_BUNDLE", REATTACH)}
    command = [sys.executable, "-m", "tools.provider_relay"]
    with subprocess.Popen(
        die_with_parent([*command, str(provider_executable(environment)), str(folder)]),
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as relay:
        try:
            reattach = cast(IO[str], relay.stdout).readline().strip()
            if not reattach:
                raise RelayFailed(f"{PROVIDER} does not start: see its output above.")
            # Terraform spends four tenths of a plan on collecting garbage that fits into memory.
            yield {REATTACH: reattach, "GOGC": "800"}
        finally:
            cast(IO[str], relay.stdin).close()
            try:
                relay.wait(_SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                relay.kill()


def provider_executable(environment: Mapping[str, str], folder: Path = CACHE / "terraform" / "provider") -> Path:
    """Return the provider's executable; Terraform installs it the first time.

    Raises
    ------
    RelayFailed
        Terraform does not install it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    constraint = Requirements.of(ROOT).provider
    block = {"required_providers": {"aws": {"source": "hashicorp/aws", "version": constraint}}}
    configuration = json.dumps({"terraform": block})
    main = folder / "main.tf.json"
    with (folder / "lock").open("w") as lock:
        # Several workers of a test run begin at the same time.
        fcntl.flock(lock, fcntl.LOCK_EX)
        executables = list(folder.glob(f".terraform/providers/{PROVIDER}/*/*/terraform-provider-aws*"))
        if not executables or not main.is_file() or main.read_text(encoding="utf-8") != configuration:
            main.write_text(configuration, encoding="utf-8")
            command = ["terraform", "init", "-backend=false", "-no-color", "-upgrade"]
            result = subprocess.run(
                command, cwd=folder, env=dict(environment), capture_output=True, text=True, check=False
            )
            executables = list(folder.glob(f".terraform/providers/{PROVIDER}/*/*/terraform-provider-aws*"))
            if result.returncode != 0 or not executables:
                raise RelayFailed(result.stderr.strip() or f"terraform init installed no {PROVIDER}.")
    return executables[0]


def provider_types(root: Path = ROOT) -> set[str]:
    """Return the resources and data sources that files of Terraform and of tests name."""
    files = [
        *root.glob("*.tf"),
        *(path for name in ("modules", "examples") for path in (root / name).rglob("*.tf")),
        *(path for suffix in ("hcl", "py", "tf") for path in (root / "tests").rglob(f"*.{suffix}")),
        *(root / "tools").glob("*.py"),
        *(root / "benchmarks").rglob("*.py"),
    ]
    pattern = re.compile(r'\b(?:resource|data)\s+"(aws_\w+)"')
    return {name for path in files for name in pattern.findall(path.read_text(encoding="utf-8"))}


def reduce_schema(schema: bytes, names: set[str]) -> bytes:
    """Return a provider's schema, a protocol buffer, with those resources and data sources alone that ``names`` has."""
    kept = []
    position = 0
    while position < len(schema):
        start = position
        tag, position = _varint(schema, position)
        size, position = _varint(schema, position)
        if tag & 7 != 2:
            raise ValueError(f"Field {tag >> 3} of the provider's schema is no message.")
        entry = schema[position : position + size]
        position += size
        if tag >> 3 not in (RESOURCES, DATA_SOURCES) or _map_key(entry) in names:
            kept.append(schema[start:position])
    return b"".join(kept)


def _varint(buffer: bytes, position: int) -> tuple[int, int]:
    """Read a number of a protocol buffer; return it and the position behind it."""
    number = shift = 0
    while True:
        byte = buffer[position]
        position += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, position


def _map_key(entry: bytes) -> str:
    """Return the key, a text, of a map's entry."""
    _, position = _varint(entry, 0)
    size, position = _varint(entry, position)
    return entry[position : position + size].decode()


class _Relay(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Hands calls on to the provider, without looking into them."""

    def __init__(self, provider: grpc.aio.Channel, schema_cache: Path, names: set[str]) -> None:
        self._provider = provider
        self._schema_cache = schema_cache
        self._names = names

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        handle = self._schema if details.method in GET_SCHEMA else self._hand_on

        async def respond(requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext) -> AsyncIterator[bytes]:
            try:
                async for response in handle(details.method, requests):
                    yield response
            except grpc.aio.AioRpcError as error:
                await context.abort(error.code(), error.details() or "")

        # A call with one request and one response is a special case of streams.
        return grpc.stream_stream_rpc_method_handler(respond)

    async def _hand_on(self, method: str, requests: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        call = self._provider.stream_stream(method)(requests)
        try:
            async for response in call:
                yield response
        finally:
            # Streams of a Terraform that has ended would otherwise stay.
            call.cancel()

    async def _schema(self, method: str, requests: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        if not self._schema_cache.is_file():
            async for response in self._hand_on(method, requests):
                temporary = self._schema_cache.with_name(f"{self._schema_cache.name}.{os.getpid()}")
                temporary.write_bytes(reduce_schema(response, self._names))
                temporary.replace(self._schema_cache)
        yield self._schema_cache.read_bytes()


def _schema_cache(executable: Path, names: set[str]) -> Path:
    """Return where the schema of a provider is kept, without the resources and data sources that ``names`` lacks."""
    folder = CACHE / "terraform" / "schemas"
    folder.mkdir(parents=True, exist_ok=True)
    facts = executable.stat()
    key = json.dumps([str(executable.resolve()), facts.st_size, facts.st_mtime_ns, sorted(names)])
    return folder / hashlib.sha256(key.encode()).hexdigest()


def _start_provider(executable: Path, folder: Path, temporary: Path) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """Start the provider in ``folder``; return its process and what it says of how to reach it."""
    log = temporary / "provider.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            die_with_parent([str(executable), "-debug"]),
            cwd=folder,
            # In debug mode the provider logs every step of every call by default.
            env={**os.environ, "TMPDIR": str(temporary), "TF_LOG_SDK": "ERROR", "TF_LOG_PROVIDER": "ERROR"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    for line in process.stdout or ():
        if match := re.search(rf"{REATTACH}='(.*)'", line):
            return process, dict(json.loads(match.group(1)))
    print(log.read_text(encoding="utf-8", errors="replace"), end="", file=sys.stderr)
    raise RelayFailed(f"{executable} ended with status {process.wait()}.")


async def _until_end(stream: IO[Any]) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), stream)
    await reader.read()


async def serve(executable: Path, folder: Path) -> None:
    """Serve a provider until standard input ends; print how Terraform, which runs in ``folder``, reaches it."""
    # A Terraform that ends closes its streams at once, and each would be logged as an error.
    logging.getLogger("grpc").setLevel(logging.CRITICAL)
    names = provider_types()
    with tempfile.TemporaryDirectory(prefix="provider-relay-") as temporary:
        process, reattach = _start_provider(executable, folder, Path(temporary))
        try:
            (reattachment,) = reattach.values()
            address = reattachment["Addr"]
            channel = grpc.aio.insecure_channel(f"{address['Network']}:{address['String']}", options=_UNLIMITED)
            server = grpc.aio.server(options=_UNLIMITED)
            server.add_generic_rpc_handlers((_Relay(channel, _schema_cache(executable, names), names),))
            address["String"] = f"{temporary}/relay"
            server.add_insecure_port(f"unix:{address['String']}")
            await server.start()
            print(json.dumps(reattach), flush=True)
            await _until_end(sys.stdin)
            await server.stop(grace=None)
            await channel.close()
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(*map(Path, sys.argv[1:3])))
