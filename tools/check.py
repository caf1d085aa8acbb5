"""Runs the project's checks: three tiers of them, or the ones that are named.

| command                          | what it runs                                                        |
|----------------------------------|---------------------------------------------------------------------|
| ``python -m tools.check check``  | lint of Python, and the unit tests of what has changed              |
| ``python -m tools.check test``   | everything but slow tests, with few examples of each property       |
| ``python -m tools.check beyond`` | the slow tests, and many examples of each property                  |
| ``python -m tools.check all``    | ``test``, then ``beyond``                                           |
| ``python -m tools.check lint``   | the checks that run nothing of the project                          |
| ``python -m tools.check NAME …`` | the named checks, one after the other, up to the first that fails   |

Checks of a tier run side by side. Each tier ends with the slowest tests, the time of each check and the total. Exit
status 1: a check failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from localaws.processes import die_with_parent
from tools import CACHE, ROOT
from tools.areas import changed_unit_tests
from tools.provider_relay import RelayFailed, provider_relay
from tools.side_by_side import CheckProcess, run_side_by_side, summarize
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
    """A named check.

    Attributes
    ----------
    run
        Does it, or raises CheckFailed.
    terraform
        Whether it needs Terraform.
    live
        Whether its output is shown while it runs.
    """

    name: str
    run: Callable[[], None]
    terraform: bool = False
    live: bool = False


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
        die_with_parent([str(argument) for argument in arguments]),
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


def terraform(*arguments: str, variables: Mapping[str, str] | None = None, quiet: bool = False) -> None:
    """Run Terraform in the checkout; ``variables`` come on top of its environment."""
    command("terraform", *arguments, variables={**terraform_variables(), **(variables or {})}, quiet=quiet)


@contextmanager
def terraform_in_copy() -> Iterator[Callable[..., None]]:
    """Copy the Terraform files; yield a function that runs Terraform there, with one process of the provider.

    The function takes a folder of the copy, relative to it, and Terraform's arguments.
    """
    copy_terraform_files(ROOT, TERRAFORM_TREE)
    try:
        with provider_relay(TERRAFORM_TREE, {**os.environ, **terraform_variables()}) as reattach:

            def run_in(folder: Path, *arguments: str, quiet: bool = True) -> None:
                data = CACHE / "terraform" / "data" / str(folder).replace("/", "-")
                variables = {**terraform_variables(), **reattach, "TF_DATA_DIR": str(data)}
                command("terraform", *arguments, folder=TERRAFORM_TREE / folder, variables=variables, quiet=quiet)

            yield run_in
    except RelayFailed as problem:
        raise CheckFailed(str(problem)) from None


def terraform_fmt() -> None:
    """Say which Terraform files are not formatted."""
    folders = [name for name in ("modules", "examples", "tests") if (ROOT / name).is_dir()]
    terraform("fmt", "-check", "-diff", ".")
    for name in folders:
        terraform("fmt", "-check", "-diff", "-recursive", name)


def terraform_validate() -> None:
    """Validate the root module, each module and each example by itself."""
    with terraform_in_copy() as run_terraform:
        for folder in terraform_folders(TERRAFORM_TREE):
            name = folder.relative_to(TERRAFORM_TREE)
            print(f"    {name if name.parts else 'root module'}", flush=True)
            run_terraform(name, "init", "-backend=false", "-no-color")
            run_terraform(name, "validate", "-no-color")


def terraform_test() -> None:
    """Run Terraform's own tests, with every provider mocked."""
    tests = "-test-directory=tests/terraform"
    color = [] if sys.stdout.isatty() else ["-no-color"]
    with terraform_in_copy() as run_terraform:
        run_terraform(Path(), "init", "-backend=false", "-no-color", tests)
        run_terraform(Path(), "test", tests, *color, quiet=False)


def checkov(*arguments: str) -> None:
    """Look for insecure settings in the root module and the modules; ``arguments`` come on top of .checkov.yaml."""
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
    command(CHECKOV, "--config-file", ROOT / ".checkov.yaml", *arguments, variables=variables)


def pytest(name: str, *arguments: str) -> None:
    """Run pytest, on one worker more than there are CPUs: tests end to end mostly wait."""
    workers = str((os.cpu_count() or 1) + 1)
    python("-m", "pytest", "-n", workers, "--dist", "loadgroup", f"--junitxml={_test_report(name)}", *arguments)


def pytest_changed() -> None:
    """Run the unit tests of what has changed."""
    tests = changed_unit_tests()
    if tests:
        pytest("pytest-changed", "-m", "not slow", *tests)
    else:
        print("Nothing has changed that has unit tests.")


def pytest_beyond() -> None:
    """Run the slow tests, and all properties with many examples."""
    pytest("pytest-beyond", "-m", "slow or hypothesis", "--hypothesis-profile=thorough")


def _test_report(check: str) -> Path:
    return CACHE / "reports" / f"{check}.xml"


PYTHON_LINT = [
    Check("ruff", lambda: python("-m", "ruff", "check", "--quiet", ".")),
    Check("ruff-format", lambda: python("-m", "ruff", "format", "--check", "--quiet", ".")),
    Check("mypy", lambda: python("-m", "mypy", "--strict", *PYTHON_FOLDERS)),
    Check("terraform-fmt", terraform_fmt, terraform=True),
    Check("line-lengths", lambda: python("-m", "tools.line_lengths")),
]
LINT = [
    *PYTHON_LINT,
    Check("terraform-validate", terraform_validate, terraform=True),
    Check("docs", lambda: python("-m", "tools.terraform_docs", "--check")),
    Check("bundle", lambda: python("-m", "tools.bundle", "--check")),
    Check("checkov", checkov),
]
# The longest check comes first, so that the others fill what it leaves of the machine.
TIERS = {
    "check": [Check("pytest-changed", pytest_changed, live=True), *PYTHON_LINT],
    "lint": LINT,
    "test": [
        Check("pytest", lambda: pytest("pytest", "-m", "not slow"), terraform=True, live=True),
        Check("terraform-test", terraform_test, terraform=True),
        *LINT,
    ],
    "beyond": [
        Check("pytest-beyond", pytest_beyond, terraform=True, live=True),
        Check("checkov-examples", lambda: checkov("--directory", "examples", "--skip-path", "tests")),
    ],
}


def run(checks: Sequence[Check]) -> int:
    """Run the checks one after the other, up to the first that fails."""
    for check in checks:
        try:
            check.run()
        except CheckFailed as failure:
            print(f"==> FAILED: {check.name}: {failure}", file=sys.stderr)
            return 1
    return 0


def run_tier(checks: Sequence[Check]) -> int:
    """Run the checks side by side, and say which failed, which tests were slow, and how long everything took."""
    started = time.monotonic()
    # A worker of pytest that compiles all tests for itself takes some seconds more to begin.
    variables = {"PYTHONDONTWRITEBYTECODE": ""}
    try:
        # Whoever has no Terraform is to hear it now.
        if any(check.terraform for check in checks):
            variables |= terraform_variables()
    except CheckFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    (CACHE / "reports").mkdir(parents=True, exist_ok=True)
    for check in checks:
        _test_report(check.name).unlink(missing_ok=True)
    this = (sys.executable, "-m", "tools.check")
    processes = [CheckProcess(check.name, (*this, check.name), check.live) for check in checks]
    results = run_side_by_side(processes, variables)
    slowest = slowest_tests([_test_report(check.name) for check in checks])
    if slowest:
        print("==> the slowest tests:", *(f"{seconds:6.1f} s  {test}" for seconds, test in slowest), sep="\n    ")
    print(summarize(results, time.monotonic() - started))
    return int(any(result.status for result in results))


def slowest_tests(reports: Sequence[Path], number: int = 10) -> list[tuple[float, str]]:
    """Return the tests that took longest, their fixtures included, of reports in JUnit's form; those that exist."""
    cases = [case for report in reports if report.is_file() for case in ElementTree.parse(report).iter("testcase")]  # noqa: S314 - pytest wrote it
    times = [(float(case.get("time", 0)), f"{case.get('classname')}::{case.get('name')}") for case in cases]
    return sorted(times, reverse=True)[:number]


def main(arguments: Sequence[str]) -> int:
    """Run the tier or the checks that the arguments name."""
    if list(arguments) == ["all"]:
        return run_tier(TIERS["test"]) or run_tier(TIERS["beyond"])
    if len(arguments) == 1 and arguments[0] in TIERS:
        return run_tier(TIERS[arguments[0]])
    known = {check.name: check for checks in TIERS.values() for check in checks}
    unknown = [name for name in arguments if name not in known]
    if unknown or not arguments:
        print(
            f"No check is called {', '.join(unknown) or 'so'}; there are the tiers {', '.join(TIERS)} and all, "
            f"and the checks {', '.join(known)}.",
            file=sys.stderr,
        )
        return 1
    return run([known[name] for name in arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
