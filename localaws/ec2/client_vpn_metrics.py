"""The metrics of Client VPN endpoints, in the namespace AWS/ClientVPN with the dimension Endpoint.

AWS publishes them every five minutes. Here each value is there at once, so that an alarm can be tried without waiting.

https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/monitoring-cloudwatch.html
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from cryptography import x509
from moto.iam.models import iam_backends

from localaws.cloudwatch.metrics import Metric, publish

from .connection_log import (
    AUTHENTICATION_FAILED,
    DENIED,
    INVALID_RESPONSE,
    OTHER_EXECUTION_ERROR,
    SERVICE_ERROR,
    THROTTLED,
    TIMED_OUT,
)
from .resources.connection import Traffic
from .resources.endpoint import ClientVpnEndpoint

NAMESPACE = "AWS/ClientVPN"
FAILURE_METRICS = {
    AUTHENTICATION_FAILED: "AuthenticationFailures",
    DENIED: "ClientConnectHandlerDeniedConnections",
    TIMED_OUT: "ClientConnectHandlerTimeouts",
    OTHER_EXECUTION_ERROR: "ClientConnectHandlerOtherExecutionErrors",
    THROTTLED: "ClientConnectHandlerThrottlingErrors",
    INVALID_RESPONSE: "ClientConnectHandlerInvalidResponses",
    SERVICE_ERROR: "ClientConnectHandlerFailedServiceErrors",
}
"""Metric of a failed attempt, by its connection-attempt-failure-reason."""

_X509_CERTIFICATE = re.compile(r"<(?:\w+:)?X509Certificate>([^<]+)</")


def publish_failure(endpoint: ClientVpnEndpoint, failure_reason: str) -> None:
    """Count a connection attempt that failed."""
    if failure_reason in FAILURE_METRICS:
        _publish(endpoint, [Metric(FAILURE_METRICS[failure_reason], 1)])


def publish_active_connections(endpoint: ClientVpnEndpoint) -> None:
    """Publish how many connections the endpoint has, after one has begun or ended."""
    _publish(endpoint, [Metric("ActiveConnectionsCount", endpoint.active_connections)])


def publish_traffic(endpoint: ClientVpnEndpoint, increase: Traffic) -> None:
    """Publish an increase of the traffic of an endpoint."""
    _publish(
        endpoint,
        [
            Metric("IngressBytes", increase.ingress_bytes, "Bytes"),
            Metric("EgressBytes", increase.egress_bytes, "Bytes"),
            Metric("IngressPackets", increase.ingress_packets),
            Metric("EgressPackets", increase.egress_packets),
        ],
    )


def publish_days_to_expiry(endpoint: ClientVpnEndpoint) -> None:
    """Publish the days until the certificate revocation list and the identity provider's certificate expire.

    An endpoint without one of the two gets no metric for it.
    """
    _publish(endpoint, _days_to_expiry(endpoint))


def _days_to_expiry(endpoint: ClientVpnEndpoint) -> Iterator[Metric]:
    now = datetime.now(UTC)
    if endpoint.certificate_revocation_list is not None:
        revocations = x509.load_pem_x509_crl(endpoint.certificate_revocation_list.encode())
        if revocations.next_update_utc is not None:
            yield Metric("CrlDaysToExpiry", (revocations.next_update_utc - now).days, "None")
    backend = endpoint.ec2_backend
    for provider in iam_backends[backend.account_id][backend.partition].list_saml_providers():
        if provider.arn == endpoint.saml_provider_arn:
            expiries = list(_certificate_expiries(provider.saml_metadata_document or ""))
            if expiries:
                yield Metric("IdpCertDaysToExpiry", (min(expiries) - now).days, "None")


def _certificate_expiries(metadata: str) -> Iterator[datetime]:
    for text in _X509_CERTIFICATE.findall(metadata):
        try:
            yield x509.load_der_x509_certificate(base64.b64decode(text)).not_valid_after_utc
        except ValueError:
            # IAM takes metadata without looking into its certificates.
            continue


def _publish(endpoint: ClientVpnEndpoint, metrics: Iterable[Metric]) -> None:
    backend = endpoint.ec2_backend
    with_endpoint = [Metric(one.name, one.value, one.unit, {"Endpoint": endpoint.id}) for one in metrics]
    publish(backend.account_id, backend.region_name, NAMESPACE, with_endpoint)
