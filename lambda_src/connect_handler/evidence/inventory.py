"""The device inventory: a DynamoDB table, from modules/device_inventory or the user's own."""

from __future__ import annotations

from collections.abc import Iterable

from connect_handler.contract.request import Request
from connect_handler.facts.device import Device, device_key
from connect_handler.settings import InventorySettings

from .aws import AwsClients
from .dynamodb import batch_get


class DeviceInventory:
    """Looks devices up."""

    def __init__(self, settings: InventorySettings, clients: AwsClients) -> None:
        self._settings = settings
        self._clients = clients

    def key(self, request: Request) -> str:
        """Return the key of a request's device."""
        return device_key(request, self._settings.exact)

    def fetch(self, key: str) -> Device | None:
        """Return a device; None for none. Errors are boto3's."""
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html
        response = self._clients.client("dynamodb").get_item(
            TableName=self._settings.table, Key={self._settings.key_name: {"S": key}}
        )
        return Device.from_item(response["Item"], self._settings.names) if "Item" in response else None

    def fetch_all(self, keys: Iterable[str]) -> dict[str, Device]:
        """Return devices by key, without those that the inventory does not have. Errors are boto3's."""
        items = batch_get(self._clients.client("dynamodb"), self._settings.table, self._settings.key_name, keys)
        return {key: Device.from_item(item, self._settings.names) for key, item in items.items()}
