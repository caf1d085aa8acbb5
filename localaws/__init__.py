"""AWS on this machine: moto, the Client VPN service, and a Lambda that runs the functions it is given."""

from localaws.api import (
    ConnectionAttempt,
    LocalAws,
    LocalAwsError,
    RuleInvocation,
    add_connections,
    connect,
    disconnect,
    report_traffic,
)

__all__ = [
    "ConnectionAttempt",
    "LocalAws",
    "LocalAwsError",
    "RuleInvocation",
    "add_connections",
    "connect",
    "disconnect",
    "report_traffic",
]
