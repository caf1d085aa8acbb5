"""Many items of a DynamoDB table, read at once.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

BATCH = 100
"""The most items that BatchGetItem takes."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 2.0
"""How long is waited before what DynamoDB has left out is asked for again; each time twice as long."""


def batch_get(
    dynamodb: Any, table: str, key_name: str, keys: Iterable[str], *, consistent: bool = False
) -> dict[str, dict[str, Any]]:
    """Return the items of a table that have the keys, by key; DynamoDB may take several calls. Errors are boto3's.

    Parameters
    ----------
    dynamodb
        A boto3 client.
    table, key_name
        Names of the table and of its key, which is a string.
    keys
        Of the items that are wanted.
    consistent
        Whether what was written just before has to be seen.
    """
    items: dict[str, dict[str, Any]] = {}
    wanted = list(dict.fromkeys(keys))
    pause = FIRST_PAUSE_SECONDS
    while wanted:
        now, wanted = wanted[:BATCH], wanted[BATCH:]
        asked = {"Keys": [{key_name: {"S": key}} for key in now], "ConsistentRead": consistent}
        answer = dynamodb.batch_get_item(RequestItems={table: asked})
        for item in answer["Responses"].get(table, []):
            items[item[key_name]["S"]] = item
        left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        if left:
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            wanted += [key[key_name]["S"] for key in left]
    return items
