"""Test cases of a policy from files."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from connect_handler.policy_tests import Case, read_cases

from .failures import Failure, Finding
from .located import Located
from .sources.hcl import read_hcl
from .sources.json_text import read_json
from .sources.policy import PolicySource, read_text

VARIABLE = "policy_tests"


class _Loader(yaml.SafeLoader):
    """YAML in which a time is the text that it is."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


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
        return _checked(source.policy_tests, source.finding)
    cases = []
    for file in files:
        located = _read(file)
        cases += _checked(located.value, lambda path, text, at=located: at.finding(_in_file(at, path), text))
    return cases


def _checked(value: Any, finding: Callable[..., Finding]) -> list[Case]:
    cases, problems = read_cases(value)
    if problems:
        raise Failure("\n".join(str(finding(problem.path, str(problem))) for problem in problems))
    if not cases:
        raise Failure(f"{VARIABLE} is empty; write at least one test case")
    return cases


def _read(file: Path) -> Located:
    """Read a file of test cases, a list or an object with ``policy_tests``: JSON, YAML or variable definitions."""
    text = read_text(file)
    located = _located(text, str(file))
    if isinstance(located.value, dict):
        if VARIABLE not in located.value:
            raise Failure(f"{file}: has no {VARIABLE}; write a list of test cases, or an object with {VARIABLE}")
        located.value = located.value[VARIABLE]
    return located


def _located(text: str, file: str) -> Located:
    if text.lstrip()[:1] in ("{", "["):
        return read_json(text, file)
    if file.endswith((".yaml", ".yml")):
        return _yaml(text, file)
    if file.endswith(".tfvars"):
        return read_hcl(text, file)
    try:
        return read_hcl(text, file)
    except Failure:
        return _yaml(text, file)


def _yaml(text: str, file: str) -> Located:
    try:
        root = yaml.compose(text, Loader=_Loader)
        value = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
        json.dumps(value)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
        raise Failure(f"{where}: is not YAML: {error.problem}") from None
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise Failure(f"{file}: is not YAML that holds test cases: {' '.join(str(error).split())}") from None
    located = Located(value, file)
    if root is not None:
        _locate(root, (), located)
    return located


def _locate(node: Any, path: tuple[str | int, ...], located: Located) -> None:
    located.positions.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
    if isinstance(node, yaml.SequenceNode):
        for position, member in enumerate(node.value):
            _locate(member, (*path, position), located)
    elif isinstance(node, yaml.MappingNode):
        for key, member in node.value:
            inner = (*path, str(key.value))
            located.positions[inner] = (key.start_mark.line + 1, key.start_mark.column + 1)
            _locate(member, inner, located)


def _in_file(located: Located, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Return the path in a file, where the list may stand without the name of the variable."""
    return path if (VARIABLE,) in located.positions else path[1:]
