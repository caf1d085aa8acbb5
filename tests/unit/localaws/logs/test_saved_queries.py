"""Saved queries of Logs Insights."""

from __future__ import annotations

from typing import Any

import pytest

from localaws import LocalAws
from tests.unit.localaws.helpers import code, refused


@pytest.fixture
def logs(aws: LocalAws) -> Any:
    return aws.client("logs")


def test_a_query_is_saved_changed_found_by_its_name_and_deleted(logs: Any) -> None:
    query_id = logs.put_query_definition(name="denials", queryString="fields @message")["queryDefinitionId"]
    other_id = logs.put_query_definition(name="errors", queryString="stats count(*)")["queryDefinitionId"]
    logs.put_query_definition(
        queryDefinitionId=query_id, name="denials", queryString="fields @timestamp", logGroupNames=["connections"]
    )
    [query] = logs.describe_query_definitions(queryDefinitionNamePrefix="den")["queryDefinitions"]
    assert query["queryDefinitionId"] == query_id
    assert query["queryString"] == "fields @timestamp"
    assert query["logGroupNames"] == ["connections"]
    logs.delete_query_definition(queryDefinitionId=query_id)
    [rest] = logs.describe_query_definitions()["queryDefinitions"]
    assert rest["queryDefinitionId"] == other_id


def test_an_unknown_query_is_neither_changed_nor_deleted(logs: Any) -> None:
    for error in (
        refused(logs.put_query_definition, queryDefinitionId="unknown", name="x", queryString="fields @message"),
        refused(logs.delete_query_definition, queryDefinitionId="unknown"),
    ):
        assert code(error) == "ResourceNotFoundException"
