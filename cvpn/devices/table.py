"""The table of the device inventory: reads it, and writes what changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from typing import Any

from connect_handler.facts.device import TIMES, Device
from connect_handler.facts.text import fold
from connect_handler.facts.times import rfc3339
from connect_handler.settings import InventorySettings
from cvpn.aws.account import aws_errors
from cvpn.failures import Failure

from .differences import Differences, FieldChange
from .records import COMMON_NAME, PREFIX, Known, flatten

BATCH = 25
"""The most items that BatchWriteItem takes,
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html"""

WORKERS = 8
"""Calls at once."""

TRIES = 12
"""For items of a batch that DynamoDB leaves unprocessed, one after another without any progress."""

Item = dict[str, dict[str, Any]]
"""An item as DynamoDB's API has it: ``{"status": {"S": "compliant"}}``."""

_CONDITION_FAILED = "ConditionalCheckFailedException"


class Table:
    """A table of devices.

    Attributes
    ----------
    name
        Of the table.
    """

    def __init__(self, settings: InventorySettings, client: Any) -> None:
        """Take where devices are, as the function has it, and a client of DynamoDB."""
        self._settings = settings
        self._client = client
        self._kinds = {"updated_at": "S", "expires_at": "N"}
        self.name = settings.table

    def key_of(self, common_name: str) -> str:
        """Return the key of a device: its common name, folded unless the table has it as it is."""
        return common_name if self._settings.exact else fold(common_name)

    def device(self, item: Mapping[str, Any]) -> Device:
        """Return what an item says."""
        return Device.from_item(item, self._settings.names)

    # --- reading -----------------------------------------------------------------------------------------------------

    def get(self, common_name: str) -> Item | None:
        """Return the item of a device; None for none.

        Raises
        ------
        Failure
            The table cannot be read.
        """
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html
        with aws_errors(f"read the table {self.name}"):
            answer = self._client.get_item(
                TableName=self.name, Key=self._key(self.key_of(common_name)), ConsistentRead=True
            )
        item: Item | None = answer.get("Item")
        return item

    def scan(self) -> dict[str, Item]:
        """Return all items by their keys.

        Raises
        ------
        Failure
            The table cannot be read, or has another key.
        """
        items: dict[str, Item] = {}
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
        with aws_errors(f"read the table {self.name}"):
            for page in self._client.get_paginator("scan").paginate(TableName=self.name, ConsistentRead=True):
                for item in page["Items"]:
                    key = item.get(self._settings.key_name, {}).get("S")
                    if key is None:
                        raise Failure(
                            f"the items of the table {self.name} have no text {self._settings.key_name}, but "
                            f"{', '.join(sorted(item))}; say which has the common name: "
                            f"--attribute-name {COMMON_NAME}=NAME"
                        )
                    items[key] = item
        return items

    def known(self, items: Mapping[str, Item]) -> dict[str, dict[str, Known]]:
        """Return what items say, and keep in mind how they have their times."""
        for key in TIMES:
            name = self._settings.names.get(key, key)
            kind = next((kind for item in items.values() for kind in item.get(name, {})), None)
            if kind in ("N", "S"):
                self._kinds[key] = kind
        return {key: flatten(self.device(item)) for key, item in items.items()}

    # --- writing -----------------------------------------------------------------------------------------------------

    def apply(self, found: Differences, items: Mapping[str, Item], progress: Callable[[float], None]) -> list[str]:
        """Write what differs.

        New items are written in batches. Of others only what differs is written, and only if they are still there; and
        one is removed only if it is still as it was, so that what others write meanwhile is not lost.

        Parameters
        ----------
        items
            What the table had when it was compared.
        progress
            Is told how much is done, from 0 to 1.

        Returns
        -------
        list
            Keys of devices that others have changed meanwhile, so that nothing was written of them.

        Raises
        ------
        Failure
            Not all could be written; the text says how much was.
        """
        tasks: list[tuple[int, Callable[[], str | None]]] = []
        for batch in _batches(self.new_item(key, record) for key, record in found.added.items()):
            tasks.append((len(batch), self._put_task(batch)))
        for key, fields in (*found.changed.items(), *found.renewed.items()):
            tasks.append((1, self._update_task(key, items[key], fields)))
        for key in found.removed:
            tasks.append((1, self._remove_task(key, items[key])))
        conflicts, done, written = [], 0, 0
        with ThreadPoolExecutor(WORKERS) as pool:
            running = {pool.submit(task): size for size, task in tasks}
            try:
                for future in as_completed(running):
                    conflict = future.result()
                    if conflict is not None:
                        conflicts.append(conflict)
                    else:
                        written += running[future]
                    done += running[future]
                    progress(done / found.writes)
            except Failure as error:
                pool.shutdown(cancel_futures=True)
                raise Failure(
                    f"{error}; about {written:,} of {found.writes:,} devices were written: run it again, what is done "
                    "is not done twice"
                ) from None
            except BaseException:  # Ctrl-C: what has not begun is not to begin
                pool.shutdown(cancel_futures=True)
                raise
        return sorted(conflicts)

    def put_new(self, key: str, record: Mapping[str, Known | None]) -> bool:
        """Write a device that is not there yet; return False if it is."""
        arguments = {
            "Item": self.new_item(key, record),
            "ConditionExpression": "attribute_not_exists(#key)",
            "ExpressionAttributeNames": {"#key": self._settings.key_name},
        }
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
        return self._conditionally("put_item", arguments)

    def update(self, key: str, item: Item, fields: Sequence[FieldChange]) -> bool:
        """Change some of an item; return False if it is no longer there.

        Raises
        ------
        Failure
            It cannot be written.
        """
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
        return self._conditionally("update_item", {"Key": self._key(key), **self._update(item, fields)})

    def remove(self, common_name: str) -> Device | None:
        """Remove a device, and return what was known of it; None if it was not there.

        Raises
        ------
        Failure
            The table cannot be written.
        """
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html
        with aws_errors(f"write to the table {self.name}"):
            answer = self._client.delete_item(
                TableName=self.name, Key=self._key(self.key_of(common_name)), ReturnValues="ALL_OLD"
            )
        return self.device(answer["Attributes"]) if answer.get("Attributes") else None

    def new_item(self, key: str, record: Mapping[str, Known | None]) -> Item:
        """Return the item of a device that is not there yet."""
        item: Item = self._key(key)
        known = {name: value for name, value in record.items() if value is not None}
        attributes = {name[len(PREFIX) :]: {"S": str(text)} for name, text in known.items() if name.startswith(PREFIX)}
        if attributes:
            item[self._settings.names.get("attributes", "attributes")] = {"M": attributes}
        for name, value in known.items():
            if not name.startswith(PREFIX):
                item[self._settings.names.get(name, name)] = self._value(name, value, {})
        return item

    def _key(self, key: str) -> Item:
        return {self._settings.key_name: {"S": key}}

    def _value(self, name: str, value: Known, item: Item) -> dict[str, str]:
        """Return a value as the table has it: a time as it has stood there, or else as in other items."""
        if name not in TIMES:
            return {"S": str(value)}
        before = next(iter(item.get(self._settings.names.get(name, name), {})), "")
        kind = before if before in ("N", "S") else self._kinds[name]
        return {"N": str(int(value))} if kind == "N" else {"S": rfc3339(float(value))}

    def _update(self, item: Item, fields: Sequence[FieldChange]) -> dict[str, Any]:
        """Return what changes an item."""
        attributes = self._settings.names.get("attributes", "attributes")
        has_map = "M" in item.get(attributes, {})
        names = {"#key": self._settings.key_name}
        values: dict[str, Any] = {}
        sets, removes = [], []
        new: Item = {}
        for number, one in enumerate(fields):
            if one.key.startswith(PREFIX):
                name = one.key[len(PREFIX) :]
                if not has_map:
                    if one.after is not None:
                        new[name] = {"S": str(one.after)}
                    continue
                names["#attributes"] = attributes
                path = f"#attributes.#n{number}"
            else:
                name = self._settings.names.get(one.key, one.key)
                path = f"#n{number}"
            names[f"#n{number}"] = name
            if one.after is None:
                removes.append(path)
            else:
                sets.append(f"{path} = :v{number}")
                values[f":v{number}"] = self._value(one.key, one.after, item)
        if new:
            names["#attributes"] = attributes
            sets.append("#attributes = :attributes")
            values[":attributes"] = {"M": new}
        parts = [f"SET {', '.join(sets)}"] if sets else []
        parts += [f"REMOVE {', '.join(removes)}"] if removes else []
        update: dict[str, Any] = {
            "ConditionExpression": "attribute_exists(#key)",
            "UpdateExpression": " ".join(parts),
            "ExpressionAttributeNames": names,
        }
        return update | ({"ExpressionAttributeValues": values} if values else {})

    def _update_task(self, key: str, item: Item, fields: Sequence[FieldChange]) -> Callable[[], str | None]:
        return lambda: None if self.update(key, item, fields) else key

    def _remove_task(self, key: str, item: Item) -> Callable[[], str | None]:
        """Return what removes an item that has the status and the time that it had."""
        names, values, conditions = {}, {}, []
        for number, attribute in enumerate(("status", "owner", "updated_at")):
            name = self._settings.names.get(attribute, attribute)
            names[f"#n{number}"] = name
            if name in item:
                values[f":v{number}"] = item[name]
                conditions.append(f"#n{number} = :v{number}")
            else:
                conditions.append(f"attribute_not_exists(#n{number})")
        arguments: dict[str, Any] = {
            "Key": self._key(key),
            "ConditionExpression": " AND ".join(conditions),
            "ExpressionAttributeNames": names,
        }
        if values:
            arguments["ExpressionAttributeValues"] = values
        return lambda: None if self._conditionally("delete_item", arguments) else key

    def _conditionally(self, operation: str, arguments: dict[str, Any]) -> bool:
        """Write if the condition holds; return whether it did."""
        from botocore.exceptions import ClientError

        with aws_errors(f"write to the table {self.name}"):
            try:
                getattr(self._client, operation)(TableName=self.name, **arguments)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") != _CONDITION_FAILED:
                    raise
                return False
        return True

    def _put_task(self, batch: list[Item]) -> Callable[[], str | None]:
        def put() -> None:
            left = [{"PutRequest": {"Item": item}} for item in batch]
            tries, pause = 0, 0.05
            while left:
                with aws_errors(f"write to the table {self.name}"):
                    answer = self._client.batch_write_item(RequestItems={self.name: left})
                before, left = len(left), answer.get("UnprocessedItems", {}).get(self.name, [])
                if not left:
                    return
                tries = tries + 1 if len(left) == before else 0
                if tries >= TRIES:
                    raise Failure(f"cannot write to the table {self.name}: DynamoDB throttles it")
                time.sleep(pause)
                pause = min(2 * pause, 5.0)

        return put


def _batches(items: Iterable[Item]) -> Iterable[list[Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, BATCH)):
        yield batch
