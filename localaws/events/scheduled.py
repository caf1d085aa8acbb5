"""What EventBridge does when the time of a rule has come: it invokes the rule's targets, asynchronously.

moto keeps rules and targets, and has no clock. Here whoever tries something out says when.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, cast

from moto.awslambda.utils import get_backend as get_lambda_backend
from moto.core.exceptions import JsonRESTError
from moto.events.models import Rule, events_backends

from localaws.awslambda.models import Invocation, LambdaBackend
from localaws.cloudwatch.metrics import Metric, publish

SERVICE = "events.amazonaws.com"
NAMESPACE = "AWS/Events"


class RuleNotRun(Exception):
    """A rule cannot be run; ``code`` is EventBridge's error code for it."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class Delivery:
    """What became of a rule's event at one target."""

    target_id: str
    target_arn: str
    event: bytes
    #: Why the target was not invoked; None if it was.
    error: str | None = None
    invocation: Invocation | None = None


def run_rule(account_id: str, region: str, name: str) -> list[Delivery]:
    """Invokes the targets of a rule of the default event bus, and returns when all have ended.

    Raises RuleNotRun for a rule that does not exist, has no schedule or is disabled, and for a target or an input that
    is not available here.
    """
    rule = _rule(account_id, region, name)
    publish(account_id, region, NAMESPACE, [Metric("TriggeredRules", 1, dimensions={"RuleName": name})])
    return [_deliver(rule, target) for target in list(rule.targets)]


def _rule(account_id: str, region: str, name: str) -> Rule:
    rule: Rule | None = events_backends[account_id][region].event_buses["default"].rules.get(name)
    if rule is None:
        raise RuleNotRun("ResourceNotFoundException", f"Rule {name} does not exist on EventBus default.")
    if not rule.scheduled_expression:
        raise RuleNotRun("ValidationException", f"Rule {name} has no schedule: its time never comes")
    if rule.state == "DISABLED":
        raise RuleNotRun("ValidationException", f"Rule {name} is disabled: its time never comes")
    for target in rule.targets:
        if ":lambda:" not in target["Arn"]:
            raise RuleNotRun("UnsupportedOperation", f"{target['Arn']} is no Lambda function: only those run here")
        for option in ("InputPath", "InputTransformer"):
            if target.get(option):
                raise RuleNotRun("UnsupportedOperation", f"{option} of target {target['Id']} is not available here")
    return rule


def _deliver(rule: Rule, target: dict[str, Any]) -> Delivery:
    event = target.get("Input") or json.dumps(_scheduled_event(rule))
    delivery = Delivery(target["Id"], target["Arn"], event.encode())
    backend = cast(LambdaBackend, get_lambda_backend(rule.account_id, rule.region_name))
    try:
        function = backend.get_function(delivery.target_arn)
        if _may_invoke(function.policy.statements, rule, delivery.target_arn):
            delivery.invocation = backend.run_patiently(delivery.target_arn, None, delivery.event)
        else:
            delivery.error = f"AccessDenied: {SERVICE} may not invoke {delivery.target_arn} for {rule.arn}"
    except JsonRESTError as error:
        delivery.error = f"{error.error_type}: {error.message}"
    metric = "FailedInvocations" if delivery.error else "Invocations"
    publish(rule.account_id, rule.region_name, NAMESPACE, [Metric(metric, 1, dimensions={"RuleName": rule.name})])
    return delivery


def _scheduled_event(rule: Rule) -> dict[str, Any]:
    # https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-scheduled-events.html
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": rule.account_id,
        "time": datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": rule.region_name,
        "resources": [rule.arn],
        "detail": {},
    }


def _may_invoke(statements: Iterable[dict[str, Any]], rule: Rule, function_arn: str) -> bool:
    """Whether the function's resource-based policy lets EventBridge invoke it for the rule."""
    # https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
    return any(
        statement["Effect"] == "Allow"
        and statement["Action"] in ("lambda:InvokeFunction", "lambda:*")
        and (statement["Principal"] == "*" or statement["Principal"].get("Service") == SERVICE)
        # A statement for the unqualified ARN is not one for its aliases and versions.
        and statement["Resource"].removesuffix(":$LATEST") == function_arn.removesuffix(":$LATEST")
        and _holds(statement.get("Condition") or {}, rule)
        for statement in statements
    )


def _holds(condition: dict[str, dict[str, str]], rule: Rule) -> bool:
    known = {"aws:sourcearn": rule.arn, "aws:sourceaccount": rule.account_id}
    return all(
        fnmatchcase(known.get(key.lower(), ""), pattern)
        for wanted in condition.values()
        for key, pattern in wanted.items()
    )
