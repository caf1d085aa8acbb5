"""Client VPN connections in EC2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .aws import EvidenceUnavailable, error_code

ACTIVE = ("active", "failed-to-terminate")
"""Status codes of connections that have not ended,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ClientVpnConnectionStatus.html"""


def status_codes(ec2: Any, endpoint_id: str, connection_ids: Sequence[str]) -> dict[str, str]:
    """Return the status codes of the connections that EC2 knows. Errors are boto3's."""
    codes: dict[str, str] = {}
    arguments: dict[str, Any] = {
        "ClientVpnEndpointId": endpoint_id,
        "Filters": [{"Name": "connection-id", "Values": list(connection_ids)}],
    }
    while True:
        try:
            # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeClientVpnConnections.html
            response = ec2.describe_client_vpn_connections(**arguments)
        except Exception as error:
            if error_code(error).startswith("InvalidClientVpnEndpointId"):
                return {}  # the endpoint is gone, and so are its connections
            raise
        for connection in response["Connections"]:
            codes[connection["ConnectionId"]] = connection["Status"]["Code"]
        if not response.get("NextToken"):
            return codes
        arguments["NextToken"] = response["NextToken"]


def terminate(ec2: Any, endpoint_id: str, connection_id: str) -> None:
    """End a connection. A connection that has ended is no error.

    Raise EvidenceUnavailable if EC2 says that the connection goes on. Other errors are boto3's.
    """
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TerminateClientVpnConnections.html
    response = ec2.terminate_client_vpn_connections(ClientVpnEndpointId=endpoint_id, ConnectionId=connection_id)
    for status in response.get("ConnectionStatuses", []):
        code = status.get("CurrentStatus", {}).get("Code")
        if code in ACTIVE:
            raise EvidenceUnavailable(f"EC2 did not end {connection_id}: its status is {code}")
