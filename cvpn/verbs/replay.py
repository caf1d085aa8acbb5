"""``cvpn replay``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from connect_handler.facts.times import timestamp
from cvpn.aws.account import Account
from cvpn.failures import DIFFERENT, FAILED, OK, Failure
from cvpn.options.common import INSTANT_TYPE, output_options
from cvpn.options.policy import policy_options, policy_source
from cvpn.output.console import Output
from cvpn.output.progress import progress_bar
from cvpn.replay.chunks import Chunk, chunks_of_files, chunks_of_log_group
from cvpn.replay.comparison import CHANGES, POSTURE, RULE
from cvpn.replay.page import ReplayResult, describe, render_page
from cvpn.replay.tally import NOT_REPLAYABLE, SAME, Tally
from cvpn.replay.workers import Period, replay_chunks
from cvpn.times import now

MAX_ROWS = 50
DAY = 86_400.0
_UNITS = {"m": 60.0, "h": 3600.0, "d": DAY, "w": 7 * DAY}
_AGO = re.compile(r"([0-9]{1,6})([mhdw])")


class Moment(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """A time, or how long ago it is, in seconds since 1970-01-01 UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read ``30m``, ``12h``, ``7d``, ``2w`` or RFC 3339."""
        match = _AGO.fullmatch(str(value))
        if match:
            return now() - int(match[1]) * _UNITS[match[2]]
        return INSTANT_TYPE.convert(value, param, ctx)


@click.command()
@click.argument("logs", nargs=-1, metavar="[LOG]...")
@policy_options
@click.option("--log-group", metavar="NAME", help="Read the decision log from CloudWatch Logs.")
@click.option(
    "--since",
    type=Moment(),
    metavar="TIME",
    help="Leave out what was decided before: 30m, 12h, 7d, 2w, or RFC 3339. Default for --log-group: 1d.",
)
@click.option("--until", type=Moment(), metavar="TIME", help="Leave out what was decided then and later.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write a page as well.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes to use. Default: one per core.")
@output_options("json")
def replay(
    logs: tuple[str, ...],
    log_group: str | None,
    since: float | None,
    until: float | None,
    html: Path | None,
    jobs: int | None,
    form: str,
    no_color: bool,
    **options: Any,
) -> int:
    """Replay logged decisions against another policy.

    Each decision of the log is made again, with the attributes of its request and at its own time, by the policy that
    is given: whose connections would be allowed or denied that were not, and by which rule? What the policy asks for
    and the log does not have is counted and named, never guessed.

    LOG is a decision log: a file, compressed with gzip or not, a folder of them, or - for standard input.

    \b
    Examples:
      cvpn replay --log-group /aws/lambda/AWSClientVPN-corp --since 7d
      cvpn replay -p candidate.tfvars decisions.log.gz --html replay.html
      aws logs tail /aws/lambda/AWSClientVPN-corp --since 1d | cvpn replay -

    Exit status: 0 no difference, 2 differences, 3 invalid policy, 1 anything else: a log that cannot be read, in whole
    or in part, or of which nothing can be replayed.
    """
    output = Output(not no_color)
    if bool(logs) == (log_group is not None):
        raise click.UsageError("Name a log: files, - for standard input, or --log-group.")
    source = policy_source(**options)
    policy = source.policy()
    account = Account(options["profile"], options["region"])
    period = Period(float("-inf") if since is None else since, float("inf") if until is None else until)
    with progress_bar(output, "Replaying") as progress:
        if log_group is None:
            chunks: Iterator[Chunk] = chunks_of_files(logs, progress)
        else:
            begin, end = now() - DAY if since is None else since, now() if until is None else until
            chunks = chunks_of_log_group(log_group, account, begin, end, progress)
        tally = replay_chunks(source.text, chunks, period, jobs)
    result = ReplayResult(source.name, policy.digest, logs or (str(log_group),), tally, footer(tally))
    if html is not None:
        _write(html, render_page(result))
    if form == "json":
        output.json(_as_json(result))
    else:
        _print(output, result)
    for message in tally.messages:
        output.problem(f"cvpn: {message}")
    if tally.unreadable:
        output.problem(f"cvpn: {tally.unreadable:,} unreadable lines were left out")
        return FAILED
    if tally.decisions == tally.counts[NOT_REPLAYABLE]:
        output.problem(f"cvpn: the log has {'no decisions' if not tally.decisions else 'nothing that can be replayed'}")
        return FAILED
    return DIFFERENT if tally.changed else OK


def footer(tally: Tally) -> str:
    """Return all counts in one line."""
    counts = tally.counts
    parts = [f"{tally.decisions:,} decisions", f"{counts[SAME]:,} same"]
    parts += [f"{counts[change]:,} {change}" for change in CHANGES if change not in (RULE, POSTURE)]
    parts += [f"{counts[kind]:,} other {kind}" for kind in (RULE, POSTURE) if counts[kind]]
    parts += [f"{counts[NOT_REPLAYABLE]:,} not replayable"] if counts[NOT_REPLAYABLE] else []
    return ", ".join(parts)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise Failure(f"{file}: cannot be written: {error.strerror}") from None


def _print(output: Output, result: ReplayResult) -> None:
    tally = result.tally
    groups = tally.sorted_groups()
    if groups:
        rows = [
            (
                key.change,
                key.user,
                describe(key.before, key.after),
                describe(key.after, key.before),
                f"{group.connections:,}",
                timestamp(group.last),
                group.example,
            )
            for key, group in groups[:MAX_ROWS]
        ]
        output.table(("change", "user", "was", "would be", "connections", "last", "such as"), rows, right=(4,))
        left = sum(group.connections for _, group in groups[MAX_ROWS:]) + tally.not_listed
        if left:
            output.line(f"and {left:,} more connections; -o json and --html list more of them")
        output.line("")
    for reason, number in tally.reasons.most_common():
        output.line(f"Not replayable: {number:,}, {reason}")
    output.line(result.footer)


def _as_json(result: ReplayResult) -> dict[str, Any]:
    tally = result.tally
    return {
        "decisions": tally.decisions,
        "same": tally.counts[SAME],
        "changed": {change: tally.counts[change] for change in CHANGES},
        "not_replayable": dict(tally.reasons),
        "unreadable_lines": tally.unreadable,
        "first": None if tally.first is None else timestamp(tally.first),
        "last": None if tally.last is None else timestamp(tally.last),
        "policy_digest": result.policy_digest,
        "groups": [
            {
                "change": key.change,
                "user": key.user,
                "before": key.before._asdict(),
                "after": key.after._asdict(),
                "connections": group.connections,
                "first": timestamp(group.first),
                "last": timestamp(group.last),
                "example": group.example,
            }
            for key, group in tally.sorted_groups()
        ],
        "not_listed": tally.not_listed,
    }
