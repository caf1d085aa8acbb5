"""The configuration of re-authorization."""

from __future__ import annotations

import json

REAUTHORIZATION = "REAUTHORIZATION"
"""Environment variable: :class:`Configuration` as JSON."""


class Configuration:
    """The configuration, from modules/reauthorization.

    Attributes
    ----------
    function
        Name of the connect handler.
    endpoints
        Aliases of the connect handler, by the id of the endpoint that invokes them.
    brake_share, brake_floor
        A run that denies more connections than this share of them, and more than this number, ends none.
    per_second
        The most connections to end in a second. EC2 throttles these calls for the whole account,
        https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html.
    """

    def __init__(self, text: str) -> None:
        """Read the variable; raise KeyError, TypeError or ValueError if modules/reauthorization did not write it."""
        value = json.loads(text)
        self.function: str = value["function"]
        self.endpoints: dict[str, str] = dict(value["endpoints"])
        self.brake_share = float(value["brake_share"])
        self.brake_floor = int(value["brake_floor"])
        self.per_second = float(value["terminations_per_second"])
