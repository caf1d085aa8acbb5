"""The policy of a function in AWS."""

from __future__ import annotations

from dataclasses import dataclass

from connect_handler.evidence.stored_policy import Reference
from connect_handler.policy.document import check_digest, unpack_gzip
from connect_handler.policy.problems import PolicyError
from connect_handler.settings import POLICY, STORED
from cvpn.aws.account import Account, aws_errors
from cvpn.aws.functions import deployed_function
from cvpn.failures import Failure


@dataclass(frozen=True)
class DeployedPolicy:
    """The policy that a function's alias serves.

    Attributes
    ----------
    name
        Of function and alias: ``AWSClientVPN-corp:live``.
    text
        What the environment variable POLICY holds, or the document that it names.
    stored
        Whether it names one.
    aliases
        Names of the function's aliases; None where they could not be listed.
    """

    name: str
    text: str
    stored: bool
    aliases: frozenset[str] | None


def deployed_policy(function: str, account: Account) -> DeployedPolicy:
    """Read the policy of a function.

    Parameters
    ----------
    function
        Name (with or without the prefix ``AWSClientVPN-``) or ARN, with ``:ALIAS`` or ``:VERSION`` behind it or not.

    Raises
    ------
    Failure
        The function cannot be read, or has no policy.
    """
    deployed = deployed_function(function, account)
    text = deployed.variables.get(POLICY)
    if not text:
        raise Failure(
            f"the function {deployed.full_name} has no environment variable {POLICY}: it is no handler of this module's"
        )
    stored = text.startswith(STORED)
    document = _stored(text, account) if stored else text
    return DeployedPolicy(deployed.full_name, document, stored, _aliases(account.client("lambda"), deployed.name))


def _stored(text: str, account: Account) -> str:
    """Return the document that is stored in a bucket."""
    try:
        reference = Reference(text)
    except ValueError as error:
        raise Failure(f"the environment variable {POLICY} names no object ({text}); {error}") from None
    client = account.client("s3")
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    with aws_errors(f"read {reference}"):
        answer = client.get_object(Bucket=reference.bucket, Key=reference.key, VersionId=reference.version_id)
        packed = answer["Body"].read()
    try:
        document = unpack_gzip(packed)
        check_digest(document, reference.digest)
    except PolicyError as error:
        raise Failure(f"{reference}: {error}") from None
    return document


def _aliases(client: object, name: str) -> frozenset[str] | None:
    """List the aliases; who may read a function need not be allowed to."""
    try:
        with aws_errors("list the aliases"):
            pages = client.get_paginator("list_aliases").paginate(FunctionName=name)  # type: ignore[attr-defined]
            return frozenset(alias["Name"] for page in pages for alias in page["Aliases"])
    except Failure:
        return None
