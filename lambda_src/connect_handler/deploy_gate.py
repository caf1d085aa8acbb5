"""The deploy gate: what a new version of the function says of its own policy, before it decides on any connection.

Terraform invokes the version with ``{"policy-tests": [...]}``, and moves the aliases only if the answer has no
problem. Client VPN never sends such an event. It would take the answer for none, and deny the connection.
"""

from __future__ import annotations

import time
from typing import Any

from connect_handler.policy_source import PolicySource
from connect_handler.policy_tests import describe_difference, read_cases
from connect_handler.settings import Settings

ANSWER_SECONDS = 1
"""Time of the invocation that is left for the answer."""

PAUSE_SECONDS = 1

MAX_PROBLEMS = 200
"""Problems that an answer has; a function's answer holds 6 MB."""


def run(settings: Settings, source: PolicySource, cases: Any, context: Any) -> dict[str, Any]:
    """Run test cases against the function's policy.

    Parameters
    ----------
    settings, source
        Settings and policy of the function.
    cases
        The value of ``policy_tests``: any JSON value.
    context
        Lambda's context object.

    Returns
    -------
    dict
        ``problems``, one sentence each, of the policy, of the cases and of their results; empty if the version may
        serve. How many cases ``passed`` and ``failed``; ``policy_digest`` and ``function_version``.
    """
    _wait_for_policy(source, context)
    readable, case_problems = read_cases(cases)
    problems = [*source.problems, *settings.problems, *case_problems]
    policy, now = source.policy, time.time()
    results = [] if policy is None or settings.problems else [case.result(policy, now) for case in readable]
    failed = [result for result in results if not result["passed"]]
    for result in failed:
        problems.append(f"{result['name']}: {'; '.join(map(describe_difference, result['differences']))}")
    if len(problems) > MAX_PROBLEMS:
        problems[MAX_PROBLEMS:] = [f"{len(problems) - MAX_PROBLEMS} more problems are not shown"]
    return {
        "problems": problems,
        "passed": len(results) - len(failed),
        "failed": len(failed),
        "policy_digest": source.digest,
        "function_version": settings.function_version,
    }


def _wait_for_policy(source: PolicySource, context: Any) -> None:
    """Load a policy that could not be fetched, while there is time for another attempt.

    IAM can take seconds to tell S3 of a permission that the same apply has given.
    """
    seconds = 0.0  # of the last attempt
    while source.is_due:
        if context.get_remaining_time_in_millis() < 1000 * (PAUSE_SECONDS + 2 * seconds + ANSWER_SECONDS):
            return
        time.sleep(PAUSE_SECONDS)
        started = time.monotonic()
        source.load()
        seconds = time.monotonic() - started
