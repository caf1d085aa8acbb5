"""What each tier runs: whoever changes `make check`, `make test` or `make test-all` changes it here."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from tools.provider_relay import RelayFailed, provider_relay

from .copies import Copy, terraform_variables
from .faults import FaultError

CHECK, TEST, TEST_ALL = "check", "test", "test-all"

PYTEST_OPTIONS: dict[str, tuple[str, ...]] = {
    CHECK: ("-m", "not slow"),
    TEST: ("-m", "not slow"),
    TEST_ALL: ("-m", "slow or hypothesis", "--hypothesis-profile=thorough"),
}
"""The tiers, the quickest first, and how each runs pytest: the last one runs only what it adds to the others."""

SIDE_BY_SIDE = ("-p", "xdist", "-n", "4", "--dist", "loadgroup")
"""How pytest runs many tests."""

TERRAFORM_TESTS = "tests/terraform"

ENOUGH = 0.9
"""The share of all faults that ``make test`` has to find."""

TEST_SECONDS = 1800
"""Longest run of the tests that a fault names, and of a program that builds something."""

REST_SECONDS = 7200
"""Longest run of the rest of a tier."""


@dataclass(frozen=True)
class Build:
    """A program that brings up to date what is generated from a part, so that no check for staleness finds a fault.

    Attributes
    ----------
    program
        The module.
    parts
        Parts that it reads.
    readers
        Where the tests are that read what it writes.
    is_page
        Whether it writes a page. Tests of the page find a fault with which it cannot be written.
    """

    program: str
    parts: tuple[str, ...]
    readers: tuple[str, ...]
    is_page: bool = False


_TOOLS = ("tests/unit/tools/",)
BUILDS = (
    # All but the unit tests of the handler and of the policy's module, which import the source, may run the zip.
    Build(
        "tools.bundle",
        ("lambda_src",),
        ("tests/e2e/", "tests/terraform/", "tests/unit/cvpn/", "tests/unit/localaws/", *_TOOLS),
    ),
    Build("tools.monitoring_names", ("lambda_src",), ("tests/e2e/", "tests/terraform/", *_TOOLS)),
    Build(
        "tools.policy_language",
        ("lambda_src", "cvpn"),
        ("tests/e2e/", "tests/terraform/", "tests/unit/policy/", *_TOOLS),
        is_page=True,
    ),
    Build("tools.terraform_docs", ("modules", "root"), _TOOLS, is_page=True),
    Build("tools.decision_log_docs", ("lambda_src", "cvpn"), _TOOLS, is_page=True),
    Build("tools.operations_docs", ("lambda_src", "localaws", "modules"), _TOOLS, is_page=True),
    Build("tools.cvpn_docs", ("lambda_src", "cvpn"), _TOOLS, is_page=True),
)
"""In the order in which they run."""


def is_terraform(test: str) -> bool:
    """Tell whether a test is one of Terraform's own."""
    return test.endswith(".tftest.hcl")


def tier_of(test: str, areas: Iterable[str]) -> str:
    """Return the first tier that runs a test, for a change to which the unit tests ``areas`` belong."""
    file = PurePath(test.partition("::")[0])
    return CHECK if any(file.is_relative_to(area) for area in areas) else TEST


def builds_for(part: str, tests: Sequence[str] | None = None) -> list[Build]:
    """Return the builds that tests need after a change of a part; None: all tests."""
    of_part = [build for build in BUILDS if part in build.parts]
    return [build for build in of_part if tests is None or any(test.startswith(build.readers) for test in tests)]


def run_build(copy: Copy, build: Build) -> None:
    """Run a build.

    Raises
    ------
    FaultError
        It is not there, or fails and writes no page.
    """
    if not (copy.folder / f"{build.program.replace('.', '/')}.py").is_file():
        raise FaultError(f"needs {build.program}, which the checkout does not have")
    status, output = copy.run([sys.executable, "-m", build.program], TEST_SECONDS)
    if status != 0 and not build.is_page:
        raise FaultError(f"breaks {build.program}: {_last_line(output)}")


def run_tests(copy: Copy, tier: str, tests: Sequence[str]) -> str:
    """Run tests of any kind, and return the first one that fails; empty for none."""
    of_pytest = [test for test in tests if not is_terraform(test)]
    found = _pytest(copy, [*PYTEST_OPTIONS[tier], *of_pytest], TEST_SECONDS) if of_pytest else ""
    of_terraform = [test for test in tests if is_terraform(test)]
    if not found and of_terraform and tier != TEST_ALL:
        return _terraform(copy, of_terraform, TEST_SECONDS)
    return found


def run_rest(copy: Copy, tier: str, areas: Sequence[str]) -> str:
    """Run all tests of a tier, and return the first one that fails; empty for none."""
    if tier == CHECK and not areas:
        return ""
    folders = areas if tier == CHECK else ()
    found = _pytest(copy, [*SIDE_BY_SIDE, *PYTEST_OPTIONS[tier], *folders], REST_SECONDS)
    if not found and tier == TEST and (copy.folder / TERRAFORM_TESTS).is_dir():
        return _terraform(copy, (), REST_SECONDS)
    return found


def _pytest(copy: Copy, arguments: Sequence[str], seconds: float) -> str:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-rfE", *arguments]
    status, output = copy.run(command, seconds)
    if status in (0, 5):  # 5: the marker left nothing
        return ""
    summary = re.findall(r"(?m)^(?:FAILED|ERROR) (.*?)(?: - .*)?$", output)
    if status not in (1, 2) or not summary:
        raise FaultError(f"breaks pytest, which ends with {status}: {_last_error(output)}")
    # Several workers end with 2 after any failure; the summary names a whole file where its import fails.
    failed = [test for test in summary if "::" in test]
    if not failed:
        raise FaultError(f"breaks the import of {summary[0]}: {_last_error(output)}")
    return str(failed[0])


def _terraform(copy: Copy, tests: Sequence[str], seconds: float) -> str:
    """Run Terraform's own tests, or some files of them, and return the first run that fails; empty for none."""
    try:
        with provider_relay(copy.folder, copy.environment(terraform_variables())) as reattach:
            variables = {**terraform_variables(), **reattach}
            folder = f"-test-directory={TERRAFORM_TESTS}"
            init = ["terraform", "init", "-backend=false", "-no-color", folder]
            status, output = copy.run(init, TEST_SECONDS, variables)
            if status != 0:
                raise FaultError(f"breaks terraform init: {_last_error(output)}")
            chosen = [f"-filter={test}" for test in tests]
            status, output = copy.run(["terraform", "test", "-no-color", folder, *chosen], seconds, variables)
            if status == 0:
                return ""
            invalid, validation = copy.run(["terraform", "validate", "-no-color"], TEST_SECONDS, variables)
    except RelayFailed as problem:
        raise FaultError(str(problem)) from None
    if invalid:
        raise FaultError(f"breaks terraform validate: {_last_error(validation)}")
    failure = re.search(r'(?m)^  run "([^"]+)"\.\.\. fail$', output)
    if failure is None:
        raise FaultError(f"breaks terraform test: {_last_error(output)}")
    files = re.findall(r"(?m)^(\S+\.tftest\.hcl)\.\.\. in progress$", output[: failure.start()])
    return f"{files[-1] if files else tests[0]} {failure[1]}"


def _last_line(output: str) -> str:
    return (output.strip().splitlines() or ["no output"])[-1]


def _last_error(output: str) -> str:
    errors = re.findall(r"(?m)^(?:E  +|Error: )(\S.*)$", output)
    return str(errors[-1]) if errors else _last_line(output)
