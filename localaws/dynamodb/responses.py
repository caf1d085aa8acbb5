"""DynamoDB's API where it differs from moto's.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from typing import cast

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult
from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.responses import DynamoHandler as MotoDynamoHandler
from moto.dynamodb.responses import DynamoResult

from localaws.results import ExactResult

from .models import DynamoDBBackend

#: Put and delete requests of one BatchWriteItem.
MAX_BATCH_WRITES = 25


class DynamoHandler(MotoDynamoHandler):
    """moto's actions, one at a time."""

    @property
    def dynamodb_backend(self) -> DynamoDBBackend:
        return cast(DynamoDBBackend, dynamodb_backends[self.current_account][self.region])

    def call_action(self) -> TYPE_RESPONSE:
        # What an answer tells of an item, such as ReturnValues, is read before and after the write.
        with self.dynamodb_backend.lock:
            return cast(TYPE_RESPONSE, super().call_action())

    def serialized(self, action_result: ActionResult) -> TYPE_RESPONSE:
        # Items are nested deep, and moto has put them into the API's form already.
        if isinstance(action_result, DynamoResult):
            action_result = ExactResult(action_result.result)
        return super().serialized(action_result)

    def batch_write_item(self) -> ActionResult:
        number = sum(len(requests) for requests in self.body["RequestItems"].values())
        if number > MAX_BATCH_WRITES:
            raise MockValidationException("Too many items requested for the BatchWriteItem call")
        return super().batch_write_item()
