"""The command ``cvpn``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from cvpn.failures import FAILED, INVALID_POLICY, OK, Failure, InvalidPolicy

PROGRAM = "cvpn"

VERBS = {
    "validate": "Check a policy by the rules of the plan and of the function.",
    "simulate": "Decide on connection requests as the function would.",
    "explain": "Say why a connection is allowed or denied.",
    "test": "Run test cases against a policy.",
    "replay": "Replay logged decisions against another policy.",
    "schema": "Print a JSON Schema.",
    "size": "Say how much of the function's environment a policy takes, or what concurrency users need.",
    "devices": "Fill, show and change the device inventory.",
    "connections": "List who is connected, why, and since when; the longest first.",
    "reauthorize": "Show whose connections re-authorization would end, or end them.",
    "completion": "Print what makes a shell complete cvpn's verbs, options and files.",
}
"""What each verb does, in the order in which they are listed; a test compares it with the verb's own help.

Each is a module of :mod:`cvpn.verbs` with its command of the same name.
"""


class Verbs(click.Group):
    """Imports a verb when it is called, and none to list them.

    https://click.palletsprojects.com/en/stable/complex/#lazily-loading-subcommands
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a verb's command."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(import_module(f"cvpn.verbs.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs, cut to the width as click does."""
        width = formatter.width - 6 - max(map(len, VERBS))
        rows = [(verb, click.Command(verb, help=text).get_short_help_str(width)) for verb, text in VERBS.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="terraform-aws-client-vpn-connect-handler", prog_name=PROGRAM)
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
    try:
        status: Any = cli.main(
            args=None if arguments is None else list(arguments), prog_name=PROGRAM, standalone_mode=False
        )
    except click.ClickException as error:
        error.show()
        return FAILED
    except click.Abort:
        _print_problems(arguments, [f"{PROGRAM}: interrupted"])
        return FAILED
    except InvalidPolicy as error:
        _print_problems(arguments, map(str, error.findings))
        return INVALID_POLICY
    except Failure as error:
        _print_problems(arguments, [f"{PROGRAM}: {line}" for line in str(error).splitlines()])
        return FAILED
    return status if isinstance(status, int) else OK


def _print_problems(arguments: Sequence[str] | None, lines: Iterable[str]) -> None:
    from cvpn.output.console import Output  # late: help prints without it

    output = Output(color="--no-color" not in (sys.argv[1:] if arguments is None else arguments))
    for line in lines:
        output.problem(line)
