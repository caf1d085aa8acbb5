"""Certificates that expire when a test wants them to."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def saml_metadata(expires_in: timedelta) -> str:
    """Return an identity provider's metadata with a signing certificate that expires then."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.example.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + expires_in)
        .sign(key, hashes.SHA256())
    )
    text = base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
    return f"<ds:X509Certificate>{text}</ds:X509Certificate>".ljust(1000)
