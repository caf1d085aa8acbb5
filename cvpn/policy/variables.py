"""The policy that variables make: what Terraform does with a file of variable definitions.

Terraform converts each value to its variable's type and renders the policy document (modules/policy); the same is done
here, to the same bytes, so that the digest is the one in the decision log.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path as FilePath
from typing import Any

from connect_handler.policy.messages import DEFAULT_DENY_MESSAGE
from connect_handler.policy.problems import describe, one_of
from connect_handler.policy.reader import POLICY_KEYS
from cvpn.failures import Finding
from cvpn.files.source_map import SourceMap

VARIABLES = (*POLICY_KEYS, "endpoints", "handler", "name", "policy_bucket", "policy_tests", "tags")
"""Variables of the root module."""

_TYPES = {"default_deny_message": "string", "default_posture_status": "string", "shadow_mode": "bool"}
"""Types of the policy variables that have one; the others take any value."""

_BOOLS = {"true": True, "1": True, "false": False, "0": False}


def sort_by_precedence(files: Iterable[FilePath]) -> list[FilePath]:
    """Put files in the order in which Terraform loads them; of a variable's definitions the last one counts.

    ``terraform.tfvars``, ``terraform.tfvars.json``, ``*.auto.tfvars`` and ``*.auto.tfvars.json`` by name, then all
    others as they were given, as those of ``-var-file``.
    https://developer.hashicorp.com/terraform/language/values/variables#variable-definition-precedence
    """
    return sorted(files, key=_precedence)


def _precedence(file: FilePath) -> tuple[int, str]:
    if file.name == "terraform.tfvars":
        return 0, ""
    if file.name == "terraform.tfvars.json":
        return 1, ""
    if file.name.endswith((".auto.tfvars", ".auto.tfvars.json")):
        return 2, file.name
    return 3, ""


def terraform_files(folder: FilePath) -> list[FilePath]:
    """Return the files of a folder that Terraform loads by itself, in its order."""
    return sort_by_precedence(
        file for file in folder.iterdir() if file.is_file() and _precedence(file)[0] < 3 and file.name[:1] != "."
    )


class Variables:
    """Variables from files, the later ones before the earlier ones.

    Attributes
    ----------
    values
        By name, as they were written.
    findings
        What Terraform says of the files: what it refuses, and what it warns of.
    """

    def __init__(self, files: Sequence[SourceMap]) -> None:
        self.values: dict[str, Any] = {}
        self.findings: list[Finding] = []
        self._origin: dict[str, SourceMap] = {}
        self._files = files
        for file in files:
            for name, value in file.value.items():
                self.values[name] = value
                self._origin[name] = file
                if name not in VARIABLES and (advice := one_of(name, POLICY_KEYS)).startswith("did"):
                    text = f"the module has no variable {describe(name)}, so Terraform ignores it; {advice}"
                    self.findings.append(file.finding((name,), text, warning=True))

    def finding(self, path: Sequence[str | int], text: str, *, warning: bool = False) -> Finding:
        """Return a finding about what is at ``path``, the first part of which is a variable."""
        file = self._origin.get(str(path[0])) if path else None
        return (file or self._files[-1]).finding(path if file else (), text, warning=warning)

    def policy(self) -> dict[str, Any]:
        """Return the policy variables as the module receives them; what cannot be converted is a finding."""
        policy: dict[str, Any] = {"default_deny_message": DEFAULT_DENY_MESSAGE}
        for name in POLICY_KEYS:
            if name not in self.values or (self.values[name] is None and name in _TYPES):
                continue
            try:
                policy[name] = _convert(self.values[name], _TYPES.get(name))
            except ValueError:
                article = f"is {describe(self.values[name])}, not a {_TYPES[name]}"
                advice = "write true or false" if _TYPES[name] == "bool" else "write a text in double quotes"
                self.findings.append(self.finding((name,), f"{name} {article}; {advice}"))
        return policy


def _convert(value: Any, to: str | None) -> Any:
    """Convert a value as Terraform does, https://developer.hashicorp.com/terraform/language/expressions/types."""
    if to == "string" and not isinstance(value, (str, list, dict)):
        return json.dumps(value)
    if to == "bool" and isinstance(value, (str, int)) and not isinstance(value, bool):
        if str(value) not in _BOOLS or not isinstance(value, str):
            raise ValueError(value)
        return _BOOLS[value]
    if (to == "string" and not isinstance(value, str)) or (to == "bool" and not isinstance(value, bool)):
        raise ValueError(value)
    return _normalize(value)


def _normalize(value: Any) -> Any:
    """Return a value with its texts as Terraform keeps them: in NFC, and without halves of surrogate pairs."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", re.sub("[\ud800-\udfff]", "\ufffd", value))
    if isinstance(value, list):
        return [_normalize(member) for member in value]
    if isinstance(value, dict):
        return {_normalize(key): _normalize(member) for key, member in value.items()}
    return value


def render(policy: dict[str, Any]) -> str:
    """Return the policy document that modules/policy makes of its variables."""
    document = {key: value for key, value in policy.items() if json.dumps(value) not in ("null", '""', "[]", "false")}
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
