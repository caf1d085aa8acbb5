"""What clients authenticate with and connect by: the certificate revocation list, and the configuration file.

https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/cvpn-working-certificates.html
"""

from __future__ import annotations

from typing import Any

from cryptography import x509
from moto.acm.models import AWS_ROOT_CA, acm_backends

from localaws.ec2 import client_vpn_metrics
from localaws.ec2.exceptions import InvalidParameterValue
from localaws.ec2.resources.endpoint import CERTIFICATE, DIRECTORY, FEDERATED

from .core import ClientVpnBackendCore


class ClientConfigurationBackend(ClientVpnBackendCore):
    """Actions on the certificate revocation list and the client configuration of an endpoint."""

    def import_client_vpn_client_certificate_revocation_list(self, endpoint_id: str, text: str) -> None:
        with self.client_vpn_lock:
            endpoint = self.get_client_vpn_endpoint(endpoint_id)
            if CERTIFICATE not in endpoint.authentication_types:
                raise InvalidParameterValue(
                    f"The endpoint {endpoint_id} does not use mutual authentication: "
                    "it has no client certificates to revoke"
                )
            try:
                x509.load_pem_x509_crl(text.encode())
            except ValueError:
                raise InvalidParameterValue(
                    "The certificate revocation list is not one in PEM format: it begins with -----BEGIN X509 CRL-----"
                ) from None
            endpoint.certificate_revocation_list = text
            endpoint.revocation_list_status = self._transition("pending", "active")
            client_vpn_metrics.publish_days_to_expiry(endpoint)

    def export_client_vpn_client_certificate_revocation_list(self, endpoint_id: str) -> dict[str, Any]:
        with self.client_vpn_lock:
            endpoint = self.get_client_vpn_endpoint(endpoint_id)
            if endpoint.certificate_revocation_list is None:
                return {}
            return {
                "CertificateRevocationList": endpoint.certificate_revocation_list,
                "Status": {"Code": endpoint.revocation_list_status.code},
            }

    def export_client_vpn_client_configuration(self, endpoint_id: str) -> str:
        """Return the .ovpn file as EC2 exports it, without a client certificate."""
        with self.client_vpn_lock:
            endpoint = self.get_client_vpn_endpoint(endpoint_id)
        settings = endpoint.settings
        certificate = acm_backends[self.account_id][self.region_name].get_certificate(settings["ServerCertificateArn"])
        authority = _authority(certificate)
        lines = [
            "client",
            "dev tun",
            f"proto {settings['TransportProtocol']}",
            f"remote {endpoint.dns_name} {settings['VpnPort']}",
            "remote-random-hostname",
            "resolv-retry infinite",
            "nobind",
            "remote-cert-tls server",
            "cipher AES-256-GCM",
            "verb 3",
            "<ca>",
            authority,
            "</ca>",
            "",
        ]
        if DIRECTORY in endpoint.authentication_types:
            lines.append("auth-user-pass")
        if FEDERATED in endpoint.authentication_types:
            lines += ["auth-federate", "auth-retry interact", "auth-nocache"]
        lines += ["reneg-sec 0", ""]
        return "\n".join(lines)


def _authority(certificate: Any) -> str:
    """Return the issuer of a certificate in PEM: its chain or, if self-signed, the certificate."""
    # moto appends Amazon's root certificate to every chain, also to none.
    chain: bytes = certificate.chain.replace(AWS_ROOT_CA, b"").strip()
    return (chain or certificate.cert).decode().strip()
