"""Answers that are put together already as AWS's API has them, and are written without a search for their values."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionContext, ActionResult
from moto.core.serialize import EC2Serializer, ResponseSerializer


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


class _PlainXml:
    """XML without the events of a parser, which are what takes longest of a large answer."""

    def _serialize_body(self, body: Mapping[str, Any]) -> str:
        parts = ['<?xml version="1.0" encoding="utf-8"?>\n']
        for name, value in body.items():
            _write(parts, name, value)
        return "".join(parts)


def _write(parts: list[str], name: str, value: Any) -> None:
    # Attributes have names that begin with "@", as xmltodict has it, for which moto's serializers write.
    if isinstance(value, list):
        for item in value:
            _write(parts, name, item)
    elif isinstance(value, Mapping):
        attributes = "".join(f" {key[1:]}={quoteattr(value[key])}" for key in value if key.startswith("@"))
        parts.append(f"<{name}{attributes}>")
        for key, member in value.items():
            if not key.startswith("@"):
                _write(parts, key, member)
        parts.append(f"</{name}>")
    else:
        parts.append(f"<{name}/>" if value is None else f"<{name}>{escape(str(value))}</{name}>")


@cache
def _exact(serializer_class: type[ResponseSerializer]) -> type[ResponseSerializer]:
    mixins = (_ExactNames, _PlainXml) if issubclass(serializer_class, EC2Serializer) else (_ExactNames,)
    return type(f"Exact{serializer_class.__name__}", (*mixins, serializer_class), {})
