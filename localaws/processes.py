"""Child processes that do not outlive this one."""

from __future__ import annotations

import shutil
import sys


def die_with_parent(command: list[str]) -> list[str]:
    """Return the command, changed so that Linux kills its process when the thread that starts it ends.

    A process that is killed cannot end its children itself. Elsewhere than on Linux the command stays as it is.
    """
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return [setpriv, "--pdeathsig", "KILL", "--", *command] if setpriv else command
