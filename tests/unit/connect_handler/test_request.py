"""Reading the request: every form in which its fields have been seen, and none in which they have not."""

from __future__ import annotations

from typing import Any

import pytest

from connect_handler.contract.request import InvalidRequest, Request

LEAST = {"connection-id": "cvpn-connection-0a1b2c3d4e5f67890", "endpoint-id": "cvpn-endpoint-0123456789abcdef0"}


@pytest.mark.parametrize(
    ("groups", "read"),
    [
        (["engineering", "vpn users"], ("engineering", "vpn users")),
        ([], ()),
        ("engineering", ("engineering",)),
        ("vpn users, all", ("vpn users, all",)),
        ('["engineering", "vpn users"]', ("engineering", "vpn users")),
        ("[]", ()),
        ("", ()),
        (None, ()),
    ],
)
def test_groups_are_read_as_list_string_json_text_and_null(groups: Any, read: tuple[str, ...]) -> None:
    assert Request(LEAST | {"groups": groups}).groups == read


@pytest.mark.parametrize("groups", [7, True, {"a": 1}, [7], [None], [["a"]], "[engineering]", "[1]", "[" * 100_000])
def test_groups_in_any_other_form_are_refused(groups: Any) -> None:
    with pytest.raises(InvalidRequest, match="groups"):
        Request(LEAST | {"groups": groups})


def test_what_the_request_lacks_is_none_and_what_is_null_is_empty() -> None:
    lacking = Request(LEAST)
    assert (lacking.username, lacking.groups, lacking.aws_client_version, lacking.public_ip) == (None, None, None, None)
    empty = Request(LEAST | {"username": None, "groups": None, "aws-client-version": None, "public-ip": None})
    assert (empty.username, empty.groups, empty.aws_client_version, empty.public_ip) == ("", (), "", "")


@pytest.mark.parametrize("field", ["common-name", "username", "platform", "platform-version", "public-ip"])
@pytest.mark.parametrize("value", [7, True, ["a"], {}, 1.5])
def test_a_field_of_another_type_is_refused(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequest, match=f"{field} is of type {type(value).__name__}, not a string"):
        Request(LEAST | {field: value})


@pytest.mark.parametrize("field", ["connection-id", "endpoint-id"])
@pytest.mark.parametrize("value", ["", None, 0, 7, ["cvpn"]])
def test_a_request_that_does_not_name_its_connection_is_refused(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequest, match=field):
        Request(LEAST | {field: value})
    with pytest.raises(InvalidRequest, match=f"{field} is missing or empty"):
        Request({key: text for key, text in LEAST.items() if key != field})


@pytest.mark.parametrize("event", [None, [], "v3", 7, True, [LEAST]])
def test_an_event_that_is_no_object_is_refused(event: Any) -> None:
    with pytest.raises(InvalidRequest, match="not an object"):
        Request(event)


def test_fields_of_a_later_schema_version_are_ignored() -> None:
    request = Request(LEAST | {"schema-version": "v9", "device-serial": {"of": "tomorrow"}, "username": "anna"})
    assert (request.schema_version, request.username) == ("v9", "anna")
