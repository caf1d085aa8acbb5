"""What a running LocalAws can be told to do otherwise than by default, found by the account it serves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Settings:
    """Behaviour that differs between a person's machine, a test and AWS. Times are in seconds."""

    account_id: str = "123456789012"
    region: str = "eu-central-1"
    endpoint_url: str = ""
    #: How long pending states (associating, authorizing, applying, deleting, ...) last.
    transition_seconds: float = 0.2
    #: How long Client VPN waits for a client connect handler. AWS: 30, and not adjustable.
    client_connect_timeout: float = 30.0
    #: How long an ended connection stays in DescribeClientVpnConnections. AWS: 60 minutes.
    ended_connection_seconds: float = 3600.0
    #: Concurrent executions of all functions of the account and Region. AWS: 1000 by default.
    concurrent_executions: int = 1000
    #: Where Client VPN finds Lambda; None is this server itself.
    lambda_endpoint_url: str | None = None


_by_account: dict[str, Settings] = {}


def register(settings: Settings) -> None:
    """Makes the settings those of their account; an account can be served once per process."""
    if settings.account_id in _by_account:
        raise RuntimeError(
            f"A LocalAws for account {settings.account_id} is already running in this process: "
            "close it first, or give this one another account_id."
        )
    _by_account[settings.account_id] = settings


def unregister(settings: Settings) -> None:
    """Gives the account free for another LocalAws."""
    _by_account.pop(settings.account_id, None)


def settings_of(account_id: str) -> Settings:
    """The settings of the LocalAws that serves the account, or the defaults where none does."""
    return _by_account.get(account_id) or Settings(account_id=account_id)
