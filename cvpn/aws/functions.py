"""Connect handlers in AWS: their names, and what their versions are told."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cvpn.failures import Failure

from .account import Account, aws_errors

FUNCTION_PREFIX = "AWSClientVPN-"
"""Client VPN calls only functions whose names begin so.
https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-authorization.html"""

DEFAULT_ALIAS = "live"


@dataclass(frozen=True)
class DeployedFunction:
    """What a version of a function is told.

    Attributes
    ----------
    name, qualifier
        Name of the function, or its ARN, and the alias or version.
    variables
        Its environment variables.
    """

    name: str
    qualifier: str
    variables: dict[str, str]

    @property
    def full_name(self) -> str:
        """Name and alias: ``AWSClientVPN-corp:live``."""
        return f"{self.name}:{self.qualifier}"


def deployed_function(function: str, account: Account) -> DeployedFunction:
    """Read the environment of a function.

    Parameters
    ----------
    function
        Name (with or without the prefix ``AWSClientVPN-``) or ARN, with ``:ALIAS`` or ``:VERSION`` behind it or not.

    Raises
    ------
    Failure
        It cannot be read.
    """
    name, qualifier = split_qualifier(function)
    return function_configuration(name, qualifier, account)


def function_configuration(name: str, qualifier: str, account: Account) -> DeployedFunction:
    """Read the environment of a function whose name is given in full; see :func:`deployed_function`."""
    read = DeployedFunction(name, qualifier, {})
    client = account.client("lambda")
    # https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html
    with aws_errors(f"read the function {read.full_name}"):
        configuration = client.get_function_configuration(FunctionName=name, Qualifier=qualifier)
    environment = configuration.get("Environment", {})
    if environment.get("Error"):
        message = " ".join(str(environment["Error"].get("Message", "")).split())
        raise Failure(f"cannot read the environment of the function {read.full_name}: {message}")
    return replace(read, variables=environment.get("Variables", {}))


def split_qualifier(function: str) -> tuple[str, str]:
    """Split a name or an ARN into the function's name, or ARN, and the qualifier."""
    if function.startswith("arn:"):
        parts = function.split(":")
        # arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]
        if len(parts) not in (7, 8) or parts[2] != "lambda":
            raise Failure(f"{function} is not the ARN of a function")
        return ":".join(parts[:7]), parts[7] if len(parts) == 8 else DEFAULT_ALIAS
    name, _, qualifier = function.partition(":")
    if not name.startswith(FUNCTION_PREFIX):
        name = FUNCTION_PREFIX + name
    return name, qualifier or DEFAULT_ALIAS
