"""Many items of a table, read at once."""

from __future__ import annotations

import time
from typing import Any

import pytest

from connect_handler.evidence.dynamodb import BATCH, FIRST_PAUSE_SECONDS, batch_get


class Throttled:
    """DynamoDB that answers for one key of each request, and has an item for all but ``none``."""

    def __init__(self) -> None:
        self.requests: list[list[str]] = []

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        ((table, asked),) = RequestItems.items()
        keys = [key["id"]["S"] for key in asked["Keys"]]
        self.requests.append(keys)
        left = {table: {"Keys": [{"id": {"S": key}} for key in keys[1:]]}} if keys[1:] else {}
        items = [{"id": {"S": key}} for key in keys[:1] if key != "none"]
        return {"Responses": {table: items}, "UnprocessedKeys": left}


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses that were made, in seconds."""
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    return made


def test_keys_that_are_left_out_are_asked_for_again_after_longer_and_longer_pauses(pauses: list[float]) -> None:
    client = Throttled()
    items = batch_get(client, "devices", "id", ["a", "none", "b", "a"])
    assert items == {"a": {"id": {"S": "a"}}, "b": {"id": {"S": "b"}}}
    assert client.requests == [["a", "none", "b"], ["none", "b"], ["b"]]
    assert pauses == [FIRST_PAUSE_SECONDS, 2 * FIRST_PAUSE_SECONDS]


def test_no_request_has_more_keys_than_dynamodb_takes(pauses: list[float]) -> None:
    client = Throttled()
    names = [f"laptop-{number}" for number in range(BATCH + 20)]
    assert batch_get(client, "devices", "id", names).keys() == set(names)
    assert max(map(len, client.requests)) == BATCH
