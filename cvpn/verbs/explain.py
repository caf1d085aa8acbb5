"""``cvpn explain``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from cvpn.decisions.evaluation import as_json, evaluate_request
from cvpn.decisions.explanation import Explanation
from cvpn.decisions.explanation import explain as explain_decision
from cvpn.decisions.rule_results import ConditionResult, RuleResult
from cvpn.failures import DIFFERENT, FAILED, OK
from cvpn.options.common import output_options
from cvpn.options.policy import policy_options, policy_source
from cvpn.options.request import RequestOptions, request_options
from cvpn.output.console import STYLES, Output
from cvpn.times import now

from .simulate import print_decision, sourced_requests

SIGNS = {True: "+", False: "-", None: "?"}
MAX_SHOWN = 120
"""Characters of a value that are shown."""


@click.command()
@click.argument("requests", nargs=-1, metavar="[REQUEST]...")
@policy_options
@request_options
@output_options("json")
def explain(requests: tuple[str, ...], form: str, no_color: bool, **options: Any) -> int:
    """Say why a connection is allowed or denied.

    Prints the decision as simulate does, then every rule with its conditions: + true, - false, ? unknown, with the
    value that the policy names and the value that was seen; and which single condition, the other way round, would
    turn the outcome.

    \b
    Examples:
      cvpn explain --username anna@example.com --group sales --platform win --platform-version 10.0.18363
      cvpn explain -p terraform.tfvars request.json
      grep cvpn-connection-8e2003152e05f273f decisions.log | cvpn explain --function corp -

    Exit status: 0 all allowed, 2 one or more denied, 3 invalid policy, 1 anything else.
    """
    output = Output(not no_color)
    overrides = RequestOptions.of(options)
    source = policy_source(**options)
    policy = source.policy()
    status = OK
    number = 0
    for sourced in sourced_requests(requests, overrides):
        if isinstance(sourced, str):
            output.problem(f"cvpn: {sourced}")
            status = FAILED
            continue
        evaluation = evaluate_request(policy, sourced.record, now())
        if status == OK and not evaluation.allowed:
            status = DIFFERENT
        request = evaluation.answer.request
        explanation = None
        if request is not None:
            explanation = explain_decision(source.document, policy, request, evaluation.at, sourced.record.evidence)
        if form == "json":
            output.json(as_json(policy, evaluation) | {"explanation": explanation and asdict(explanation)})
        else:
            if number:
                output.line("")
            print_decision(output, policy, evaluation)
            if explanation is not None:
                _print(output, explanation, evaluation.allowed)
        number += 1
    if not number and status == OK:
        raise click.ClickException("There are no requests to decide on.")
    return status


def _print(output: Output, explanation: Explanation, allowed: bool) -> None:
    if explanation.posture_rules:
        output.line("")
        for rule in explanation.posture_rules:
            _print_rule(output, rule)
    output.line("")
    for rule in explanation.rules:
        _print_rule(output, rule)
    output.line("")
    outcome = "DENY" if allowed else "ALLOW"
    for flip in explanation.flips:
        by = f" by {_quoted(flip.decided_by)}" if flip.decided_by is not None else " by no rule"
        output.line(
            (outcome, STYLES[outcome]),
            f"{by} if {flip.condition} of {_quoted(flip.rule)} {'held' if flip.value else 'did not hold'}.",
        )
    if not explanation.flips:
        output.line("No single condition decides: more than one would have to be other than it is.")


def _print_rule(output: Output, rule: RuleResult) -> None:
    sign = SIGNS[rule.value]
    if rule.status is not None:
        what = f"{rule.rule} assigns {_quoted(rule.status)}"
    else:
        what = f"rule {_quoted(rule.rule)} ({'shadow ' if rule.shadow else ''}{rule.effect})"
        if rule.value is None:
            what += (
                " applies, as it is not known that it does not" if rule.applies else " does not apply, as it is unknown"
            )
    output.line((sign, STYLES[sign]), f" {what}")
    for condition in rule.conditions:
        _print_condition(output, condition)


def _print_condition(output: Output, condition: ConditionResult) -> None:
    sign = SIGNS[condition.value]
    saw = "" if condition.saw is None else f"  saw {_shown(condition.saw)}"
    why = f"  unknown: {condition.why}" if condition.why else ""
    name = f"{condition.block}.{condition.key}"
    output.line("    ", (sign, STYLES[sign]), f" {name} {_shown(condition.wanted)}{saw}{why}")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _quoted(text: str | None) -> str:
    return json.dumps(text, ensure_ascii=False)
