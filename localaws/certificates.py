"""Throw-away certificates: for AWS Certificate Manager, and for servers and clients that meet on this machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

VALIDITY = timedelta(days=30)
#: For clocks that are behind.
_HEAD_START = timedelta(days=1)


@dataclass(frozen=True)
class KeyPair:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key in PEM, not encrypted."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


class CertificateAuthority:
    """Issues certificates for TLS. It is new each time, and trusted by whoever is given its certificate."""

    def __init__(self, common_name: str = "localaws"):
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(common_name, key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        usage = _key_usage(key_cert_sign=True, crl_sign=True)
        certificate = builder.issuer_name(_name(common_name)).add_extension(usage, critical=True)
        self.pair = KeyPair(certificate.sign(key, hashes.SHA256()), key)

    def server(self, common_name: str) -> KeyPair:
        """A server's certificate."""
        return self._issue(common_name, ExtendedKeyUsageOID.SERVER_AUTH)

    def client(self, common_name: str) -> KeyPair:
        """A client's certificate."""
        return self._issue(common_name, ExtendedKeyUsageOID.CLIENT_AUTH)

    def revocation_list(self, revoked: Iterable[KeyPair] = (), validity: timedelta = VALIDITY) -> str:
        """The certificate revocation list in PEM, as ImportClientVpnClientCertificateRevocationList takes it."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.pair.certificate.subject)
            .last_update(now - _HEAD_START)
            .next_update(now + validity)
        )
        for pair in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(pair.certificate.serial_number).revocation_date(now)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.pair.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    def _issue(self, common_name: str, use: x509.ObjectIdentifier) -> KeyPair:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder(common_name, key)
            .issuer_name(self.pair.certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        )
        return KeyPair(certificate.sign(self.pair.key, hashes.SHA256()), key)


def self_signed_certificate(common_name: str) -> KeyPair:
    """A new self-signed certificate for a server."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName(common_name)])
    builder = _builder(common_name, key).issuer_name(_name(common_name)).add_extension(names, critical=False)
    return KeyPair(builder.sign(key, hashes.SHA256()), key)


def import_certificate(acm: Any, common_name: str) -> str:
    """Import a new self-signed certificate with boto3's ``acm`` client; its ARN."""
    pair = self_signed_certificate(common_name)
    answer = acm.import_certificate(Certificate=pair.certificate_pem, PrivateKey=pair.key_pem)
    return str(answer["CertificateArn"])


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])


def _builder(common_name: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _HEAD_START)
        .not_valid_after(now + VALIDITY)
    )


def _key_usage(**used: bool) -> x509.KeyUsage:
    unused = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(**{**unused, **used})
