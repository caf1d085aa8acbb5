"""The directory file that stands in for Active Directory and identity providers."""

from __future__ import annotations

from pathlib import Path

import pytest

from localaws.openvpn import Directory, InvalidDirectory, User


def load(tmp_path: Path, text: str) -> Directory:
    file = tmp_path / "directory.json"
    file.write_text(text, encoding="utf-8")
    return Directory.load(file)


def test_users_have_a_password_and_groups(tmp_path: Path) -> None:
    directory = load(tmp_path, '{"änna": {"password": "päss", "groups": ["a", "b"]}, "ben": {"password": "x"}}')
    assert directory.users == {"änna": User("päss", ("a", "b")), "ben": User("x", ())}


@pytest.mark.parametrize(
    ("name", "password", "found"),
    [("anna", "secret", True), ("anna", "Secret", False), ("anna", "", False), ("ben", "", False), ("", "", False)],
)
def test_only_the_password_of_the_user_is_accepted(name: str, password: str, found: bool) -> None:
    directory = Directory({"anna": User("secret")})
    assert (directory.authenticate(name, password) is not None) == found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "is not JSON"),
        ("[]", "write an object"),
        ('{"anna": "secret"}', "anna: write an object with a password"),
        ('{"anna": {}}', "anna: write an object with a password"),
        ('{"anna": {"password": ""}}', "anna: write an object with a password"),
        ('{"anna": {"password": 1}}', "anna: write an object with a password"),
        ('{"anna": {"password": "x", "gruops": []}}', "anna: unknown key gruops; a user has password and groups"),
        ('{"anna": {"password": "x", "groups": "a"}}', "anna: groups is 'a'; write a list"),
    ],
)
def test_a_file_that_is_not_a_directory_is_refused_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InvalidDirectory, match=problem) as refusal:
        load(tmp_path, text)
    assert "directory.json" in str(refusal.value)


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidDirectory, match=r"nowhere.json cannot be read: No such file"):
        Directory.load(tmp_path / "nowhere.json")
