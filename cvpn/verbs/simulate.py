"""``cvpn simulate``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

import click

from connect_handler.policy.model import Policy
from cvpn.decisions.evaluation import Evaluation, as_json, evaluate_request, outcome_sentence, sentence
from cvpn.failures import DIFFERENT, FAILED, OK
from cvpn.options.common import output_options
from cvpn.options.policy import policy_options, policy_source
from cvpn.options.request import RequestOptions, request_options
from cvpn.output.console import STYLES, Output
from cvpn.requests.log_record import NOT_IN_CONNECTION_LOG
from cvpn.requests.sourced_request import SourcedRequest, read_requests, with_fields
from cvpn.times import now


@click.command()
@click.argument("requests", nargs=-1, metavar="[REQUEST]...")
@policy_options
@request_options
@output_options("json")
def simulate(requests: tuple[str, ...], form: str, no_color: bool, **options: Any) -> int:
    """Decide on connection requests as the function would.

    REQUEST is a file, or - for standard input: requests as AWS sends them, in JSON or JSON lines, decision logs, or
    connection logs. Each request of a log is asked at its own time. Options set fields of every request; without a
    REQUEST they make one, in which all other fields are there and empty.

    \b
    Examples:
      cvpn simulate --username anna@example.com --group engineering --platform win
      cvpn simulate -p terraform.tfvars request.json --at 2026-12-24T18:00:00Z
      cvpn simulate --function corp:staff -o json < requests.jsonl -

    Exit status: 0 all allowed, 2 one or more denied, 3 invalid policy, 1 anything else.
    """
    output = Output(not no_color)
    overrides = RequestOptions.of(options)
    policy = policy_source(**options).policy()
    found = sourced_requests(requests, overrides)
    first = list(islice(found, 2))
    status = OK
    told = False
    for request in chain(first, found):
        if isinstance(request, str):
            output.problem(f"cvpn: {request}")
            status = FAILED
            continue
        if request.record.kind == "connection" and not told:
            told = True
            output.problem(
                f"A connection log has no {', '.join(NOT_IN_CONNECTION_LOG)}: conditions on them are unknown."
            )
        evaluation = evaluate_request(policy, request.record, now())
        if status == OK and not evaluation.allowed:
            status = DIFFERENT
        if form == "json":
            output.json(as_json(policy, evaluation))
        elif len(first) == 1:
            print_decision(output, policy, evaluation)
        else:
            _print_line(output, evaluation)
    if not first:
        raise click.ClickException("There are no requests to decide on.")
    return status


def sourced_requests(requests: tuple[str, ...], overrides: RequestOptions) -> Iterator[SourcedRequest | str]:
    """Return the requests that files and options make; a sentence for each line that is none."""
    if not requests:
        if not overrides.fields and overrides.alias is None and overrides.evidence is None:
            raise click.UsageError("Name a request: a file, - for standard input, or options such as --username.")
        return iter([overrides.request()])
    return (
        with_fields(request, overrides.fields, overrides.alias, overrides.at, overrides.evidence)
        if isinstance(request, SourcedRequest)
        else request
        for request in read_requests(requests)
    )


def print_decision(output: Output, policy: Policy, evaluation: Evaluation) -> None:
    """Print one decision: ALLOW or DENY, a sentence, and what else there is to say."""
    decision = evaluation.answer.decision
    output.line((evaluation.outcome, STYLES[evaluation.outcome]))
    output.line(sentence(evaluation))
    if evaluation.answer.message:
        output.line(("Message: ", "bold"), evaluation.answer.message)
    if decision is None:
        return
    if decision.posture:
        output.line(("Posture: ", "bold"), ", ".join(decision.posture))
    if decision.ends:
        output.line(("Ends: ", "bold"), f"{len(decision.ends)} other connection{'s'[: len(decision.ends) > 1]}")
    if decision.unknown:
        rules = [f"{rule} ({', '.join(conditions)})" for rule, conditions in decision.unknown]
        output.line(("Unknown: ", "bold"), ", ".join(rules))
    if decision.shadow is not None:
        outcome = "ALLOW" if decision.shadow.allow else "DENY"
        words = outcome_sentence(decision.shadow.reason, decision.shadow.rule)
        output.line(("With shadow rules: ", "bold"), (outcome, STYLES[outcome]), f". {words}")
    if policy.shadow_mode and not decision.allow:
        output.line(("Shadow mode is on: ", "bold"), "the connection would be established all the same.")


def _print_line(output: Output, evaluation: Evaluation) -> None:
    event = evaluation.record.event if isinstance(evaluation.record.event, dict) else {}
    decision = evaluation.answer.decision
    rule = (decision.rule if decision is not None else None) or "-"
    user = event.get("username") or event.get("common-name") or "-"
    output.line(
        (f"{evaluation.outcome:<5}", STYLES[evaluation.outcome]),
        f"  {evaluation.answer.reason:<15}  {rule}  {user}  {event.get('connection-id') or '-'}",
    )
