"""``cvpn reauthorize``."""

from __future__ import annotations

from typing import Any

import click

from cvpn.aws.account import Account
from cvpn.connections.reauthorization import Reauthorization
from cvpn.failures import DIFFERENT, FAILED, OK, Failure
from cvpn.options.common import account_options, output_options
from cvpn.output.console import Output

MAX_ROWS = 50


@click.command()
@click.option(
    "--function",
    "function_name",
    required=True,
    metavar="NAME",
    help="The connect handler: its name, with or without AWSClientVPN-, or its ARN.",
)
@account_options
@click.option("--run", is_flag=True, help="Re-authorize now, as the schedule does: the brake holds.")
@click.option("--confirm", is_flag=True, help="Show who would be ended, ask, and end so many at most, brake or not.")
@click.option("--yes", is_flag=True, help="With --confirm: do not ask.")
@output_options("json")
def reauthorize(
    function_name: str,
    profile: str | None,
    region: str | None,
    run: bool,
    confirm: bool,
    yes: bool,
    form: str,
    no_color: bool,
) -> int:
    """Show whose connections re-authorization would end, or end them.

    All active connections are decided on anew: with the request that each was let in with, by the policy that its
    endpoint's alias serves now, today's evidence and the clock. Without --run or --confirm nobody is ended.

    A run ends none if it would end too many, which a broken import or a mistake in the policy would do. If they are
    meant, --confirm ends them: no more than were shown, and none if there are more by then. With -o json it prints two
    lines: what was shown, and what was done.

    \b
    Examples:
      cvpn reauthorize --function corp
      cvpn reauthorize --function corp --confirm

    Exit status: 0 nobody would be ended, or who was to be ended was; 2 some would be ended, and were not; 1 anything
    else, such as connections that could not be decided on or ended.
    """
    output = Output(not no_color)
    if run and confirm:
        raise click.UsageError("Say --run or --confirm, not both.")
    if yes and not confirm:
        raise click.UsageError("--yes goes with --confirm.")
    function = Reauthorization.of(function_name, Account(profile, region))
    if run:
        return _report(output, form, function.run(), function_name)
    result = function.run(dry_run=True)
    if not confirm:
        return _report(output, form, result, function_name)
    if not result["complete"] or not result["denied"]:
        status = _report(output, form, result, function_name)
        return FAILED if not result["complete"] else status
    _show(output, form, result)
    if not (yes or _is_confirmed(result["denied"])):
        output.problem("cvpn: nobody was ended")
        return DIFFERENT
    return _report(output, form, function.run(at_most=result["denied"]), function_name)


def _is_confirmed(denied: int) -> bool:
    try:
        return click.confirm(f"End {_connections(denied)}?", err=True)
    except click.Abort:
        raise Failure("nobody was ended: there was no answer; without anybody to ask, say --yes") from None


def _report(output: Output, form: str, result: dict[str, Any], function_name: str) -> int:
    """Print a result, and return the exit status."""
    _show(output, form, result)
    if result["failed"] or not result["complete"]:
        status = FAILED
    elif result["denied"] > result["terminated"]:
        status = DIFFERENT
    else:
        status = OK
    if not result["complete"]:
        output.problem("cvpn: there was no time for all connections; the next run goes on")
    if result["braked"] and not result["dry_run"]:
        output.problem(
            "cvpn: the brake held, and nobody was ended. If they are meant, say "
            f"cvpn reauthorize --function {function_name} --confirm"
        )
    return status


def _show(output: Output, form: str, result: dict[str, Any]) -> None:
    if form == "json":
        output.json(result)
    else:
        _print(output, result)


def _print(output: Output, result: dict[str, Any]) -> None:
    denials = result["denials"]
    if denials:
        rows = [
            (
                denial.get("username") or denial.get("common_name") or "-",
                denial["connection_id"],
                denial["reason"],
                denial.get("rule") or "-",
                denial.get("message") or "",
            )
            for denial in denials[:MAX_ROWS]
        ]
        output.table(("user", "connection", "reason", "rule", "message"), rows)
        left = result["denied"] + result["shadowed"] - len(rows)
        if left > 0:
            output.line(f"and {left:,} more; -o json lists up to 1,000")
        output.line("")
    output.line(_summary(result))
    for problem in result["problems"]:
        output.problem(f"cvpn: {problem}")


def _summary(result: dict[str, Any]) -> str:
    parts = [_connections(result["connections"]), f"{result['evaluated']:,} decided on", f"{result['allowed']:,} stay"]
    if result["dry_run"]:
        parts.append(f"{result['denied']:,} would be ended")
    else:
        parts += [f"{result['denied']:,} to be ended", f"{result['terminated']:,} ended"]
    if result["shadowed"]:
        parts.append(f"{result['shadowed']:,} stay by shadow mode alone")
    if result["unrecorded"]:
        parts.append(f"{result['unrecorded']:,} without a request that is kept, and left as they are")
    if result["failed"]:
        parts.append(f"{result['failed']:,} failed")
    if result["braked"]:
        parts.append("the brake holds")
    return ", ".join(parts)


def _connections(number: int) -> str:
    return "1 connection" if number == 1 else f"{number:,} connections"
