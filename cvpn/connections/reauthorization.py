"""The re-authorization function of a connect handler: its name, what it is told, and asking it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from connect_handler.reauthorization.config import REAUTHORIZATION, Configuration
from connect_handler.reauthorization.handler import EVENT_KEY
from cvpn.aws.account import Account, aws_errors
from cvpn.aws.functions import FUNCTION_PREFIX, function_configuration, split_qualifier
from cvpn.failures import Failure

PREFIX = "ClientVPNReauthorization-"
"""What the function's name begins with."""

LATEST = "$LATEST"

SECONDS = 960
"""How long an answer is waited for: a function runs for 15 minutes at most."""


def function_of(function: str) -> str:
    """Return the name, or ARN, of the re-authorization function.

    Parameters
    ----------
    function
        Name of the connect handler, with or without ``AWSClientVPN-``, its ARN, or the name that is returned; perhaps
        with an alias.
    """
    if function.startswith(PREFIX):
        return function.partition(":")[0]
    name, _ = split_qualifier(function)
    before, colon, last = name.rpartition(":")
    return before + colon + PREFIX + last.removeprefix(FUNCTION_PREFIX)


def configuration(function: str, account: Account) -> Configuration:
    """Read what the function is told; ``function`` as for :func:`function_of`.

    Raises
    ------
    Failure
        There is no such function, or it is another one.
    """
    name = function_of(function)
    deployed = function_configuration(name, LATEST, account)
    text = deployed.variables.get(REAUTHORIZATION)
    if not text:
        raise Failure(
            f"the function {name} has no environment variable {REAUTHORIZATION}: it is no function of "
            "modules/reauthorization's"
        )
    try:
        return Configuration(text)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Failure(
            f"the environment variable {REAUTHORIZATION} of {name} cannot be read ({text}); apply again"
        ) from None


@dataclass(frozen=True)
class Reauthorization:
    """Asks the re-authorization function.

    Attributes
    ----------
    name
        Name or ARN of the function.
    """

    name: str
    _client: Any

    @classmethod
    def of(cls, function: str, account: Account) -> Reauthorization:
        """Take the function of a connect handler; ``function`` as for :func:`function_of`."""
        # Once: a second call would be a second run. It is silent for minutes, and NAT gateways drop such connections.
        client = account.client(
            "lambda", read_timeout=SECONDS, retries={"mode": "standard", "total_max_attempts": 1}, tcp_keepalive=True
        )
        return cls(function_of(function), client)

    def run(self, **asked: Any) -> dict[str, Any]:
        """Have connections be looked at, and perhaps ended, and wait for what came of it.

        Parameters
        ----------
        asked
            See :func:`connect_handler.reauthorization.handler`; nothing for a run as the schedule has it.

        Raises
        ------
        Failure
            The function cannot be invoked, has failed, or answered something else.
        """
        # https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
        with aws_errors(f"invoke the function {self.name}"):
            answer = self._client.invoke(FunctionName=self.name, Payload=json.dumps({EVENT_KEY: asked}).encode())
            payload = answer["Payload"].read()
        try:
            result = json.loads(payload)
        except ValueError:
            result = None
        if answer.get("FunctionError"):
            raise Failure(f"the function {self.name} failed: {_error(result)}; its log says more")
        if not isinstance(result, dict) or not {"evaluated", "denied", "denials"} <= result.keys():
            text = payload[:200].decode("utf-8", "replace")
            raise Failure(f"the function {self.name} answered {text}: it is no function of modules/reauthorization's")
        return result


def _error(payload: Any) -> str:
    """Return what a function that has failed says, in one line."""
    if not isinstance(payload, dict):
        return "it did not say why"
    kind, message = payload.get("errorType"), " ".join(str(payload.get("errorMessage", "")).split())
    return f"{kind}: {message}" if kind else message or "it did not say why"
