"""Compiles the function's package for one version of Python; that version runs this file.

``python3.13 -I -S -B tools/bytecode.py`` reads JSON from standard input, ``{"sources": {"connect_handler/index.py":
"..."}, "bytecode": {"connect_handler/index.py": "<base64>"}}``, and writes ``{"bytecode": {...}, "differing": [...]}``:
the bytecode of the sources, and the sources whose bytecode, as it was given, is not what this version makes of them.

Bytecode is compared as code, not byte by byte: how constants are shared in a file differs between builds of Python.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import marshal
import sys
from types import CodeType

FOLDER = "/var/task/"
"""Where Lambda unpacks a function's code: tracebacks name files as they are there."""

UNCHECKED_HASH = 0b01
"""The flags of bytecode that is never compared with its source, https://peps.python.org/pep-0552/"""

HEADER = 16


def compiled(name: str, source: str) -> CodeType:
    """Return the code of a source file."""
    return compile(source, FOLDER + name, "exec", dont_inherit=True, optimize=0)


def file(name: str, source: str) -> bytes:
    """Return the contents of a .pyc file."""
    source_hash = importlib.util.source_hash(source.encode())
    header = importlib.util.MAGIC_NUMBER + UNCHECKED_HASH.to_bytes(4, "little") + source_hash
    return header + marshal.dumps(compiled(name, source))


def differs(name: str, source: str, existing: bytes) -> bool:
    """Tell whether the contents of a .pyc file are not what this Python makes of a source file."""
    try:
        code = marshal.loads(existing[HEADER:])  # noqa: S302 - loaded to be compared, and not executed
    except (EOFError, TypeError, ValueError):
        return True
    return existing[:HEADER] != file(name, source)[:HEADER] or code != compiled(name, source)


def main() -> None:
    """Answer one request."""
    asked = json.load(sys.stdin)
    sources: dict[str, str] = asked["sources"]
    existing = {name: base64.b64decode(text) for name, text in asked["bytecode"].items()}
    answer = {
        "bytecode": {name: base64.b64encode(file(name, source)).decode() for name, source in sources.items()},
        "differing": [name for name, data in existing.items() if differs(name, sources[name], data)],
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
