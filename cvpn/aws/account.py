"""AWS through boto3: clients, and its errors as one clear line each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cvpn.failures import Failure


@dataclass(frozen=True)
class Account:
    """Which account and Region to ask.

    Attributes
    ----------
    profile
        Of the shared configuration; None for boto3's own choice of credentials.
    region
        None for boto3's own choice.
    """

    profile: str | None = None
    region: str | None = None

    def client(self, service: str, **settings: Any) -> Any:
        """Return a boto3 client that tries again where AWS throttles it; ``settings`` are botocore's, over ours.

        Raises
        ------
        Failure
            There is no such profile, or no Region.
        """
        import boto3  # late: it takes a tenth of a second, and most commands never ask AWS
        from botocore.config import Config

        with aws_errors(f"use {service}"):
            session = boto3.Session(profile_name=self.profile, region_name=self.region)
            retries = {"mode": "standard", "total_max_attempts": 10}
            return session.client(service, config=Config(**{"retries": retries, **settings}))


@contextmanager
def aws_errors(what: str) -> Iterator[None]:
    """Turn what boto3 raises into a failure that says what could not be done, and what to do.

    Parameters
    ----------
    what
        What is tried, after "cannot": ``read the log group "x"``.
    """
    from botocore import exceptions

    try:
        yield
    except exceptions.ProfileNotFound as error:
        raise Failure(f"cannot {what}: {error}; name another with --profile") from None
    except exceptions.NoRegionError:
        raise Failure(f"cannot {what}: no AWS Region is set; name it with --region, or set AWS_REGION") from None
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError, exceptions.CredentialRetrievalError):
        raise Failure(f"cannot {what}: no AWS credentials were found; sign in, or name a --profile") from None
    except (exceptions.SSOError, exceptions.TokenRetrievalError) as error:
        raise Failure(f"cannot {what}: {error}; sign in again") from None
    except exceptions.ClientError as error:
        raise Failure(f"cannot {what}: {_explain(error)}") from None
    except exceptions.BotoCoreError as error:
        raise Failure(f"cannot {what}: {' '.join(str(error).split())}") from None


_ADVICE = {
    "ExpiredToken": "the AWS credentials have expired; sign in again",
    "ExpiredTokenException": "the AWS credentials have expired; sign in again",
    "InvalidClientTokenId": "AWS does not know these credentials; sign in again",
    "UnrecognizedClientException": "AWS does not know these credentials; sign in again",
    "ProvisionedThroughputExceededException": "the table lacks the capacity; raise it, or run it again later",
    "ThrottlingException": "AWS throttles these calls, ten times over; wait a minute and run it again",
    "TooManyRequestsException": "AWS throttles these calls, ten times over; wait a minute and run it again",
    "RequestLimitExceeded": "AWS throttles these calls, ten times over; wait a minute and run it again",
}


def _explain(error: Any) -> str:
    details = error.response.get("Error", {})
    code, message = details.get("Code", ""), " ".join(str(details.get("Message", "")).split())
    if code in _ADVICE:
        advice = _ADVICE[code]
        if not error.response.get("ResponseMetadata", {}).get("RetryAttempts"):
            advice = advice.replace(", ten times over", "")
        return f"{advice} ({code})"
    return f"{code}: {message}" if message else str(code)
