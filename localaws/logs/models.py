"""CloudWatch Logs with saved queries."""

from __future__ import annotations

import uuid
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.utils import unix_time_millis
from moto.logs.models import LogsBackend as MotoLogsBackend


class LogsBackend(MotoLogsBackend):
    """The log groups and saved queries of one account and Region."""

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        #: By id, as DescribeQueryDefinitions answers them.
        self.query_definitions: dict[str, dict[str, Any]] = {}

    def put_query_definition(self, name: str, query: str, log_group_names: list[str], query_id: str | None) -> str:
        """Saves a query, or changes one, and returns its id."""
        if query_id is not None and query_id not in self.query_definitions:
            raise _not_found()
        query_id = query_id or str(uuid.uuid4())
        self.query_definitions[query_id] = {
            "queryDefinitionId": query_id,
            "name": name,
            "queryString": query,
            "logGroupNames": log_group_names,
            "lastModified": int(unix_time_millis()),
            "queryLanguage": "CWLI",
        }
        return query_id

    def delete_query_definition(self, query_id: str) -> None:
        if self.query_definitions.pop(query_id, None) is None:
            raise _not_found()


def _not_found() -> JsonRESTError:
    error = JsonRESTError("ResourceNotFoundException", "The specified query definition does not exist.")
    error.code = 400
    return error
