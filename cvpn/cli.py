"""The command ``cvpn``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any, NoReturn

import click

from cvpn.failures import FAILED, INVALID_POLICY, OK, Failure, InvalidPolicy
from cvpn.output.console import Output

PROGRAM = "cvpn"

VERBS = (
    "validate",
    "simulate",
    "explain",
    "test",
    "replay",
    "schema",
    "size",
    "devices",
    "connections",
    "reauthorize",
    "completion",
)
"""In the order in which they are listed; each is a module of :mod:`cvpn.verbs` with its command of the same name."""


class Verbs(click.Group):
    """Loads a verb when it is asked for: one that never asks AWS need not wait for boto3."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a verb's command."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(import_module(f"cvpn.verbs.{cmd_name}"), cmd_name)
        return command


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("terraform-aws-client-vpn-connect-handler"), prog_name=PROGRAM)
def cli() -> None:
    """See what a policy of the AWS Client VPN connect handler does, before it does it.

    \b
    Exit status: 0  allowed, no difference, valid
                 2  denied, differences, test cases that fail
                 3  the policy is not valid
                 1  anything else
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads any more. Python would complain on its way out that it cannot flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = FAILED
    sys.exit(status)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    output = Output(color="--no-color" not in (sys.argv[1:] if arguments is None else arguments))
    try:
        status: Any = cli.main(
            args=None if arguments is None else list(arguments), prog_name=PROGRAM, standalone_mode=False
        )
    except click.ClickException as error:
        error.show()
        return FAILED
    except click.Abort:
        output.problem(f"{PROGRAM}: interrupted")
        return FAILED
    except InvalidPolicy as error:
        for finding in error.findings:
            output.problem(str(finding))
        return INVALID_POLICY
    except Failure as error:
        for line in str(error).splitlines():
            output.problem(f"{PROGRAM}: {line}")
        return FAILED
    return status if isinstance(status, int) else OK
