"""Many items of a DynamoDB table, read at once.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

BATCH = 100
"""The most items that BatchGetItem takes."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 2.0
"""First and longest pause, in seconds, before retrying unprocessed keys. Doubles each time."""


def batch_get(
    dynamodb: Any, table: str, key_name: str, keys: Iterable[str], *, consistent: bool = False
) -> dict[str, dict[str, Any]]:
    """Return the items of a table by key, without missing ones. Errors are boto3's.

    ``key_name`` is the name of the table's key, a string. ``consistent`` also returns the latest writes.
    """
    items: dict[str, dict[str, Any]] = {}
    remaining = list(dict.fromkeys(keys))
    pause = FIRST_PAUSE_SECONDS
    while remaining:
        batch, remaining = remaining[:BATCH], remaining[BATCH:]
        query = {"Keys": [{key_name: {"S": key}} for key in batch], "ConsistentRead": consistent}
        response = dynamodb.batch_get_item(RequestItems={table: query})
        for item in response["Responses"].get(table, []):
            items[item[key_name]["S"]] = item
        unprocessed = response.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        if unprocessed:
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            remaining += [key[key_name]["S"] for key in unprocessed]
    return items
