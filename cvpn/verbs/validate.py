"""``cvpn validate``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from connect_handler.policy.model import Policy
from cvpn.failures import INVALID_POLICY, OK, Finding, InvalidPolicy
from cvpn.lint.warnings import warnings
from cvpn.options.common import FILE, output_options
from cvpn.options.common import account_options as with_account
from cvpn.options.policy import policy_source
from cvpn.output.console import Output
from cvpn.policy.source import PolicySource
from cvpn.size.policy_size import MAX_BYTES, Size, size_of
from cvpn.times import now

SHORTER = (
    "Name a bucket that has versioning in policy_bucket, from which the function then reads it; or write fewer or "
    "shorter rules: groups instead of user names, patterns instead of lists, one rule with many values instead of many "
    "rules."
)


@click.command()
@click.argument("files", type=FILE, nargs=-1, metavar="[FILE]...")
@click.option("--function", "function_name", metavar="NAME[:ALIAS]", help="Check the policy of a function in AWS.")
@click.option("--address", metavar="ADDRESS", help="Address of the function in a plan or a state that has several.")
@click.option("--strict", is_flag=True, help="Take warnings for errors.")
@with_account
@output_options("json")
def validate(
    files: tuple[Path, ...],
    function_name: str | None,
    address: str | None,
    strict: bool,
    profile: str | None,
    region: str | None,
    form: str,
    no_color: bool,
) -> int:
    """Check a policy by the rules of the plan and of the function.

    Everything that is wrong is said at once, with file, line and column. Warnings point at rules that can never decide
    anything. FILE is as for --policy of the other verbs; default: the current folder, as for Terraform.

    \b
    Examples:
      cvpn validate
      cvpn validate terraform.tfvars office.auto.tfvars
      terraform show -json plan.out | cvpn validate -
      cvpn validate --function corp:staff

    Exit status: 0 valid, 3 not valid, 1 anything else.
    """
    output = Output(not no_color)
    policy: Policy | None = None
    size: Size | None = None
    try:
        source = policy_source(files, function_name, address, profile, region)
    except InvalidPolicy as error:
        findings = list(error.findings)
    else:
        findings = [finding for finding in source.findings if finding.warning] + source.problems()
        if all(finding.warning for finding in findings):
            policy, size = source.policy(), size_of(source)
            findings += _size_findings(source, size) + warnings(
                source.document, source.endpoints, now(), source.finding
            )
        if source.policy_tests is not None:
            from cvpn.policy.cases import findings_of_cases  # late: few policies that are checked bring test cases

            findings += findings_of_cases(source)
    findings.sort(key=lambda finding: (finding.file, finding.line or 0, finding.column or 0))
    valid = not any(strict or not finding.warning for finding in findings)
    if form == "json":
        output.json(_as_json(valid, findings, policy, size))
    else:
        _print(output, findings, policy, size)
    return OK if valid else INVALID_POLICY


def _size_findings(source: PolicySource, size: Size) -> list[Finding]:
    if size.refused is False:
        return []
    takes = f"{size.environment} bytes of the function's environment, compressed"
    if size.refused is None:
        text = f"the policy takes about {takes}; install terraform, which alone can tell whether {MAX_BYTES} hold it"
        return [source.finding(("rules",), text, warning=True)]
    text = f"the policy takes {takes}; Lambda gives it {MAX_BYTES}. {SHORTER}"
    return [source.finding(("rules",), text)]


def _as_json(valid: bool, findings: list[Finding], policy: Policy | None, size: Size | None) -> dict[str, Any]:
    return {
        "valid": valid,
        "findings": [
            {
                "severity": "warning" if finding.warning else "error",
                "where": finding.where,
                "file": finding.file,
                "line": finding.line,
                "column": finding.column,
                "text": finding.text,
            }
            for finding in findings
        ],
        "policy_digest": policy and policy.digest,
        "size": size
        and {
            "bytes": size.environment,
            "of": MAX_BYTES,
            "packed": size.packed,
            "stored": size.stored,
            "exact": size.exact,
        },
    }


def _print(output: Output, findings: list[Finding], policy: Policy | None, size: Size | None) -> None:
    for finding in findings:
        kind = ("warning", "yellow") if finding.warning else ("error", "red")
        output.line(f"{finding.where}: ", kind, f": {finding.text}")
    errors = sum(not finding.warning for finding in findings)
    warned = len(findings) - errors
    counts = [_counted(errors, "error")] if errors else []
    counts += [_counted(warned, "warning")] if warned else []
    if errors or policy is None or size is None:
        output.line(("Not valid", "bold red"), f": {', '.join(counts)}.")
        return
    rules = [_counted(len(policy.rules), "rule")]
    rules += [_counted(len(policy.posture_rules), "posture rule")] if policy.posture_rules else []
    about = "" if size.exact else "about "
    where = ", read from policy_bucket" if size.stored else ""
    takes = f"{about}{size.environment:,} of {MAX_BYTES:,} bytes{where}"
    output.line(("Valid", "bold green"), f": {', '.join(rules + counts)}, {takes}.")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
