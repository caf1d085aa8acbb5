"""DynamoDB under many writers at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localaws import LocalAws
from tests.unit.localaws.helpers import code, refused

TABLE = "connections"


@pytest.fixture(params=[60, pytest.param(500, marks=pytest.mark.slow)])
def writers(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def dynamodb(aws: LocalAws) -> Any:
    return aws.client("dynamodb", config=Config(retries={"total_max_attempts": 1}, max_pool_connections=50))


@pytest.fixture(autouse=True)
def table(dynamodb: Any) -> Iterator[None]:
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    yield
    dynamodb.delete_table(TableName=TABLE)


def outcomes(write: Callable[[int], Any], writers: int) -> list[Any]:
    """What becomes of writes at once: an answer, or an error's code."""

    def tried(number: int) -> Any:
        try:
            return write(number)
        except ClientError as error:
            return code(error)

    with ThreadPoolExecutor(50) as pool:
        return list(pool.map(tried, range(writers)))


def item(dynamodb: Any, name: str = "one") -> Any:
    return dynamodb.get_item(TableName=TABLE, Key={"id": {"S": name}}, ConsistentRead=True).get("Item")


def put_place(dynamodb: Any) -> None:
    dynamodb.put_item(TableName=TABLE, Item={"id": {"S": "one"}, "version": {"N": "0"}, "places": {"M": {}}})


def update(dynamodb: Any, number: int) -> Any:
    return dynamodb.update_item(
        TableName=TABLE,
        Key={"id": {"S": "one"}},
        UpdateExpression="SET version = :next, places.#id = :place",
        ConditionExpression="version = :seen",
        ExpressionAttributeNames={"#id": f"cvpn-connection-{number}"},
        ExpressionAttributeValues={
            ":seen": {"N": "0"},
            ":next": {"N": "1"},
            ":place": {"M": {"since": {"N": str(number)}}},
        },
    )


def put(dynamodb: Any, number: int) -> Any:
    return dynamodb.put_item(
        TableName=TABLE,
        Item={"id": {"S": "new"}, "by": {"N": str(number)}},
        ConditionExpression="attribute_not_exists(id)",
    )


def delete(dynamodb: Any, number: int) -> Any:
    return dynamodb.delete_item(TableName=TABLE, Key={"id": {"S": "one"}}, ConditionExpression="attribute_exists(id)")


def transact(dynamodb: Any, number: int) -> Any:
    condition = "version = :seen"
    values = {":seen": {"N": "0"}, ":next": {"N": "1"}}
    key = {"id": {"S": "one"}}
    return dynamodb.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": TABLE, "Item": {"id": {"S": f"by-{number}"}}}},
            {
                "Update": {
                    "TableName": TABLE,
                    "Key": key,
                    "UpdateExpression": "SET version = :next",
                    "ConditionExpression": condition,
                    "ExpressionAttributeValues": values,
                }
            },
        ]
    )


@pytest.mark.parametrize(
    ("write", "refusal"),
    [
        (update, "ConditionalCheckFailedException"),
        (put, "ConditionalCheckFailedException"),
        (delete, "ConditionalCheckFailedException"),
        (transact, "TransactionCanceledException"),
    ],
)
def test_of_conditional_writes_at_once_one_is_made(
    dynamodb: Any, writers: int, write: Callable[[Any, int], Any], refusal: str
) -> None:
    put_place(dynamodb)
    told = outcomes(lambda number: write(dynamodb, number), writers)
    assert told.count(refusal) == writers - 1
    # Of a transaction that was cancelled, nothing is there.
    left = 0 if write is delete else 1 if write is update else 2
    assert dynamodb.scan(TableName=TABLE, Select="COUNT")["Count"] == left


def test_no_count_is_lost_and_each_writer_is_told_its_own(dynamodb: Any, writers: int) -> None:
    told = outcomes(
        lambda _: dynamodb.update_item(
            TableName=TABLE,
            Key={"id": {"S": "one"}},
            UpdateExpression="ADD hits :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues="UPDATED_NEW",
        )["Attributes"]["hits"]["N"],
        writers,
    )
    assert sorted(map(int, told)) == list(range(1, writers + 1))


def test_an_update_that_is_refused_leaves_no_trace(dynamodb: Any) -> None:
    absent = {
        "TableName": TABLE,
        "Key": {"id": {"S": "one"}},
        "UpdateExpression": "SET version = :one, places.#id = :one",
        "ExpressionAttributeNames": {"#id": "x"},
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    assert code(refused(dynamodb.update_item, **absent)) == "ValidationException"
    assert item(dynamodb) is None
    dynamodb.put_item(TableName=TABLE, Item={"id": {"S": "one"}})
    assert code(refused(dynamodb.update_item, **absent)) == "ValidationException"
    assert item(dynamodb) == {"id": {"S": "one"}}


def test_an_update_that_goes_wrong_half_way_leaves_no_trace(dynamodb: Any) -> None:
    dynamodb.put_item(TableName=TABLE, Item={"id": {"S": "one"}})
    half = {"S": "x" * 250_000}  # an item may have 400 KB
    arguments = {
        "TableName": TABLE,
        "Key": {"id": {"S": "one"}},
        "UpdateExpression": "SET one_half = :half, other_half = :half",
        "ExpressionAttributeValues": {":half": half},
    }
    assert code(refused(dynamodb.update_item, **arguments)) == "ValidationException"
    assert item(dynamodb) == {"id": {"S": "one"}}


def test_a_transaction_that_is_cancelled_takes_an_update_back(dynamodb: Any) -> None:
    put_place(dynamodb)
    before = item(dynamodb)
    writes = [
        {
            "Update": {
                "TableName": TABLE,
                "Key": {"id": {"S": "one"}},
                "UpdateExpression": "SET version = :next",
                "ExpressionAttributeValues": {":next": {"N": "1"}},
            }
        },
        {
            "ConditionCheck": {
                "TableName": TABLE,
                "Key": {"id": {"S": "two"}},
                "ConditionExpression": "attribute_exists(id)",
            }
        },
    ]
    assert code(refused(dynamodb.transact_write_items, TransactItems=writes)) == "TransactionCanceledException"
    assert item(dynamodb) == before


def test_a_transaction_that_is_cancelled_says_why(dynamodb: Any) -> None:
    put_place(dynamodb)
    transact(dynamodb, 1)
    error = refused(transact, dynamodb, 2)
    reasons = [reason["Code"] for reason in error.response["CancellationReasons"]]
    assert reasons == ["None", "ConditionalCheckFailed"]
    assert item(dynamodb, "by-2") is None


def test_a_batch_has_no_more_writes_than_aws_takes(dynamodb: Any) -> None:
    writes = [{"PutRequest": {"Item": {"id": {"S": str(number)}}}} for number in range(26)]
    assert code(refused(dynamodb.batch_write_item, RequestItems={TABLE: writes})) == "ValidationException"
    assert dynamodb.batch_write_item(RequestItems={TABLE: writes[1:]})["UnprocessedItems"] == {}


def test_the_key_that_aws_manages_for_tables_is_nobodys_leftover() -> None:
    with LocalAws(account_id="666666666666") as aws:
        dynamodb = aws.client("dynamodb")
        dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            SSESpecification={"Enabled": True},
        )
        assert aws.leftovers() == [TABLE]
        dynamodb.delete_table(TableName=TABLE)
        assert aws.leftovers() == []


def test_items_are_added_without_a_request_for_each_few(aws: LocalAws, dynamodb: Any) -> None:
    aws.add_items(TABLE, ({"id": {"S": f"item-{number}"}, "n": {"N": str(number)}} for number in range(1_000)))
    assert item(dynamodb, "item-999") == {"id": {"S": "item-999"}, "n": {"N": "999"}}
    assert dynamodb.describe_table(TableName=TABLE)["Table"]["ItemCount"] == 1_000
