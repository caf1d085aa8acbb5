"""The deploy gate: it tests the policy of a new version before that version decides on any connection.

Terraform invokes the version with ``{"policy-tests": [...]}``. It moves the aliases only if the answer has no problem.
Client VPN never sends such an event. If it did, it would not accept the answer, and would deny the connection.
"""

from __future__ import annotations

import time
from typing import Any

from connect_handler.policy_source import PolicySource
from connect_handler.policy_tests import describe_difference, read_cases
from connect_handler.settings import Settings

ANSWER_SECONDS = 1
"""Time of the invocation for the answer."""

PAUSE_SECONDS = 1

MAX_PROBLEMS = 200
"""The most problems in an answer, which holds 6 MB,
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


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
        ``problems`` of the policy, the cases and their results; the version may serve if there is none. The numbers of
        cases that ``passed`` and ``failed``; ``policy_digest`` and ``function_version``.
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
    """Load a policy again that S3 did not give, while there is time for another attempt.

    After an apply, seconds can pass before IAM's new permission reaches S3,
    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency.
    """
    seconds = 0.0  # of the last attempt
    while source.is_due:
        if context.get_remaining_time_in_millis() < 1000 * (PAUSE_SECONDS + 2 * seconds + ANSWER_SECONDS):
            return
        time.sleep(PAUSE_SECONDS)
        started = time.monotonic()
        source.load()
        seconds = time.monotonic() - started
