"""The device inventory: a DynamoDB table, of modules/device_inventory or of the user's own."""

from __future__ import annotations

import json

from .devices import Device
from .outside import client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


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
        from .dynamodb import batch_get  # late: no connection needs it

        items = batch_get(client("dynamodb"), self.table, self.key_name, keys)
        return {key: Device.from_item(item, self.names) for key, item in items.items()}
