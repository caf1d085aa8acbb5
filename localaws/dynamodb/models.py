"""DynamoDB tables of which no reader sees half a write, and no two writers the same item.

moto looks at an item, and changes it where it lies: of many threads that do so, several find their condition fulfilled.
Here one request is served at a time, and an item is replaced, not changed.
"""

from __future__ import annotations

import copy
import threading
from collections import defaultdict
from typing import Any

from moto.dynamodb.exceptions import ItemSizeTooLarge, ResourceInUseException
from moto.dynamodb.models import DynamoDBBackend as MotoDynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.dynamo_type import Item as MotoItem
from moto.dynamodb.models.table import Table as MotoTable

#: Bytes that an item may have. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_ITEM_SIZE = 400 * 1024


class Item(MotoItem):
    """An item that is measured once; moto measures it again with each attribute."""

    def __init__(self, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]):
        super().__init__(hash_key, range_key, {})
        for name, value in attrs.items():
            dict.__setitem__(self.attrs, name, DynamoType(value))
        if self.size() > MAX_ITEM_SIZE:
            raise ItemSizeTooLarge


class Table(MotoTable):
    """A table that can be kept as it is, without its items being copied."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Table:
        # moto copies the table of a transaction, which is to be as it was if that fails. Items are never changed.
        kept = copy.copy(self)
        kept.items = defaultdict(dict)
        for key, value in self.items.items():
            kept.items[key] = dict(value) if self.has_range_key else value
        return kept

    def keep(self, hash_key: DynamoType, range_key: DynamoType | None, item: MotoItem | None) -> None:
        """Puts an item in its place; None removes what is there."""
        if item is None:
            self.items[hash_key].pop(range_key, None) if range_key else self.items.pop(hash_key, None)
        elif range_key:
            self.items[hash_key][range_key] = item
        else:
            self.items[hash_key] = item  # type: ignore[assignment]


class DynamoDBBackend(MotoDynamoDBBackend):
    """The tables of one account and Region."""

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        #: Held while a request is served, from its look at an item to its answer.
        self.lock = threading.RLock()

    def create_table(self, name: str, **arguments: Any) -> Table:  # type: ignore[override]
        if name in self.tables:
            raise ResourceInUseException(f"Table already exists: {name}")
        table = Table(name, account_id=self.account_id, region=self.region_name, **arguments)  # type: ignore[abstract]
        self.tables[name] = table
        return table

    def update_item(self, table_name: str, key: dict[str, dict[str, Any]], *positional: Any, **named: Any) -> MotoItem:
        with self.lock:
            table = self.get_table(table_name)
            if not isinstance(table, Table):
                # One that was restored from a backup.
                return super().update_item(table_name, key, *positional, **named)
            hash_key, range_key = self.get_keys_value(table, key)
            before = table.get_item(hash_key, range_key)
            if before is not None:
                table.keep(hash_key, range_key, copy.deepcopy(before))
            try:
                return super().update_item(table_name, key, *positional, **named)
            except BaseException:
                # moto may have changed the item, or put a new one, before it found what was wrong.
                table.keep(hash_key, range_key, before)
                raise

    def put_item(self, *positional: Any, **named: Any) -> MotoItem:
        with self.lock:
            return super().put_item(*positional, **named)

    def delete_item(self, *positional: Any, **named: Any) -> MotoItem | None:
        with self.lock:
            return super().delete_item(*positional, **named)

    def transact_write_items(self, transact_items: list[dict[str, Any]]) -> None:
        with self.lock:
            super().transact_write_items(transact_items)
