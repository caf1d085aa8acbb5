"""A policy that the function's environment has no room for: an object in Amazon S3, which the environment names.

``POLICY`` then holds ``s3://BUCKET/KEY?versionId=VERSION&sha256=DIGEST``. Object versions are never changed, and the
digest is compared with that of the document, so that a version of the function decides by the one policy that it was
published with. The object is gzip of the document.
"""

from __future__ import annotations

from connect_handler.policy.document import check_digest, document_error, unpack_gzip
from connect_handler.policy.problems import PolicyNotFetched
from connect_handler.settings import STORED

from .aws import AwsClients

CONNECT_SECONDS = 1
READ_SECONDS = 3
ATTEMPTS = 2
"""All attempts together end before Lambda ends an initialization, after ten seconds."""


class Reference:
    """The reference to the object in ``POLICY``.

    Attributes
    ----------
    bucket, key, version_id
        Of the object.
    digest
        SHA-256 of the document, in hexadecimal.
    """

    def __init__(self, text: str) -> None:
        """Read the value of the environment variable.

        Raises
        ------
        ValueError
            It is not as modules/handler writes it.
        """
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
    """Return the policy document that a reference names.

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
    except Exception as error:  # whatever it is, the connection is denied
        what = f"could not be read: {reference}: {type(error).__name__}: {error}"
        problems = document_error(what, "see that the function's role and network let it").problems
        raise PolicyNotFetched(problems) from None
    document = unpack_gzip(packed)
    check_digest(document, reference.digest)
    return document
