"""Errors of localaws' own interface."""

from __future__ import annotations


class LocalAwsError(Exception):
    """Error of localaws. ``code`` is AWS's error code."""

    def __init__(self, code: str, message: str):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
