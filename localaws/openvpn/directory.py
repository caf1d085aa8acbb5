"""Who may sign in, and with which groups: what Active Directory or an identity provider knows."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class InvalidDirectory(Exception):
    """The file is not a directory; the message says where and what to write instead."""


@dataclass(frozen=True)
class User:
    """A user's password, and the groups that the client connect handler is told."""

    password: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Directory:
    """The users by name.

    In a file it is JSON: ``{"anna@example.com": {"password": "...", "groups": ["engineering"]}}``.
    """

    users: dict[str, User]

    @classmethod
    def load(cls, path: Path) -> Directory:
        """Reads a file; raises InvalidDirectory."""
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InvalidDirectory(f"{path} cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise InvalidDirectory(f"{path} is not JSON: {error}") from None
        if not isinstance(document, dict):
            raise InvalidDirectory(f'{path}: write an object, such as {{"anna": {{"password": "..."}}}}')
        return cls({name: _user(f"{path}: {name}", entry) for name, entry in document.items()})

    def authenticate(self, username: str, password: str) -> User | None:
        """The user, if the password is the user's; otherwise None."""
        user = self.users.get(username)
        # Compared in any case, so that an answer takes as long for a user who does not exist.
        matches = hmac.compare_digest((user.password if user else "").encode(), password.encode())
        return user if user and matches else None


def _user(where: str, entry: Any) -> User:
    if not isinstance(entry, dict) or not isinstance(entry.get("password"), str) or not entry["password"]:
        raise InvalidDirectory(f'{where}: write an object with a password, such as {{"password": "..."}}')
    unknown = sorted(set(entry) - {"password", "groups"})
    if unknown:
        raise InvalidDirectory(f"{where}: unknown key {', '.join(unknown)}; a user has password and groups")
    groups = entry.get("groups", [])
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        raise InvalidDirectory(f"{where}: groups is {groups!r}; write a list of names")
    return User(entry["password"], tuple(groups))
