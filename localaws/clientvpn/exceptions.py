"""What can be wrong with a connection attempt before Client VPN would see it."""

from __future__ import annotations


class InvalidConnectionAttempt(Exception):
    """The attempt cannot be made; ``code`` is EC2's error code for it."""

    code = "InvalidParameterValue"

    def __init__(self, message: str, code: str | None = None):
        super().__init__(message)
        self.message = message
        if code:
            self.code = code
