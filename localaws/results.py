"""Answers that are put together already as AWS's API has them, and are written without a search for their values."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionContext, ActionResult
from moto.core.serialize import ResponseSerializer


class ExactResult(ActionResult):
    """A result whose values are in dictionaries, under the names of the API's model.

    moto looks for each value under a dozen names that an object of Python might have for it: for a page of a thousand
    connections, or a hundred items, that takes most of a second.
    """

    def execute_result(self, context: ActionContext) -> TYPE_RESPONSE:
        """Writes the result in the protocol of the request."""
        serializer = _exact(context.serializer_class)(operation_model=context.operation_model)  # type: ignore[arg-type]
        serialized = serializer.serialize(self.result)
        return serialized["status_code"], serialized["headers"], serialized["body"]  # type: ignore[return-value]


class _ExactNames:
    def get_value(self, value: Any, key: str, shape: Any) -> Any:
        if isinstance(value, Mapping):
            return value.get(key)
        return super().get_value(value, key, shape)  # type: ignore[misc]


@cache
def _exact(serializer_class: type[ResponseSerializer]) -> type[ResponseSerializer]:
    return type(f"Exact{serializer_class.__name__}", (_ExactNames, serializer_class), {})
