"""The client connect handler: decides whether AWS Client VPN lets a connection in.

What ships in the bundle. Standard library and tzdata only, and of the standard library at start only what
Lambda's runtime client has loaded already: every connection waits for this code's cold start.

Data flows one way: ``handler`` takes the event, ``request`` reads it, ``evaluation`` decides with the ``policy``
(whose rules are made of ``conditions`` and found through ``index``), ``response`` answers, ``decision_log`` tells.
"""

from __future__ import annotations

import marshal
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import MAGIC_NUMBER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_FOLDER = __path__[0]
_UNCHECKED = MAGIC_NUMBER + b"\1\0\0\0"
"""How bytecode of this Python begins that is never compared with its source, https://peps.python.org/pep-0552/"""


class _BundledBytecode:
    """Imports the modules of this package from the bytecode that the bundle carries for the default runtime.

    It lies in one file, so that a cold start opens one and not fifteen. For each of them, Python's own importer would
    take 0.13 ms, whatever is in it. What has no such bytecode, as in a checkout, is left to Python.
    """

    def __init__(self, modules: dict[str, bytes]) -> None:
        """Take what the .pyc files of the modules would hold, by name."""
        self._modules = modules

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        data = self._modules.get(name)
        if data is None or data[:8] != _UNCHECKED:
            return None
        file = f"{_FOLDER}/{name.rpartition('.')[2]}.py"
        spec = ModuleSpec(name, self, origin=file, loader_state=data)  # type: ignore[arg-type]
        spec.has_location = True
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """Have Python make the module."""

    def exec_module(self, module: ModuleType) -> None:
        spec: Any = module.__spec__  # as find_spec has made it
        exec(marshal.loads(memoryview(spec.loader_state)[16:]), module.__dict__)  # noqa: S102, S302 - as Python does


try:
    with open(f"{_FOLDER}/__pycache__/modules.{sys.implementation.cache_tag}.marshal", "rb") as _file:  # noqa: PTH123
        sys.meta_path.insert(0, _BundledBytecode(marshal.loads(_file.read())))  # noqa: S302 - the bundle's, as all code here
except OSError:  # a checkout, or another runtime
    pass
