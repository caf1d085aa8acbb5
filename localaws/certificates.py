"""Throw-away certificates, for what AWS Certificate Manager has to hold before an endpoint can be made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

VALIDITY = timedelta(days=30)


def self_signed_certificate(common_name: str) -> tuple[bytes, bytes]:
    """A new self-signed certificate and its private key, in PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A day ago, for clocks that are behind.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + VALIDITY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(common_name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    no_password = serialization.NoEncryption()
    return certificate.public_bytes(pem), key.private_bytes(pem, serialization.PrivateFormat.PKCS8, no_password)


def import_certificate(acm: Any, common_name: str) -> str:
    """Import a new self-signed certificate with boto3's ``acm`` client; its ARN."""
    certificate, key = self_signed_certificate(common_name)
    return str(acm.import_certificate(Certificate=certificate, PrivateKey=key)["CertificateArn"])
