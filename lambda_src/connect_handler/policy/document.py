"""The text of a policy document: plain JSON, or gzip in base64, as Terraform's ``base64gzip`` writes it."""

from __future__ import annotations

import json
import sys
from typing import Any

try:  # hashlib loads OpenSSL, which takes longer than the whole policy
    if sys.version_info >= (3, 12):
        from _sha2 import sha256
    else:
        from _sha256 import sha256
except ImportError:
    from hashlib import sha256

from .model import Policy
from .problems import PolicyError, Problems, describe
from .reader import read_document


def read_policy(text: str) -> Policy:
    """Read the text of a policy document, plain or packed.

    Raises
    ------
    PolicyError
        With every problem of the document.
    """
    text = unpack(text)
    digest = digest_of(text)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise document_error(f"is not JSON: {error}", "render it again", digest) from None
    if not isinstance(document, dict):
        raise document_error(f"is {describe(document)}", "write an object with rules", digest)
    return read_document(document, digest)


def unpack(text: str) -> str:
    """Return the policy document in an environment variable, plain or packed; raise PolicyError for any other text."""
    text = text.strip()
    if text.startswith("{"):
        return text
    if not text:
        raise document_error("is missing", "set the environment variable POLICY to a policy document")
    import binascii  # late, as zlib below: only long policies are packed

    try:
        packed = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        what = f"is neither a JSON object nor base64 of gzip of one ({error})"
        raise document_error(what, "render it again") from None
    return unpack_gzip(packed)


def unpack_gzip(packed: bytes) -> str:
    """Return the policy document in gzip; raise PolicyError for anything but gzip of a text."""
    import zlib

    try:
        unpacking = zlib.decompressobj(wbits=31)  # gzip, with its header and its checksum
        unpacked = unpacking.decompress(packed)
        if not unpacking.eof or unpacking.unused_data:
            raise document_error("is cut off, or has something behind its end", "render it again with base64gzip")
        return unpacked.decode()
    except (ValueError, zlib.error) as error:
        raise document_error(f"is no gzip of a JSON object ({error})", "render it again") from None


def digest_of(text: str) -> str:
    """Return SHA-256 of a document, in hexadecimal."""
    digest: Any = sha256(text.encode("utf-8", "surrogatepass"))
    return str(digest.hexdigest())


def check_digest(text: str, digest: str) -> None:
    """Raise PolicyError if a document has another digest than the expected one."""
    actual = digest_of(text)
    if actual != digest:
        raise document_error(f"has the digest {actual} and is to have {digest}", "apply again", actual)


def document_error(what: str, instead: str, digest: str | None = None) -> PolicyError:
    """Return the error of a document with one problem, as a whole."""
    problems = Problems(None)
    problems.add((), what, instead)
    return PolicyError(problems, digest)
