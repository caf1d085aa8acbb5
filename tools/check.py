"""Runs the project's checks, one after the other, up to the first that fails.

``python -m tools.check`` runs all that need no waiting, ``python -m tools.check lint`` those that run nothing of the
project, and ``python -m tools.check NAME ...`` the named ones. Exit status 1: a check failed, and the last line says
which.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools import CACHE, ROOT
from tools.terraform_cli import TerraformUnavailable, terraform_environment
from tools.terraform_files import copy_terraform_files, terraform_folders

PYTHON_FOLDERS = ("lambda_src", "cvpn", "localaws", "tools", "tests", "benchmarks")
CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"
TERRAFORM_TREE = CACHE / "terraform" / "tree"
"""The copy of the Terraform files that is validated and tested."""


class CheckFailed(Exception):
    """A check failed; what there is to say has been printed, or is the message."""


@dataclass(frozen=True)
class Check:
    """A named check. ``run`` raises CheckFailed; ``terraform`` says whether it needs Terraform."""

    name: str
    run: Callable[[], None]
    terraform: bool = False


def command(
    *arguments: str | Path, folder: Path = ROOT, variables: Mapping[str, str] | None = None, quiet: bool = False
) -> None:
    """Run a command; ``quiet`` shows its output only if it fails.

    Raises
    ------
    CheckFailed
        Its exit status is not 0.
    """
    result = subprocess.run(
        [str(argument) for argument in arguments],
        cwd=folder,
        env={**os.environ, **(variables or {})},
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        if quiet:
            print(result.stdout, end="")
        raise CheckFailed(f"exit status {result.returncode}")


def python(*arguments: str) -> None:
    """Run this Python with the arguments given."""
    command(sys.executable, *arguments)


@cache
def terraform_variables() -> dict[str, str]:
    """Return the environment of Terraform's runs."""
    try:
        return terraform_environment()
    except TerraformUnavailable as problem:
        raise CheckFailed(str(problem)) from None


def terraform(*arguments: str, folder: Path = ROOT, data: Path | None = None, quiet: bool = False) -> None:
    """Run Terraform in ``folder``, with its data in ``data``."""
    variables = terraform_variables() | ({"TF_DATA_DIR": str(data)} if data else {})
    command("terraform", *arguments, folder=folder, variables=variables, quiet=quiet)


def terraform_fmt() -> None:
    """Say which Terraform files are not formatted."""
    folders = [name for name in ("modules", "examples", "tests") if (ROOT / name).is_dir()]
    terraform("fmt", "-check", "-diff", ".")
    for name in folders:
        terraform("fmt", "-check", "-diff", "-recursive", name)


def terraform_validate() -> None:
    """Validate the root module, each module and each example by itself."""
    copy_terraform_files(ROOT, TERRAFORM_TREE)
    for folder in terraform_folders(TERRAFORM_TREE):
        name = str(folder.relative_to(TERRAFORM_TREE))
        print(f"    {'root module' if name == '.' else name}", flush=True)
        data = CACHE / "terraform" / "data" / name.replace("/", "-")
        terraform("init", "-backend=false", "-no-color", folder=folder, data=data, quiet=True)
        terraform("validate", "-no-color", folder=folder, data=data, quiet=True)


def terraform_test() -> None:
    """Run Terraform's own tests, with every provider mocked."""
    copy_terraform_files(ROOT, TERRAFORM_TREE)
    tests = "-test-directory=tests/terraform"
    data = CACHE / "terraform" / "data" / "tests"
    terraform("init", "-backend=false", "-no-color", tests, folder=TERRAFORM_TREE, data=data, quiet=True)
    color = [] if sys.stdout.isatty() else ["-no-color"]
    terraform("test", tests, *color, folder=TERRAFORM_TREE, data=data)


def checkov() -> None:
    """Look for insecure settings in the Terraform files."""
    if not CHECKOV.is_file():
        raise CheckFailed("checkov is not installed: run `make lint`, which makes .venv-checkov.")
    home = CACHE / "checkov"
    home.mkdir(parents=True, exist_ok=True)
    # It asks for news and keeps notes in the home directory.
    variables = {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home),
        "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true",
        "LOG_LEVEL": "ERROR",
    }
    command(CHECKOV, "--config-file", ROOT / ".checkov.yaml", variables=variables)


LINT = [
    Check("ruff", lambda: python("-m", "ruff", "check", "--quiet", ".")),
    Check("ruff-format", lambda: python("-m", "ruff", "format", "--check", "--quiet", ".")),
    Check("mypy", lambda: python("-m", "mypy", "--strict", *PYTHON_FOLDERS)),
    Check("terraform-fmt", terraform_fmt, terraform=True),
    Check("terraform-validate", terraform_validate, terraform=True),
    Check("checkov", checkov),
    Check("docs", lambda: python("-m", "tools.terraform_docs", "--check")),
    Check("bundle", lambda: python("-m", "tools.bundle", "--check")),
]
# pytest comes last: its closing line is the last thing that a run prints.
ALL = [
    *LINT,
    Check("terraform-test", terraform_test, terraform=True),
    Check("pytest", lambda: python("-m", "pytest", "-m", "not slow"), terraform=True),
]
EXTRA = [
    Check("pytest-slow", lambda: python("-m", "pytest", "-m", "slow"), terraform=True),
]


def run(checks: Sequence[Check]) -> int:
    """Run the checks up to the first that fails, and say how long each took."""
    times: list[str] = []
    try:
        # First of all: who has no Terraform is to hear it now.
        if any(check.terraform for check in checks):
            terraform_variables()
    except CheckFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    for number, check in enumerate(checks, start=1):
        if number == len(checks) and times:
            print(f"==> passed so far: {', '.join(times)}", flush=True)
        print(f"==> {check.name} ({number} of {len(checks)})", flush=True)
        started = time.monotonic()
        try:
            check.run()
        except CheckFailed as failure:
            print(f"==> FAILED: {check.name}: {failure}", file=sys.stderr)
            return 1
        times.append(f"{check.name} {time.monotonic() - started:.0f} s")
    return 0


def main(arguments: Sequence[str]) -> int:
    """Run the checks that the arguments name; none: all that need no waiting."""
    if not arguments:
        return run(ALL)
    if list(arguments) == ["lint"]:
        return run(LINT)
    known = {check.name: check for check in [*ALL, *EXTRA]}
    unknown = [name for name in arguments if name not in known]
    if unknown:
        print(f"No check is called {', '.join(unknown)}; there are: lint, {', '.join(known)}.", file=sys.stderr)
        return 1
    return run([known[name] for name in arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
