"""The text of a policy where it is not simply there: packed, stored, or no document at all.

It is apart from :mod:`~connect_handler.policy`, which every cold start loads: few functions need any of it.
"""

from __future__ import annotations

from .errors import PolicyError, PolicyNotFetched
from .policy import sha256_of
from .problems import Problems


def document_text(text: str) -> str:
    """Return the policy document that an environment variable holds, as it is or packed.

    It is packed as gzip in base64, as Terraform's ``base64gzip`` does.

    Raises
    ------
    PolicyError
        It holds neither.
    """
    text = text.strip()
    if text.startswith("{"):
        return text
    if not text:
        raise unreadable("is missing", "set the environment variable POLICY to a policy document")
    import binascii

    try:
        packed = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise unreadable(f"is neither a JSON object nor base64 of gzip of one ({error})", "render it again") from None
    return unpacked_text(packed)


def unpacked_text(packed: bytes) -> str:
    """Return the policy document that was packed with gzip.

    Raises
    ------
    PolicyError
        It was not.
    """
    import zlib

    try:
        unpacking = zlib.decompressobj(wbits=31)  # gzip, with its header and its checksum
        unpacked = unpacking.decompress(packed)
        if not unpacking.eof or unpacking.unused_data:
            raise unreadable("is cut off, or has something behind its end", "render it again with base64gzip")
        return unpacked.decode()
    except (ValueError, zlib.error) as error:
        raise unreadable(f"is no gzip of a JSON object ({error})", "render it again") from None


def check_digest(text: str, digest: str) -> None:
    """Compare a document with the digest that it is to have.

    Raises
    ------
    PolicyError
        It has another.
    """
    found_digest = sha256_of(text)
    if found_digest != digest:
        raise unreadable(f"has the digest {found_digest} and is to have {digest}", "apply again", found_digest)


def unreadable(what: str, instead: str, digest: str | None = None) -> PolicyError:
    """Return the error of a document that there is nothing more to say about than what is wrong with it as a whole."""
    return PolicyError(_one_problem(what, instead), digest)


def not_fetched(what: str, instead: str) -> PolicyNotFetched:
    """Return the error of a document that could not be had this time."""
    return PolicyNotFetched(_one_problem(what, instead))


def _one_problem(what: str, instead: str) -> Problems:
    problems = Problems(None)
    problems.add((), what, instead)
    return problems
