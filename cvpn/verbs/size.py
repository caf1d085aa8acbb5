"""``cvpn size``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cvpn.failures import FAILED, INVALID_POLICY, OK
from cvpn.options import FILE, account_options, output_options, policy_source
from cvpn.output import Output
from cvpn.policy_size import MAX_BYTES, size_of

MAX_ROWS = 10


@click.command()
@click.argument("files", type=FILE, nargs=-1, metavar="[FILE]...")
@click.option("--function", "function_name", metavar="NAME[:ALIAS]", help="Measure the policy of a function in AWS.")
@click.option("--address", metavar="ADDRESS", help="Address of the function in a plan or a state that has several.")
@account_options
@output_options("json")
def size(
    files: tuple[Path, ...],
    function_name: str | None,
    address: str | None,
    profile: str | None,
    region: str | None,
    form: str,
    no_color: bool,
) -> int:
    """Say how much of the function's environment a policy takes.

    Lambda gives 4,096 bytes. A policy that does not fit as it is is compressed; the longest rules are listed, in bytes
    before compression. FILE is as for --policy of the other verbs; default: the current folder.

    \b
    Examples:
      cvpn size
      cvpn size terraform.tfvars -o json

    Exit status: 0 it fits, 3 it does not or is not valid, 1 anything else.
    """
    output = Output(not no_color)
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
        output.line(f"{about}{measured.environment:,} of {MAX_BYTES:,} bytes ({share:.0%}){how}")
        output.line("")
        shown = rules[:MAX_ROWS]
        output.table(("rule", "bytes"), [(rule, f"{number:,}") for rule, number in shown], right=(1,))
        if len(rules) > MAX_ROWS:
            output.line(f"and {len(rules) - MAX_ROWS} more rules")
    if measured.fits is None:
        output.problem("cvpn: whether it fits only Terraform can tell, which is not installed here")
        return FAILED
    return OK if measured.fits else INVALID_POLICY


def _bytes(element: object) -> int:
    return len(json.dumps(element, ensure_ascii=False, separators=(",", ":")).encode())
