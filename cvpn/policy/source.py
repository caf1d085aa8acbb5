"""A policy, wherever it comes from: what kind of source it is, its content says."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

from connect_handler.policy.document import read_policy, unpack
from connect_handler.policy.model import Policy
from connect_handler.policy.problems import PolicyError
from connect_handler.policy.reader import POLICY_KEYS
from cvpn.aws.account import Account
from cvpn.aws.functions import DEFAULT_ALIAS
from cvpn.failures import Failure, Finding, InvalidPolicy
from cvpn.files.hcl import read_hcl
from cvpn.files.json_text import read_json
from cvpn.files.source_map import SourceMap, finding_at
from cvpn.files.text import read_text

from .deployed import deployed_policy
from .terraform_show import is_terraform_show, planned_policy
from .variables import VARIABLES, Variables, render, sort_by_precedence, terraform_files


@dataclass(frozen=True)
class PolicySource:
    """A policy as its source has it.

    Attributes
    ----------
    name
        What to call it: ``terraform.tfvars``, ``plan.json``, ``AWSClientVPN-corp:live``.
    document
        The policy document as it was written, with keys that the rendering would leave out.
    text
        The document, rendered.
    environment
        What the function's environment variable holds, where the source knows it; None for a policy that Terraform
        has yet to render.
    finding
        Makes a finding of a path in the document and a text.
    findings
        What is wrong with the source before its policy is looked at.
    endpoints
        Names of the function's aliases, which are the keys of the endpoints and ``live``; None where the source does
        not say.
    policy_tests
        The test cases that the source brings, with how to make findings of them; None for none.
    has_bucket
        Whether the function reads the policy from a bucket if its environment has no room for it.
    """

    name: str
    document: dict[str, Any]
    text: str
    environment: str | None
    finding: Callable[..., Finding]
    findings: tuple[Finding, ...] = ()
    endpoints: frozenset[str] | None = None
    policy_tests: Any = None
    has_bucket: bool = False

    def policy(self) -> Policy:
        """Return the policy.

        Raises
        ------
        InvalidPolicy
            It has problems.
        """
        problems = self.problems()
        if problems:
            raise InvalidPolicy(problems)
        return read_policy(self.text)

    def problems(self) -> list[Finding]:
        """Return everything that is wrong, which is what the plan and the function refuse."""
        return list(self._problems)

    @cached_property
    def _problems(self) -> list[Finding]:
        problems = [finding for finding in self.findings if not finding.warning]
        try:
            read_policy(json.dumps(self.document))
        except PolicyError as error:
            problems += [self.finding(problem.path, str(problem)) for problem in error.problems]
        return problems


def policy_from_files(files: Sequence[FilePath], address: str | None = None) -> PolicySource:
    """Read a policy from files.

    Parameters
    ----------
    files
        Files of variable definitions, of which several make one policy, as they do for Terraform; or one policy
        document; or one output of ``terraform show -json``. A folder stands for the files that Terraform loads there.
    address
        Of the function, for a plan with several.

    Raises
    ------
    Failure
        A file cannot be read.
    InvalidPolicy
        A policy document is no JSON.
    """
    expanded: list[FilePath] = []
    for file in files:
        if file.is_dir():
            found = terraform_files(file)
            if not found:
                raise Failure(
                    f"{file}: has no terraform.tfvars, terraform.tfvars.json, *.auto.tfvars or *.auto.tfvars.json; "
                    "name the policy's file"
                )
            expanded += found
        else:
            expanded.append(file)
    variable_files = []
    for file in sort_by_precedence(expanded):
        text = read_text(file)
        content = text.lstrip()
        if not content.startswith("{"):
            if _is_packed(content):
                return _single(expanded, _document(text, str(file)))
            variable_files.append(read_hcl(text, str(file)))
            continue
        value = read_json(text, str(file))
        if is_terraform_show(value.value):
            return _single(expanded, _planned(value, address))
        if _is_document(value.value, file):
            return _single(expanded, _document(text, str(file), value))
        _refuse_repeated(value)
        variable_files.append(value)
    return _variables(variable_files)


def policy_from_function(function: str, account: Account) -> PolicySource:
    """Read the policy of a function in AWS; see :func:`~cvpn.policy.deployed.deployed_policy`."""
    deployed = deployed_policy(function, account)
    source = _document(deployed.text, deployed.name)
    environment = None if deployed.stored else deployed.text
    return replace(source, environment=environment, endpoints=deployed.aliases, has_bucket=deployed.stored)


def _single(files: Sequence[FilePath], source: PolicySource) -> PolicySource:
    if len(files) > 1:
        raise Failure(f"{source.name}: is a whole policy; only files of variable definitions can be merged")
    return source


def _is_packed(content: str) -> bool:
    """Tell base64 of gzip, which begins with gzip's magic number, from HCL."""
    return content.startswith("H4sI")


def _is_document(value: Any, file: FilePath) -> bool:
    """Tell a policy document from variable definitions in JSON, which have other variables of the module too."""
    if file.name.endswith(".tfvars.json"):
        return False
    return isinstance(value, dict) and not (value.keys() & (set(VARIABLES) - set(POLICY_KEYS)))


def _refuse_repeated(file: SourceMap) -> None:
    for path, (line, column) in file.repeated:
        raise Failure(f'{file.file}:{line}:{column}: has the key "{path[-1]}" twice in one object; remove one')


def _document(text: str, name: str, source_map: SourceMap | None = None) -> PolicySource:
    """Return the source of a policy document, packed or not."""
    try:
        plain = unpack(text)
        document = json.loads(plain)
        if not isinstance(document, dict):
            read_policy(text)
    except PolicyError as error:
        raise InvalidPolicy([Finding(name, str(problem), file=name) for problem in error.problems]) from None
    except ValueError:
        raise Failure(f"{name}: is not JSON") from None
    source_map = source_map or SourceMap(document, name)
    repeated = [
        source_map.finding(path, f'the key "{path[-1]}" stands twice in one object; the last one counts', warning=True)
        for path, _ in source_map.repeated
    ]
    environment = text.strip() if _is_packed(text.strip()) else None
    return PolicySource(name, document, plain, environment, source_map.finding, tuple(repeated))


def _planned(source_map: SourceMap, address: str | None) -> PolicySource:
    planned = planned_policy(source_map.value, source_map.file, address)
    source = _document(planned.text, f"{source_map.file}: {planned.address}")
    return replace(
        source,
        environment=planned.text,
        endpoints=planned.aliases or None,
        policy_tests=planned.policy_tests,
        has_bucket=planned.stored,
    )


def _variables(files: list[SourceMap]) -> PolicySource:
    variables = Variables(files)
    policy = variables.policy()
    for file in files:
        for path, position in file.repeated:
            if path[0] in POLICY_KEYS:
                text = f'the key "{path[-1]}" stands twice in one object; Terraform takes the last one without a word'
                variables.findings.append(finding_at(file.file, position, text, warning=True))
    endpoints = variables.values.get("endpoints")
    return PolicySource(
        " + ".join(file.file for file in files),
        policy,
        render(policy),
        None,
        variables.finding,
        tuple(variables.findings),
        frozenset(endpoints) | {DEFAULT_ALIAS} if isinstance(endpoints, dict) else None,
        variables.values.get("policy_tests"),
        variables.values.get("policy_bucket") is not None,
    )
