"""Which tier finds a fault."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from tools.areas import unit_tests_of

from .changes import change_of
from .copies import Copy, Processes, copy_of
from .faults import Fault, FaultError
from .tiers import CHECK, TEST_ALL, Build, builds_for, run_build, run_rest, run_tests, tier_of


@dataclass(frozen=True)
class Examination:
    """What came of a fault.

    Attributes
    ----------
    name
        Of the fault.
    tier
        The tier that finds it; None for none.
    test
        The first test that fails; empty for none.
    problem
        Why it could not be examined; empty if it could.
    seconds
        How long that took.
    """

    name: str
    tier: str | None
    test: str
    problem: str
    seconds: float

    def __str__(self) -> str:
        """Return the line of the report."""
        found = self.tier or ("error" if self.problem else "none")
        return f"{found:8}  {self.seconds:5.0f} s  {self.problem or self.test}"


@dataclass(frozen=True)
class Examiner:
    """Examines faults in copies of a checkout.

    Attributes
    ----------
    root
        The checkout.
    folder
        Where the copies are made.
    tiers
        Tiers to try, the quickest first.
    processes
        What runs now.
    hints_only
        Whether only the tests run that the faults name.
    """

    root: Path
    folder: Path
    tiers: tuple[str, ...]
    processes: Processes
    hints_only: bool = False

    def examine(self, fault: Fault) -> Examination:
        """Find out which tier finds a fault."""
        started = time.monotonic()
        tier, test, problem = None, "", ""
        try:
            with copy_of(self.root, self.folder, self.processes) as copy:
                change = change_of(fault, copy.folder)
                change.path.write_text(change.text, encoding="utf-8")
                copy.share(self.root)
                tier, test = self._search(fault, copy, unit_tests_of([str(change.path.relative_to(copy.folder))]))
        except FaultError as error:
            problem = str(error)
        return Examination(fault.name, tier, test, problem, time.monotonic() - started)

    def _search(self, fault: Fault, copy: Copy, areas: list[str]) -> tuple[str | None, str]:
        """Return the tier that finds the fault in the copy, and the first test that fails."""
        done: set[Build] = set()

        def build(tests: list[str] | None) -> None:
            for one in builds_for(fault.part, tests):
                if one not in done:
                    run_build(copy, one)
                    done.add(one)

        for tier in self.tiers:
            tests = [test for test in fault.tests if tier == TEST_ALL or tier_of(test, areas) == tier]
            if tests:
                build(tests)
                found = run_tests(copy, tier, tests)
                if found:
                    return tier, found
        if self.hints_only:
            return None, ""
        for tier in self.tiers:
            if tier != CHECK:
                build(None)
            found = run_rest(copy, tier, areas)
            if found:
                return tier, found
        return None, ""
