"""The client connect handler: decides whether AWS Client VPN lets a connection in.

What ships in the bundle. Standard library and tzdata only, and of the standard library at start only what
Lambda's runtime client has loaded already: every connection waits for this code's cold start.

Data flows one way: ``handler`` takes the event, ``request`` reads it, ``evaluation`` decides with the ``policy``
(whose rules are made of ``conditions`` and found through ``index``), ``response`` answers, ``decision_log`` tells.
"""

from __future__ import annotations

import marshal
import os
import sys
from _frozen_importlib import BuiltinImporter, ModuleSpec
from _frozen_importlib_external import MAGIC_NUMBER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_UNCHECKED = MAGIC_NUMBER + b"\1\0\0\0"
"""How bytecode of this Python begins that is never compared with its source, https://peps.python.org/pep-0552/"""


def _start() -> None:
    """Load what a cold start needs from the one file with its bytecode that the bundle carries (tools/bundle.py).

    Python's own importer would open a file for each module, and take 0.13 ms whatever is in it. Where there is no
    such file, as in a checkout and under another version of Python, it is left to that.
    """
    try:
        file = os.open(f"{__path__[0]}/__pycache__/start.{sys.implementation.cache_tag}.pyc", os.O_RDONLY)
    except OSError:
        return
    data = os.read(file, os.fstat(file).st_size)
    os.close(file)
    if data[:8] != _UNCHECKED:
        return
    # What is loaded here stays as long as the process. To look through it for garbage, now and whenever garbage is
    # looked for later, would cost as much as to load it: the handler, which is the last of it, ends this.
    gc = sys.modules.get("gc") or _builtin("gc")
    gc.disable()
    package = sys.modules[__name__]
    for name, code in marshal.loads(memoryview(data)[16:]):  # noqa: S302 - the bundle's own, as all code here
        module = sys.modules[f"{__name__}.{name}"] = type(sys)(f"{__name__}.{name}")
        module.__package__ = __name__
        module.__file__ = f"{__path__[0]}/{name}.py"
        setattr(package, name, module)
        exec(code, module.__dict__)  # noqa: S102 - as Python's own importer does


def _builtin(name: str) -> Any:
    """Load a module of the interpreter's own; an import statement takes more than twice as long to find it."""
    loader: Any = BuiltinImporter
    module = sys.modules[name] = loader.create_module(ModuleSpec(name, loader))
    loader.exec_module(module)
    return module


_start()
