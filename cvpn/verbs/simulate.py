"""``cvpn simulate``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

import click

from connect_handler.policy import Policy
from cvpn.asking import Asked, as_json, ask, outcome_sentence, sentence
from cvpn.failures import DIFFERENT, FAILED, OK
from cvpn.log_lines import NOT_IN_CONNECTION_LOG
from cvpn.options import Asking, now, output_options, policy_options, policy_source, request_options
from cvpn.output import STYLES, Output
from cvpn.requests import Question, questions, with_fields


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
    asking = Asking.of(options)
    policy = policy_source(**options).policy()
    found = asked_questions(requests, asking)
    first = list(islice(found, 2))
    status = OK
    told = False
    for question in chain(first, found):
        if isinstance(question, str):
            output.problem(f"cvpn: {question}")
            status = FAILED
            continue
        if question.entry.kind == "connection" and not told:
            told = True
            output.problem(
                f"A connection log has no {', '.join(NOT_IN_CONNECTION_LOG)}: conditions on them are unknown."
            )
        asked = ask(policy, question.entry, now())
        if status == OK and not asked.allowed:
            status = DIFFERENT
        if form == "json":
            output.json(as_json(policy, asked))
        elif len(first) == 1:
            print_decision(output, policy, asked)
        else:
            _print_line(output, asked)
    if not first:
        raise click.ClickException("There are no requests to decide on.")
    return status


def asked_questions(requests: tuple[str, ...], asking: Asking) -> Iterator[Question | str]:
    """Return the questions that files and options make; a sentence for each line that is none."""
    if not requests:
        if not asking.fields and asking.alias is None and asking.evidence is None:
            raise click.UsageError("Name a request: a file, - for standard input, or options such as --username.")
        return iter([asking.question()])
    return (
        with_fields(question, asking.fields, asking.alias, asking.at, asking.evidence)
        if isinstance(question, Question)
        else question
        for question in questions(requests)
    )


def print_decision(output: Output, policy: Policy, asked: Asked) -> None:
    """Print one decision: ALLOW or DENY, a sentence, and what else there is to say."""
    decision = asked.answer.decision
    output.line((asked.outcome, STYLES[asked.outcome]))
    output.line(sentence(asked))
    if asked.answer.message:
        output.line(("Message: ", "bold"), asked.answer.message)
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


def _print_line(output: Output, asked: Asked) -> None:
    event = asked.entry.event if isinstance(asked.entry.event, dict) else {}
    decision = asked.answer.decision
    rule = (decision.rule if decision is not None else None) or "-"
    user = event.get("username") or event.get("common-name") or "-"
    output.line(
        (f"{asked.outcome:<5}", STYLES[asked.outcome]),
        f"  {asked.answer.reason:<15}  {rule}  {user}  {event.get('connection-id') or '-'}",
    )
