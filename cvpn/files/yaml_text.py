"""YAML whose values know their lines and columns."""

from __future__ import annotations

import json
from typing import Any

import yaml

from cvpn.failures import Failure

from .source_map import SourceMap


class _Loader(yaml.SafeLoader):
    """YAML in which a time is the text that it is."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(text: str, file: str) -> SourceMap:
    """Read a YAML text that stands for a JSON value.

    Raises
    ------
    Failure
        It is not YAML, or holds more than JSON can; with line and column where the parser tells them.
    """
    try:
        root = yaml.compose(text, Loader=_Loader)
        value = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
        json.dumps(value)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
        raise Failure(f"{where}: is not YAML: {error.problem}") from None
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise Failure(f"{file}: is not YAML that holds test cases: {' '.join(str(error).split())}") from None
    source_map = SourceMap(value, file)
    if root is not None:
        _locate(root, (), source_map)
    return source_map


def _locate(node: Any, path: tuple[str | int, ...], source_map: SourceMap) -> None:
    source_map.positions.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
    if isinstance(node, yaml.SequenceNode):
        for position, member in enumerate(node.value):
            _locate(member, (*path, position), source_map)
    elif isinstance(node, yaml.MappingNode):
        for key, member in node.value:
            inner = (*path, str(key.value))
            source_map.positions[inner] = (key.start_mark.line + 1, key.start_mark.column + 1)
            _locate(member, inner, source_map)
