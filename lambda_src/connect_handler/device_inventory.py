"""The device inventory: a DynamoDB table, of modules/device_inventory or of the user's own."""

from __future__ import annotations

import json

from .devices import Device
from .outside import client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

BATCH = 100
"""The most items that BatchGetItem takes,
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""


class DeviceInventory:
    """Where devices are looked up.

    Attributes
    ----------
    table
        Name of the table.
    names
        What the table calls an attribute that it calls otherwise.
    exact
        Whether its keys are common names as certificates have them; folded, otherwise.
    """

    __slots__ = ("exact", "names", "table")

    def __init__(self, text: str) -> None:
        """Read the environment variable ``DEVICE_INVENTORY``: JSON.

        Raises
        ------
        ValueError, KeyError, TypeError
            It is not as modules/handler writes it.
        """
        value = json.loads(text)
        self.table: str = value["table"]
        self.names: dict[str, str] = dict(value.get("attributes", {}))
        self.exact: bool = value.get("exact", False)

    @property
    def key_name(self) -> str:
        """What the table calls its key."""
        return self.names.get("common_name", "common_name")

    def fetch(self, key: str) -> Device | None:
        """Look a device up; None for none. Errors are boto3's."""
        answer = client("dynamodb").get_item(TableName=self.table, Key={self.key_name: {"S": key}})
        return Device.from_item(answer["Item"], self.names) if "Item" in answer else None

    def fetch_all(self, keys: Iterable[str]) -> dict[str, Device]:
        """Look devices up by their keys; what is not in the answer is not in the inventory. Errors are boto3's."""
        items = batch_get(self.table, self.key_name, keys)
        return {key: Device.from_item(item, self.names) for key, item in items.items()}


def batch_get(table: str, key_name: str, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the items of a table that have the keys, by key; DynamoDB may take several calls. Errors are boto3's."""
    import time

    items: dict[str, dict[str, Any]] = {}
    wanted = list(dict.fromkeys(keys))
    pause = 0.05
    while wanted:
        now, wanted = wanted[:BATCH], wanted[BATCH:]
        answer = client("dynamodb").batch_get_item(
            RequestItems={table: {"Keys": [{key_name: {"S": key}} for key in now]}}
        )
        for item in answer["Responses"].get(table, []):
            items[item[key_name]["S"]] = item
        left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        if left:
            time.sleep(pause)
            pause = min(2 * pause, 2.0)
            wanted += [key[key_name]["S"] for key in left]
    return items
