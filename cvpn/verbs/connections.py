"""``cvpn connections``."""

from __future__ import annotations

from typing import Any

import click

from connect_handler.facts.text import fold
from connect_handler.facts.times import rfc3339, timestamp
from connect_handler.policy.conditions.names import Patterns
from cvpn.aws.account import Account
from cvpn.aws.functions import deployed_function
from cvpn.connections.active import Connection, active_connections, join, read_records, table_of
from cvpn.connections.reauthorization import configuration
from cvpn.failures import OK, Failure
from cvpn.options.common import account_options, output_options
from cvpn.output.console import Output

MAX_ROWS = 1000
"""Of a table; more than that nobody reads, and it takes its time."""

DIGEST = 8
"""Characters of a digest that a table shows."""


@click.command()
@click.option(
    "--function",
    "function_name",
    required=True,
    metavar="NAME[:ALIAS]",
    help="The connect handler: its name, with or without AWSClientVPN-, or its ARN. Alias: live.",
)
@account_options
@click.option(
    "--endpoint",
    "endpoints",
    multiple=True,
    metavar="ID",
    help="List the connections of an endpoint; may be repeated. Default: those that the function re-authorizes.",
)
@click.option(
    "--username", "usernames", multiple=True, metavar="PATTERN", help="List those of a user, such as *@example.com."
)
@output_options("json")
def connections(
    function_name: str,
    profile: str | None,
    region: str | None,
    endpoints: tuple[str, ...],
    usernames: tuple[str, ...],
    form: str,
    no_color: bool,
) -> int:
    """List who is connected, why, and since when; the longest first.

    EC2 says who is; what the function wrote down when it let them in says why: the rule, the posture compliance
    statuses and the policy, by the beginning of its digest. It writes that down where re-authorization is on.

    \b
    Examples:
      cvpn connections --function corp
      cvpn connections --function corp --endpoint cvpn-endpoint-0123456789abcdef0 --username 'anna@*' -o json
    """
    output = Output(not no_color)
    account = Account(profile, region)
    deployed = deployed_function(function_name, account)
    table = table_of(deployed.variables, deployed.full_name)
    ids = endpoints or _reauthorized_endpoints(function_name, account)
    ec2 = account.client("ec2")
    described = [one for endpoint_id in dict.fromkeys(ids) for one in active_connections(ec2, endpoint_id)]
    items: dict[str, Any] = {}
    if table is None:
        output.problem(
            f"cvpn: the function {deployed.full_name} does not write down whom it lets in; set reauthorization"
        )
    else:
        items = read_records(account.client("dynamodb"), table, [one["ConnectionId"] for one in described])
    found = [join(one, items.get(one["ConnectionId"])) for one in described]
    if usernames:
        matches = Patterns(usernames).match
        found = [one for one in found if matches(fold(one.username))]
    found.sort(key=lambda one: (one.since or 0.0, one.connection_id))
    if form == "json":
        for one in found:
            output.json(_as_json(one))
    else:
        _print(output, found, table is not None)
    return OK


def _reauthorized_endpoints(function_name: str, account: Account) -> tuple[str, ...]:
    """Return the ids of the endpoints whose connections are re-authorized."""
    try:
        return tuple(configuration(function_name, account).endpoints)
    except Failure as error:
        raise Failure(f"{error}; without re-authorization, name endpoints with --endpoint") from None


def _print(output: Output, found: list[Connection], writes: bool) -> None:
    if found:
        rows = [
            (
                one.username or "-",
                one.common_name or "-",
                one.client_ip or "-",
                one.alias or one.endpoint_id,
                "-" if one.since is None else rfc3339(one.since),
                (one.rule or "-") if one.recorded else ("not recorded" if writes else "-"),
                ", ".join(one.posture) or "-",
                (one.policy_digest or "-")[:DIGEST],
                one.connection_id,
            )
            for one in found[:MAX_ROWS]
        ]
        headings = ("user", "common name", "client IP", "endpoint", "since", "rule", "posture", "policy", "connection")
        output.table(headings, rows)
        if len(found) > MAX_ROWS:
            output.line(f"and {len(found) - MAX_ROWS:,} more; -o json lists them all")
        output.line("")
    missing = sum(not one.recorded for one in found)
    number = "1 connection" if len(found) == 1 else f"{len(found):,} connections"
    output.line(number + (f", of which {missing:,} not recorded" if missing and writes else ""))


def _as_json(one: Connection) -> dict[str, Any]:
    return {
        "connection_id": one.connection_id,
        "endpoint_id": one.endpoint_id,
        "alias": one.alias,
        "username": one.username,
        "common_name": one.common_name,
        "client_ip": one.client_ip,
        "since": None if one.since is None else timestamp(one.since),
        "recorded": one.recorded,
        "rule": one.rule,
        "posture": list(one.posture),
        "policy_digest": one.policy_digest,
        "request": one.request,
    }
