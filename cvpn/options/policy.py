"""Options that name a policy, and the policy that they name."""

from __future__ import annotations

from pathlib import Path

import click

from cvpn.aws.account import Account
from cvpn.policy.source import PolicySource, policy_from_files, policy_from_function

from .common import FILE, Function, account_options


def policy_options(function: Function) -> Function:
    """Add the options that name a policy: ``-p``, ``--function``, ``--address``."""
    function = account_options(function)
    function = click.option(
        "--address", metavar="ADDRESS", help="Address of the function in a plan or a state that has several."
    )(function)
    function = click.option(
        "--function",
        "function_name",
        metavar="NAME[:ALIAS]",
        help="Take the policy of a function in AWS: its name, with or without AWSClientVPN-, or its ARN. Alias: live.",
    )(function)
    return click.option(
        "-p",
        "--policy",
        "files",
        type=FILE,
        multiple=True,
        metavar="FILE",
        help="Take the policy of a file: variable definitions in HCL or JSON (several are merged in Terraform's "
        "order), a policy document, or what `terraform show -json` prints. A folder stands for the files that "
        "Terraform loads there, - for standard input. Default: the current folder.",
    )(function)


def policy_source(
    files: tuple[Path, ...], function_name: str | None, address: str | None, profile: str | None, region: str | None
) -> PolicySource:
    """Return the policy that the options name."""
    if function_name is not None:
        if files:
            raise click.UsageError("Name a policy with --function or with files, not both.")
        return policy_from_function(function_name, Account(profile, region))
    return policy_from_files(files or (Path(),), address)
