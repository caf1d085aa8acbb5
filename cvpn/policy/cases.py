"""Test cases of a policy from files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from connect_handler.policy_tests import Case, read_cases
from cvpn.failures import Failure, Finding
from cvpn.files.hcl import read_hcl
from cvpn.files.json_text import read_json
from cvpn.files.source_map import SourceMap
from cvpn.files.text import read_text

from .source import PolicySource

VARIABLE = "policy_tests"


def cases_of(source: PolicySource, files: Sequence[Path]) -> list[Case]:
    """Return the test cases of files, or, where there are none, those that come with the policy.

    Raises
    ------
    Failure
        There are no cases, or some are not valid; a line for each problem.
    """
    if not files:
        if source.policy_tests is None:
            raise Failure(f"{source.name}: has no {VARIABLE}; name a file of test cases")
        return _check_cases(source.policy_tests, source.finding)
    cases = []
    for file in files:
        source_map = _read(file)
        cases += _check_cases(source_map.value, lambda path, text, at=source_map: at.finding(_in_file(at, path), text))
    return cases


def findings_of_cases(source: PolicySource) -> list[Finding]:
    """Return what is wrong with the test cases that come with a policy."""
    _, problems = read_cases(source.policy_tests)
    return [source.finding(problem.path, str(problem)) for problem in problems]


def _check_cases(value: Any, finding: Callable[..., Finding]) -> list[Case]:
    cases, problems = read_cases(value)
    if problems:
        raise Failure("\n".join(str(finding(problem.path, str(problem))) for problem in problems))
    if not cases:
        raise Failure(f"{VARIABLE} is empty; write at least one test case")
    return cases


def _read(file: Path) -> SourceMap:
    """Read a file of test cases, a list or an object with ``policy_tests``: JSON, YAML or variable definitions."""
    text = read_text(file)
    source_map = _read_any(text, str(file))
    if isinstance(source_map.value, dict):
        if VARIABLE not in source_map.value:
            raise Failure(f"{file}: has no {VARIABLE}; write a list of test cases, or an object with {VARIABLE}")
        source_map.value = source_map.value[VARIABLE]
    return source_map


def _read_any(text: str, file: str) -> SourceMap:
    if text.lstrip()[:1] in ("{", "["):
        return read_json(text, file)
    from cvpn.files.yaml_text import read_yaml  # late: help and other forms need no parser of YAML

    if file.endswith((".yaml", ".yml")):
        return read_yaml(text, file)
    if file.endswith(".tfvars"):
        return read_hcl(text, file)
    try:
        return read_hcl(text, file)
    except Failure:
        return read_yaml(text, file)


def _in_file(source_map: SourceMap, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Return the path in a file, where the list may stand without the name of the variable."""
    return path if (VARIABLE,) in source_map.positions else path[1:]
