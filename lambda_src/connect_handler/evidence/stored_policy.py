"""A policy in Amazon S3: the function's environment has no room for it, and names the object.

``POLICY`` then holds ``s3://BUCKET/KEY?versionId=VERSION&sha256=DIGEST``. The object is gzip of the document. S3 never
changes an object version, https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html. The function checks
the document's digest too. So a version of the function has one policy for ever.
"""

from __future__ import annotations

from connect_handler.policy.document import check_digest, document_error, unpack_gzip
from connect_handler.policy.problems import PolicyNotFetched
from connect_handler.settings import STORED

from .aws import AwsClients

CONNECT_SECONDS = 1
READ_SECONDS = 3
ATTEMPTS = 2
"""All attempts end before Lambda ends an initialization, after ten seconds,
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""


class Reference:
    """The reference in ``POLICY`` to the object. ``digest`` is SHA-256 of the document, in hexadecimal."""

    def __init__(self, text: str) -> None:
        """Read the value of the variable; raise ValueError if modules/handler did not write it."""
        place, _, query = text.removeprefix(STORED).partition("?")
        self.bucket, _, self.key = place.partition("/")
        parameters = dict(part.partition("=")[::2] for part in query.split("&"))
        self.version_id = parameters.get("versionId", "")
        self.digest = parameters.get("sha256", "")
        if not (text.startswith(STORED) and self.bucket and self.key and self.version_id and self.digest):
            raise ValueError(f"write {STORED}BUCKET/KEY?versionId=VERSION&sha256=DIGEST")

    def __str__(self) -> str:
        return f"{STORED}{self.bucket}/{self.key}, version {self.version_id}"


def fetch_document(text: str) -> str:
    """Return the policy document of a reference.

    Raises
    ------
    PolicyNotFetched
        S3 did not give the object.
    PolicyError
        The text is no reference, or the object is another document.
    """
    try:
        reference = Reference(text)
    except ValueError as error:
        raise document_error(f"names no object ({text})", str(error)) from None
    clients = AwsClients(connect_seconds=CONNECT_SECONDS, read_seconds=READ_SECONDS, attempts=ATTEMPTS)
    try:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        response = clients.client("s3").get_object(
            Bucket=reference.bucket, Key=reference.key, VersionId=reference.version_id
        )
        packed: bytes = response["Body"].read()
    except Exception as error:  # any error denies the connection
        what = f"could not be read: {reference}: {type(error).__name__}: {error}"
        problems = document_error(what, "see that the function's role and network let it").problems
        raise PolicyNotFetched(problems) from None
    document = unpack_gzip(packed)
    check_digest(document, reference.digest)
    return document
