"""The deploy gate: what a newly published version says of its own policy, before any connection is decided by it.

Terraform invokes the version with ``{"policy-tests": [...]}``, and moves the aliases only if the answer holds no
problem. Client VPN never sends such an event, and takes the answer for no answer: it would deny the connection.
"""

from __future__ import annotations

import time

from .policy_tests import in_words, read_cases

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .settings import Settings


RESERVE_SECONDS = 1
"""Of the invocation's time, to answer in."""

PAUSE_SECONDS = 1


def load_policy(settings: Settings, context: Any) -> None:
    """Load a policy that could not be fetched, for as long as there is time for another attempt.

    IAM can take seconds to tell S3 of a permission that the same apply has given.
    """
    took = 0.0
    while settings.policy_is_due:
        needed = PAUSE_SECONDS + 2 * took + RESERVE_SECONDS
        if context.get_remaining_time_in_millis() < 1000 * needed:
            return
        time.sleep(PAUSE_SECONDS)
        started = time.monotonic()
        settings.load_policy()
        took = time.monotonic() - started


def run(settings: Settings, cases: Any, now: float) -> dict[str, Any]:
    """Run the test cases against the policy of this execution environment.

    Parameters
    ----------
    settings
        Of this execution environment.
    cases
        The value of ``policy_tests``: any JSON value.
    now
        Time of the cases that have none of their own, in seconds since 1970-01-01 UTC.

    Returns
    -------
    dict
        ``problems``, one sentence each: why the policy, the cases or a case's result are not as they should be, empty
        if the version may go into service; how many cases ``passed`` and ``failed``; ``policy_digest`` and
        ``function_version``.
    """
    readable, case_problems = read_cases(cases)
    problems = [*settings.policy_problems, *case_problems]
    policy = settings.policy
    results = [] if policy is None else [case.result(policy, now) for case in readable]
    failed = [result for result in results if not result["passed"]]
    for result in failed:
        problems.append(f"{result['name']}: {'; '.join([in_words(one) for one in result['differences']])}")
    return {
        "problems": problems,
        "passed": len(results) - len(failed),
        "failed": len(failed),
        "policy_digest": settings.policy_digest,
        "function_version": settings.function_version,
    }
