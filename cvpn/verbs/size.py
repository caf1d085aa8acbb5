"""``cvpn size``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cvpn.failures import FAILED, INVALID_POLICY, OK
from cvpn.options.common import FILE, account_options, output_options
from cvpn.options.policy import policy_source
from cvpn.output.console import Output
from cvpn.size.concurrency import ACCOUNT_CONCURRENCY, UNRESERVED, Demand
from cvpn.size.policy_size import MAX_BYTES, size_of

MAX_ROWS = 10


@click.command()
@click.argument("files", type=FILE, nargs=-1, metavar="[FILE]...")
@click.option("--function", "function_name", metavar="NAME[:ALIAS]", help="Measure the policy of a function in AWS.")
@click.option("--address", metavar="ADDRESS", help="Address of the function in a plan or a state that has several.")
@account_options
@click.option("--users", type=click.IntRange(1), metavar="N", help="Say what concurrency N users need instead.")
@click.option(
    "--window",
    type=click.FloatRange(0, min_open=True),
    default=30,
    metavar="MINUTES",
    help="In which they all connect. Default: 30.",
)
@click.option(
    "--peak", type=click.FloatRange(1), default=3, metavar="X", help="Busiest moments over the average. Default: 3."
)
@click.option(
    "--latency", type=click.FloatRange(1), default=20, metavar="MS", help="Of a warm invocation. Default: 20."
)
@click.option(
    "--cold-start", type=click.FloatRange(0), default=500, metavar="MS", help="What a cold start adds. Default: 500."
)
@output_options("json")
def size(
    files: tuple[Path, ...],
    function_name: str | None,
    address: str | None,
    profile: str | None,
    region: str | None,
    users: int | None,
    window: float,
    peak: float,
    latency: float,
    cold_start: float,
    form: str,
    no_color: bool,
) -> int:
    """Say how much of the function's environment a policy takes, or what concurrency users need.

    Lambda gives 4,096 bytes. A policy that does not fit as it is is compressed, and one that does not fit then is read
    from policy_bucket. The longest rules are listed, in bytes before compression. FILE is as for --policy of the other
    verbs; default: the current folder.

    With --users no policy is looked at: see docs/sizing.md.

    \b
    Examples:
      cvpn size
      cvpn size terraform.tfvars -o json
      cvpn size --users 5000 --window 15

    Exit status: 0 it fits, 3 it does not or is not valid, 1 anything else.
    """
    output = Output(not no_color)
    if users is not None:
        _concurrency(output, form, Demand(users, window * 60, peak, latency / 1000, cold_start / 1000))
        return OK
    source = policy_source(files, function_name, address, profile, region)
    policy = source.policy()
    measured = size_of(source)
    rules = [
        (rule.label, _bytes(element)) for rule, element in zip(policy.rules, source.document["rules"], strict=True)
    ]
    posture_rules = source.document.get("posture_rules") or []
    rules += [(rule.label, _bytes(element)) for rule, element in zip(policy.posture_rules, posture_rules, strict=True)]
    rules.sort(key=lambda rule: -rule[1])
    if form == "json":
        output.json(
            {
                "bytes": measured.environment,
                "of": MAX_BYTES,
                "fits": measured.fits,
                "packed": measured.packed,
                "stored": measured.stored,
                "exact": measured.exact,
                "document": measured.document,
                "policy_digest": policy.digest,
                "rules": [{"rule": rule, "bytes": number} for rule, number in rules],
            }
        )
    else:
        about = "" if measured.exact else "about "
        how = f", compressed from {measured.document:,}" if measured.packed else ""
        share = measured.environment / MAX_BYTES
        where = "; read from policy_bucket" if measured.stored else ""
        output.line(f"{about}{measured.environment:,} of {MAX_BYTES:,} bytes ({share:.0%}){how}{where}")
        output.line("")
        shown = rules[:MAX_ROWS]
        output.table(("rule", "bytes"), [(rule, f"{number:,}") for rule, number in shown], right=(1,))
        if len(rules) > MAX_ROWS:
            output.line(f"and {len(rules) - MAX_ROWS} more rules")
    if measured.refused is None:
        output.problem("cvpn: whether it fits only Terraform can tell, which is not installed here")
        return FAILED
    return INVALID_POLICY if measured.refused else OK


def _concurrency(output: Output, form: str, demand: Demand) -> None:
    if form == "json":
        output.json(
            {
                "users": demand.users,
                "window_seconds": demand.window,
                "connections_per_second": round(demand.rate, 3),
                "provisioned_concurrency": demand.provisioned,
                "without_provisioned": demand.cold,
                "reserved_concurrent_executions": demand.reserved,
                "fits_account": demand.fits_account,
            }
        )
        return
    average = demand.users / demand.window
    output.line(
        f"{demand.users:,} users in {demand.window / 60:g} minutes: {average:.2g} connections a second, "
        f"{demand.rate:.2g} in the busiest moments"
    )
    output.line("")
    output.table(
        ("concurrency", "for"),
        [
            (f"{demand.provisioned:,}", "provisioned_concurrency, so that nobody meets a cold start"),
            (f"{demand.cold:,}", "environments at once without it, while all of them start"),
            (f"{demand.reserved:,}", "reserved_concurrent_executions, with room for two versions"),
        ],
        right=(0,),
    )
    if not demand.fits_account:
        most = ACCOUNT_CONCURRENCY - UNRESERVED
        output.line("")
        output.line(f"An account can reserve {most:,} unless its quota for concurrent executions has been raised.")


def _bytes(element: object) -> int:
    return len(json.dumps(element, ensure_ascii=False, separators=(",", ":")).encode())
