"""CloudWatch Logs' API where it differs from moto's.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import json
from typing import cast

from moto.logs.models import logs_backends
from moto.logs.responses import LogsResponse as MotoLogsResponse

from .models import LogsBackend


class LogsResponse(MotoLogsResponse):
    """moto's actions, and those on saved queries."""

    @property
    def _backend(self) -> LogsBackend:
        return cast(LogsBackend, logs_backends[self.current_account][self.region])

    def put_query_definition(self) -> str:
        query_id = self._backend.put_query_definition(
            self._get_param("name"),
            self._get_param("queryString"),
            self._get_param("logGroupNames") or [],
            self._get_param("queryDefinitionId"),
        )
        return json.dumps({"queryDefinitionId": query_id})

    def describe_query_definitions(self) -> str:
        prefix = self._get_param("queryDefinitionNamePrefix") or ""
        found = [one for one in self._backend.query_definitions.values() if one["name"].startswith(prefix)]
        return json.dumps({"queryDefinitions": found})

    def delete_query_definition(self) -> str:
        self._backend.delete_query_definition(self._get_param("queryDefinitionId"))
        return json.dumps({"success": True})
