"""The Python interface of localaws: start it, talk to it, connect a client to an endpoint of it."""

from .client_vpn import ConnectionAttempt, add_connections, connect, disconnect, report_traffic
from .environment import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from .errors import LocalAwsError
from .local_aws import LocalAws, RuleInvocation

__all__ = [
    "ACCESS_KEY_ID",
    "SECRET_ACCESS_KEY",
    "ConnectionAttempt",
    "LocalAws",
    "LocalAwsError",
    "RuleInvocation",
    "add_connections",
    "connect",
    "disconnect",
    "report_traffic",
]
