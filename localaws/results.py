"""Answers that are put together already as AWS's API has them, and are written without a search for their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import ListShape, Shape, StructureShape
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


class _ExactEC2Serializer(EC2Serializer):
    """EC2's XML, written straight from the values: moto goes through three other forms of them first."""

    def _serialize_result(self, resp: Any, result: Any) -> Any:
        name = f"{self.operation_model.name}Response"
        output, namespace = self.operation_model.output_shape, self.operation_model.metadata["xmlNamespace"]
        parts = [f'<?xml version="1.0" encoding="utf-8"?>\n<{name} xmlns="{namespace}">']
        if output is not None:
            self._writer(output)(parts, result)
        parts.append(f"<requestId>{self.context.request_id}</requestId></{name}>")
        resp["body"] = "".join(parts)
        resp["headers"]["Content-Type"] = self.CONTENT_TYPE
        return resp

    def _writer(self, shape: Shape) -> Callable[[list[str], Any], None]:
        """What writes the values of a shape that does not contain itself, without the tag around them."""
        if isinstance(shape, StructureShape):
            members = [
                (key, self.get_serialized_name(member, key), self._writer(member))
                for key, member in shape.members.items()
            ]

            def write_structure(parts: list[str], value: Any) -> None:
                for key, tag, write in members:
                    member = value.get(key)
                    if member is not None:
                        parts.append(f"<{tag}>")
                        write(parts, member)
                        parts.append(f"</{tag}>")

            return write_structure
        if isinstance(shape, ListShape):
            tag = self.get_serialized_name(shape.member, "member")
            write = self._writer(shape.member)

            def write_list(parts: list[str], value: Any) -> None:
                for item in value:
                    parts.append(f"<{tag}>")
                    write(parts, item)
                    parts.append(f"</{tag}>")

            return write_list
        if shape.type_name == "boolean":
            return lambda parts, value: parts.append("true" if value else "false")
        return lambda parts, value: parts.append(escape(str(value)))


@cache
def _exact(serializer_class: type[ResponseSerializer]) -> type[ResponseSerializer]:
    if serializer_class is EC2Serializer:
        return _ExactEC2Serializer
    return type(f"Exact{serializer_class.__name__}", (_ExactNames, serializer_class), {})
