"""How much concurrency the function needs for the mornings on which everybody connects.

Connections that come by chance at a rate, each holding an environment for a time, hold as many at once as a Poisson
distribution with the mean rate x time says (Little's law gives the mean).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

ENOUGH = 0.9999
"""Share of the moments in which an environment has to be free."""

REQUESTS_PER_SECOND = 10
"""Invocations a second that Lambda takes per concurrent execution, however short they are.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html#calculating-concurrency"""

ACCOUNT_CONCURRENCY = 1000
"""What an account has in a Region, unless it has asked for more; new accounts may have less.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

UNRESERVED = 100
"""What Lambda keeps for functions without a reservation."""


@dataclass(frozen=True)
class Demand:
    """What is asked of the function.

    Attributes
    ----------
    users
        Who connect in the window.
    window
        Seconds.
    peak
        How many times the average rate the busiest moments have.
    latency, cold_start
        Seconds that an invocation takes in an environment that is initialized, and in one that is not.
    """

    users: int
    window: float
    peak: float
    latency: float
    cold_start: float

    @property
    def rate(self) -> float:
        """Connections a second in the busiest moments."""
        return self.peak * self.users / self.window

    @property
    def provisioned(self) -> int:
        """Environments to provision, so that nobody meets a cold start."""
        return max(1, at_once(self.rate * self.latency), math.ceil(self.rate / REQUESTS_PER_SECOND))

    @property
    def cold(self) -> int:
        """Environments that run at once where none is provisioned, and all connections meet cold starts at first."""
        return max(1, at_once(self.rate * (self.latency + self.cold_start)))

    @property
    def reserved(self) -> int:
        """Concurrency to reserve: for two versions that are provisioned at once, or for cold starts."""
        return max(2 * self.provisioned, self.cold)

    @property
    def fits_account(self) -> bool:
        """Whether an account with the default quota can reserve that."""
        return self.reserved <= ACCOUNT_CONCURRENCY - UNRESERVED


def at_once(mean: float) -> int:
    """Return how many are enough in nearly all moments, where there are ``mean`` on average.

    The quantile of the Poisson distribution; of a large mean the one of the normal distribution that it comes close to.
    """
    if mean > 500:
        return math.ceil(mean + 3.72 * math.sqrt(mean))
    number, probability = 0, math.exp(-mean)
    total = probability
    while total < ENOUGH:
        number += 1
        probability *= mean / number
        total += probability
    return number
