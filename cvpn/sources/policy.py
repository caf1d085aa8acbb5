"""A policy, wherever it comes from: what kind of source it is, its content says."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any

from connect_handler.errors import PolicyError
from connect_handler.policy import POLICY_KEYS, Policy
from connect_handler.policy_document import document_text
from cvpn.aws import Account
from cvpn.failures import Failure, Finding, InvalidPolicy
from cvpn.located import Located, finding_at

from .deployed import DEFAULT_ALIAS, deployed_policy
from .hcl import read_hcl
from .json_text import read_json
from .terraform_show import is_terraform_show, planned_policy
from .variables import VARIABLES, Variables, in_order_of_precedence, loaded_by_terraform, rendered


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
        return Policy(self.text)

    def problems(self) -> list[Finding]:
        """Return everything that is wrong, which is what the plan and the function refuse."""
        problems = [finding for finding in self.findings if not finding.warning]
        try:
            Policy(json.dumps(self.document))
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
            found = loaded_by_terraform(file)
            if not found:
                raise Failure(
                    f"{file}: has no terraform.tfvars, terraform.tfvars.json, *.auto.tfvars or *.auto.tfvars.json; "
                    "name the policy's file"
                )
            expanded += found
        else:
            expanded.append(file)
    located = []
    for file in in_order_of_precedence(expanded):
        text = read_text(file)
        content = text.lstrip()
        if not content.startswith("{"):
            if _is_packed(content):
                return _single(expanded, _document(text, str(file)))
            located.append(read_hcl(text, str(file)))
            continue
        value = read_json(text, str(file))
        if is_terraform_show(value.value):
            return _single(expanded, _planned(value, address))
        if _is_document(value.value, file):
            return _single(expanded, _document(text, str(file), value))
        _refuse_repeated(value)
        located.append(value)
    return _variables(located)


def policy_from_function(function: str, account: Account) -> PolicySource:
    """Read the policy of a function in AWS; see :func:`~cvpn.sources.deployed.deployed_policy`."""
    deployed = deployed_policy(function, account)
    source = _document(deployed.text, deployed.name)
    environment = None if deployed.stored else deployed.text
    return replace(source, environment=environment, endpoints=deployed.aliases, has_bucket=deployed.stored)


def read_text(file: FilePath) -> str:
    """Read a file of UTF-8 text, or standard input for ``-``.

    Raises
    ------
    Failure
        It cannot be read, or is no text.
    """
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Failure(f"{file}: cannot be read: {error.strerror}") from None
    if content.startswith(b"PK"):
        raise Failure(
            f"{file}: is a saved plan, which only Terraform reads; give what `terraform show -json {file}` prints"
        )
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Failure(f"{file}:{line}: is not UTF-8 text") from None


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


def _refuse_repeated(file: Located) -> None:
    for path, (line, column) in file.repeated:
        raise Failure(f'{file.file}:{line}:{column}: has the key "{path[-1]}" twice in one object; remove one')


def _document(text: str, name: str, located: Located | None = None) -> PolicySource:
    """Return the source of a policy document, packed or not."""
    try:
        plain = document_text(text)
        document = json.loads(plain)
        if not isinstance(document, dict):
            Policy(text)
    except PolicyError as error:
        raise InvalidPolicy([Finding(name, str(problem), file=name) for problem in error.problems]) from None
    except ValueError:
        raise Failure(f"{name}: is not JSON") from None
    located = located or Located(document, name)
    repeated = [
        located.finding(path, f'the key "{path[-1]}" stands twice in one object; the last one counts', warning=True)
        for path, _ in located.repeated
    ]
    environment = text.strip() if _is_packed(text.strip()) else None
    return PolicySource(name, document, plain, environment, located.finding, tuple(repeated))


def _planned(located: Located, address: str | None) -> PolicySource:
    planned = planned_policy(located.value, located.file, address)
    source = _document(planned.text, f"{located.file}: {planned.address}")
    return replace(
        source,
        environment=planned.text,
        endpoints=planned.aliases or None,
        policy_tests=planned.policy_tests,
        has_bucket=planned.stored,
    )


def _variables(files: list[Located]) -> PolicySource:
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
        rendered(policy),
        None,
        variables.finding,
        tuple(variables.findings),
        frozenset(endpoints) | {DEFAULT_ALIAS} if isinstance(endpoints, dict) else None,
        variables.values.get("policy_tests"),
        variables.values.get("policy_bucket") is not None,
    )
