"""A policy that the function's environment has no room for: an object in Amazon S3, which the environment names.

``POLICY`` then holds ``s3://BUCKET/KEY?versionId=VERSION&sha256=DIGEST``. Object versions are never changed, and the
digest is compared with that of the document, so that a version of the function decides by the one policy that it was
published with. The object is gzip of the document.
"""

from __future__ import annotations

from .policy import STORED
from .policy_document import check_digest, not_fetched, unpacked_text, unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CONNECT_SECONDS = 1
READ_SECONDS = 3
ATTEMPTS = 2
"""All attempts together end before Lambda ends an initialization, after ten seconds."""


class Reference:
    """What ``POLICY`` says of the object.

    Attributes
    ----------
    bucket, key, version_id
        Of the object.
    digest
        SHA-256 of the document, in hexadecimal.
    """

    __slots__ = ("bucket", "digest", "key", "version_id")

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


def stored_document(text: str) -> str:
    """Return the policy document that the environment variable names.

    Raises
    ------
    PolicyNotFetched
        S3 did not give it.
    PolicyError
        No object is named, or it is not the document that it is to be.
    """
    try:
        reference = Reference(text)
    except ValueError as error:
        raise unreadable(f"names no object ({text})", str(error)) from None
    try:
        packed = _fetched(reference)
    except Exception as error:  # whatever it is, the connection is denied
        what = f"could not be read: {reference}: {type(error).__name__}: {error}"
        raise not_fetched(what, "see that the function's role and network let it") from None
    document = unpacked_text(packed)
    check_digest(document, reference.digest)
    return document


def _fetched(reference: Reference) -> bytes:
    # The runtime's own: 0.2 s of a cold start, which only policies of this size cost.
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )
    client: Any = boto3.client("s3", config=config)
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    answer = client.get_object(Bucket=reference.bucket, Key=reference.key, VersionId=reference.version_id)
    content: bytes = answer["Body"].read()
    return content
