"""`cvpn devices`: what is read, what is written, and what is refused."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connect_handler.facts.times import rfc3339
from cvpn.devices import table as table_module
from localaws import LocalAws
from tests.unit.localaws.helpers import make_zip

from .running import Result, cvpn

OURS, THEIRS = "AWSClientVPN-corp-devices", "laptops"
NOW = 1_795_597_200.0  # 2026-11-25T09:00:00Z


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cvpn.times.now", lambda: NOW)


@pytest.fixture
def aws(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    for name, value in local_aws.environment.items():
        monkeypatch.setenv(name, value)
    dynamodb = local_aws.client("dynamodb")
    for table, key in ((OURS, "common_name"), (THEIRS, "cn")):
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        )
    yield local_aws
    for table in (OURS, THEIRS):
        dynamodb.delete_table(TableName=table)


def items(aws: LocalAws, table: str = OURS) -> dict[str, Any]:
    found = aws.client("dynamodb").scan(TableName=table)["Items"]
    return {(item.get("common_name") or item["cn"])["S"]: item for item in found}


def put(aws: LocalAws, name: str, table: str = OURS, **attributes: Any) -> None:
    aws.client("dynamodb").put_item(TableName=table, Item={"common_name": {"S": name}, **attributes})


def many(aws: LocalAws, number: int) -> None:
    for one in range(number):
        put(
            aws,
            f"laptop-{one}",
            status={"S": "compliant"},
            owner={"S": "anna"},
            updated_at={"S": "2026-11-24T09:00:00Z"},
        )


def sheet(folder: Path, text: str, name: str = "devices.csv") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def import_(*arguments: str | Path, table: str = OURS, stdin: bytes = b"") -> Result:
    return cvpn("devices", "import", "--table", table, *arguments, stdin=stdin)


CSV = """\
common_name,status,owner,platform,serial,updated_at,expires_at,attributes.department
Laptop-1,compliant,anna@example.com,macOS,C02A,2026-11-25T08:00:00Z,,sales
laptop-2,quarantined,,win,,,2026-12-01T00:00:00Z,
"""


# --- import: what is written -----------------------------------------------------------------------------------------


def test_devices_are_written_as_the_function_reads_them(aws: LocalAws, tmp_path: Path) -> None:
    result = import_(sheet(tmp_path, CSV))
    assert (result.status, result.err) == (0, "")
    assert result.out == "2 added, 0 changed, 0 removed, 0 renewed, 0 unchanged\n"
    assert items(aws) == {
        "laptop-1": {
            "common_name": {"S": "laptop-1"},
            "status": {"S": "compliant"},
            "owner": {"S": "anna@example.com"},
            "platform": {"S": "macOS"},
            "serial": {"S": "C02A"},
            "updated_at": {"S": "2026-11-25T08:00:00Z"},
            "attributes": {"M": {"department": {"S": "sales"}}},
        },
        "laptop-2": {
            "common_name": {"S": "laptop-2"},
            "status": {"S": "quarantined"},
            "platform": {"S": "win"},
            "expires_at": {"N": "1796083200"},
        },
    }
    again = import_(sheet(tmp_path, CSV))
    assert (again.status, again.out) == (0, "0 added, 0 changed, 0 removed, 0 renewed, 2 unchanged\n")


def test_a_dry_run_shows_the_differences_and_writes_nothing(aws: LocalAws, tmp_path: Path) -> None:
    many(aws, 12)
    before = items(aws)
    text = "common_name,status,updated_at\nlaptop-0,noncompliant,TODAY\nlaptop-1,compliant,TODAY\n"
    text += "laptop-99,compliant,TODAY\nlaptop-2,compliant,2026-11-24T09:00:00Z\n"
    file = sheet(tmp_path, text.replace("TODAY", "2026-11-25T08:00:00Z"))
    result = import_(file, "--dry-run")
    assert (result.status, result.err) == (2, "")
    assert result.out.splitlines() == [
        '~ laptop-0  status "compliant" -> "noncompliant", updated_at "2026-11-24T09:00:00Z" -> "2026-11-25T08:00:00Z"',
        '+ laptop-99  status "compliant", updated_at "2026-11-25T08:00:00Z"',
        "1 added, 1 changed, 0 removed, 1 renewed, 1 unchanged (dry run)",
    ]
    assert items(aws) == before
    assert import_(file, "--dry-run", "-o", "json").json["changed"] == [
        {
            "common_name": "laptop-0",
            "changes": [
                {"field": "status", "before": "compliant", "after": "noncompliant"},
                {"field": "updated_at", "before": "2026-11-24T09:00:00Z", "after": "2026-11-25T08:00:00Z"},
            ],
        }
    ]
    assert import_(file).status == 0
    assert import_(file, "--dry-run").status == 0


def test_what_the_file_has_no_column_for_stays_as_it_is(aws: LocalAws, tmp_path: Path) -> None:
    put(
        aws,
        "laptop-1",
        status={"S": "compliant"},
        owner={"S": "anna"},
        note={"S": "of nobody's business"},
        attributes={"M": {"lost": {"S": "yes"}, "site": {"S": "a"}}},
    )
    result = import_(sheet(tmp_path, "common_name,owner,attributes.site\nLAPTOP-1,,b\n"))
    assert result.status == 0
    assert items(aws)["laptop-1"] == {
        "common_name": {"S": "laptop-1"},
        "status": {"S": "compliant"},
        "note": {"S": "of nobody's business"},
        "attributes": {"M": {"lost": {"S": "yes"}, "site": {"S": "b"}}},
        "updated_at": {"S": "2026-11-25T09:00:00Z"},
    }


def test_constants_and_expiry_are_said_of_every_device(aws: LocalAws, tmp_path: Path) -> None:
    put(aws, "laptop-1", status={"S": "compliant"})
    file = sheet(tmp_path, "common_name,status\nlaptop-1,x\nlaptop-2,y\n")
    result = import_(file, "--set", "status=imported", "--set", "attributes.source=hr", "--expires-after", "48")
    assert result.status == 0
    for item in items(aws).values():
        assert item["status"] == {"S": "imported"}
        assert item["attributes"] == {"M": {"source": {"S": "hr"}}}
        assert item["expires_at"] == {"N": str(int(NOW) + 48 * 3600)}


def test_a_thousand_devices_are_written_in_batches_whose_rest_is_tried_again(
    aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = table_module.Table.__init__
    calls = []

    class Throttling:
        """Leaves half of each batch unprocessed, as DynamoDB may."""

        def __init__(self, client: Any) -> None:
            self._client = client

        def __getattr__(self, name: str) -> Any:
            return getattr(self._client, name)

        def batch_write_item(self, RequestItems: dict[str, list[Any]]) -> Any:  # noqa: N803 - boto3's name
            ((table, requests),) = RequestItems.items()
            calls.append(len(requests))
            done = (len(requests) + 1) // 2
            self._client.batch_write_item(RequestItems={table: requests[:done]})
            left = requests[done:]
            return {"UnprocessedItems": {table: left} if left else {}}

    monkeypatch.setattr(
        table_module.Table, "__init__", lambda self, settings, client: make(self, settings, Throttling(client))
    )
    monkeypatch.setattr("cvpn.devices.table.time.sleep", lambda _: None)
    lines = "".join(f"laptop-{number},compliant\n" for number in range(260))
    assert import_(sheet(tmp_path, "common_name,status\n" + lines)).status == 0
    assert len(items(aws)) == 260
    assert max(calls) == 25


# --- import: what is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("common_name,status\nlaptop-1,a\n,b\n", 'devices.csv:3: has no common name in "common_name"'),
        (
            "common_name,status\nlaptop-1,a\nother,b\nLAPTOP-1,c\n",
            'devices.csv:4: has the common name "LAPTOP-1", as {folder}/devices.csv:2 has; leave one of them, or ',
        ),
        (
            "common_name,updated_at\nx,soon\n",
            'devices.csv:2: has the date "soon" in "updated_at"; write ISO 8601, or say',
        ),
        ("common_name,updated_at\nx,2027-11-25\n", 'devices.csv:2: was updated in the future: "updated_at" is to be'),
        ("common_name,status\nx\n", "devices.csv:2: has 1 columns, and the header has 2"),
        ('common_name,status\n"a\nb",x\n"c,y\n', "devices.csv:4: is not CSV: unexpected end of data"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_written(aws: LocalAws, tmp_path: Path, text: str, message: str) -> None:
    many(aws, 1)
    before = items(aws)
    result = import_(sheet(tmp_path, text))
    assert (result.status, result.out) == (1, "")
    assert message.format(folder=tmp_path) in result.err
    assert result.err.splitlines()[-1] == (
        "cvpn: 1 line cannot be imported; nothing was written. Correct them, or say --skip-bad"
    )
    assert items(aws) == before


def test_bad_lines_are_left_out_on_request_and_then_nobody_is_removed(aws: LocalAws, tmp_path: Path) -> None:
    many(aws, 3)
    file = sheet(tmp_path, '{"common_name":"laptop-9"}\n{broken\n["x"]\n', "devices.jsonl")
    result = import_(file, "--skip-bad", "--remove-missing", "-o", "json")
    assert (result.status, result.json["written"], result.json["removed"]) == (1, 1, [])
    assert [bad["where"] for bad in result.json["bad"]] == [f"{file}:2", f"{file}:3[0]"]
    assert "as lines were left out, no device is removed" in result.err
    assert set(items(aws)) == {"laptop-0", "laptop-1", "laptop-2", "laptop-9"}


def test_of_two_lines_of_one_device_none_is_taken(aws: LocalAws, tmp_path: Path) -> None:
    file = sheet(tmp_path, "common_name,status\na,compliant\nb,compliant\nA,quarantined\n")
    assert import_(file, "--skip-bad", "-o", "json").json["written"] == 1
    assert set(items(aws)) == {"b"}


def test_of_several_lines_the_latest_counts_on_request(aws: LocalAws, tmp_path: Path) -> None:
    lines = "a,old,2026-11-01\na,new,2026-11-20\na,never,\n"
    assert import_(sheet(tmp_path, "common_name,status,updated_at\n" + lines), "--latest").status == 0
    assert items(aws)["a"]["status"] == {"S": "new"}


@pytest.mark.parametrize("text", ["", "\n", "common_name,status\n", "[]"])
def test_an_empty_file_changes_nothing(aws: LocalAws, tmp_path: Path, text: str) -> None:
    many(aws, 3)
    result = import_(sheet(tmp_path, text, "devices.txt"), "--remove-missing", "--at-most", "1000")
    assert (result.status, result.out) == (1, "")
    assert result.err.endswith("devices.txt: has no devices; nothing was changed\n")
    assert len(items(aws)) == 3


def test_devices_that_the_file_lacks_are_removed_on_request(aws: LocalAws, tmp_path: Path) -> None:
    many(aws, 20)
    file = sheet(tmp_path, "common_name\n" + "".join(f"laptop-{number}\n" for number in range(18)))
    result = import_(file, "--remove-missing", "--dry-run", "--set", "updated_at=2026-11-24T09:00:00Z")
    assert result.out.splitlines()[0].startswith('- laptop-18  status "compliant", owner "anna", updated_at')
    assert import_(file).status == 0
    assert len(items(aws)) == 20
    assert import_(file, "--remove-missing").out.startswith("0 added, 0 changed, 2 removed,")
    assert len(items(aws)) == 18


@pytest.mark.parametrize(
    ("text", "options", "number"),
    [
        ("common_name\nlaptop-0\n", ("--remove-missing",), 19),
        ("common_name,status\n" + "".join(f"laptop-{n},noncompliant\n" for n in range(3)), (), 3),
        ("common_name,owner\n" + "".join(f"laptop-{n},\n" for n in range(3)), (), 3),
        ("common_name,updated_at\n" + "".join(f"laptop-{n},2026-10-01\n" for n in range(3)), (), 3),
        ("common_name,updated_at\n" + "".join(f"laptop-{n},never\n" for n in range(3)), (), 3),
        ("common_name,expires_at\n" + "".join(f"laptop-{n},2026-11-25T08:00:00Z\n" for n in range(3)), (), 3),
    ],
)
def test_what_would_shut_many_out_is_to_be_confirmed(
    aws: LocalAws, tmp_path: Path, text: str, options: tuple[str, ...], number: int
) -> None:
    many(aws, 20)
    before = items(aws)
    file = sheet(tmp_path, text)
    dry = import_(file, *options, "--dry-run")
    assert dry.status == 2
    assert "it would be refused" in dry.err
    result = import_(file, *options)
    assert result.status == 1
    assert f"{number} of 20 devices ({number * 5}%) would be removed, or get another" in result.err
    assert result.err.rstrip().endswith(f"and 2 may: nothing was written. If that is right, say --at-most {number}")
    assert items(aws) == before
    assert import_(file, *options, "--at-most", str(number - 1)).status == 1
    assert import_(file, *options, "--at-most", str(number)).status == 0
    assert items(aws) != before


def test_two_of_twenty_may_change_without_being_confirmed(aws: LocalAws, tmp_path: Path) -> None:
    many(aws, 20)
    assert import_(sheet(tmp_path, "common_name,status\nlaptop-0,x\nlaptop-1,x\n")).status == 0


def test_devices_that_have_expired_may_all_be_removed_without_being_confirmed(aws: LocalAws, tmp_path: Path) -> None:
    many(aws, 20)
    for number in range(3):
        put(aws, f"old-{number}", status={"S": "compliant"}, expires_at={"N": "1700000000"})
    file = sheet(tmp_path, "common_name\n" + "".join(f"laptop-{number}\n" for number in range(20)))
    assert import_(file, "--remove-missing").status == 0
    assert set(items(aws)) == {f"laptop-{number}" for number in range(20)}


def test_what_has_expired_is_told_and_stays_so(aws: LocalAws, tmp_path: Path) -> None:
    put(aws, "laptop-1", expires_at={"N": "1700000000"})
    file = sheet(tmp_path, "common_name,status\nlaptop-1,compliant\n")
    result = import_(file)
    assert result.status == 0
    assert result.err == (
        "cvpn: 1 device of the file expired in the table, such as laptop-1: say --expires-after HOURS, or "
        "--set expires_at= for never\n"
    )
    assert cvpn("devices", "show", "laptop-1", "--table", OURS).status == 2
    assert import_(file, "--set", "expires_at=").err == ""
    assert cvpn("devices", "show", "laptop-1", "--table", OURS).status == 0


def test_what_others_change_meanwhile_is_not_lost(
    aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(aws, 30)
    scan = table_module.Table.scan

    def scan_then_change(self: table_module.Table) -> dict[str, Any]:
        seen = scan(self)
        put(aws, "laptop-29", status={"S": "quarantined"})
        aws.client("dynamodb").delete_item(TableName=OURS, Key={"common_name": {"S": "laptop-0"}})
        return seen

    monkeypatch.setattr(table_module.Table, "scan", scan_then_change)
    file = sheet(tmp_path, "common_name\n" + "".join(f"laptop-{number}\n" for number in range(29)))
    result = import_(file, "--remove-missing")
    assert result.status == 1
    assert result.err.splitlines() == [
        "cvpn: laptop-0: was changed meanwhile, and left as it is; run it again",
        "cvpn: laptop-29: was changed meanwhile, and left as it is; run it again",
    ]
    assert items(aws)["laptop-29"]["status"] == {"S": "quarantined"}
    assert "laptop-0" not in items(aws)


@pytest.mark.parametrize(
    "change",
    [{"status": {"S": "quarantined"}}, {"owner": {"S": "bert"}}, {"updated_at": {"S": "2026-11-25T08:59:00Z"}}],
    ids=lambda change: next(iter(change)),
)
def test_a_device_of_which_one_thing_changes_meanwhile_is_not_removed(
    aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    before: dict[str, Any] = {
        "status": {"S": "compliant"},
        "owner": {"S": "anna"},
        "updated_at": {"S": "2026-11-24T09:00:00Z"},
    }
    put(aws, "laptop-1", **before)
    scan = table_module.Table.scan

    def scan_then_change(self: table_module.Table) -> dict[str, Any]:
        seen = scan(self)
        put(aws, "laptop-1", **before | change)
        return seen

    monkeypatch.setattr(table_module.Table, "scan", scan_then_change)
    result = import_(sheet(tmp_path, "common_name\nlaptop-2\n"), "--remove-missing", "--at-most", "1")
    assert result.status == 1
    assert result.err == "cvpn: laptop-1: was changed meanwhile, and left as it is; run it again\n"
    assert items(aws)["laptop-1"].items() >= change.items()


@pytest.mark.parametrize("operation", ["UpdateItem", "DeleteItem", "BatchWriteItem"])
def test_an_import_that_is_broken_off_says_how_far_it_came_and_can_be_run_again(
    aws: LocalAws, tmp_path: Path, operation: str
) -> None:
    many(aws, 40)
    lines = "".join(f"laptop-{number},2026-11-25\n" for number in range(2, 60))
    file = sheet(tmp_path, "common_name,updated_at\n" + lines)
    with aws.disturb("dynamodb", operation, error="ResourceNotFoundException", message="not for you"):
        result = import_(file, "--remove-missing")
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith(
        f"cvpn: cannot write to the table {OURS}: ResourceNotFoundException: not for you; about "
    )
    assert result.err.endswith(" of 60 devices were written: run it again, what is done is not done twice\n")
    assert import_(file, "--remove-missing").status == 0
    assert set(items(aws)) == {f"laptop-{number}" for number in range(2, 60)}
    assert import_(file, "--remove-missing", "--dry-run").out.startswith(
        "0 added, 0 changed, 0 removed, 0 renewed, 58 "
    )


def test_throttled_writes_are_tried_again(aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    many(aws, 10)
    file = sheet(tmp_path, "common_name\n" + "".join(f"laptop-{number}\n" for number in range(10)))
    with aws.disturb("dynamodb", "UpdateItem", error="ProvisionedThroughputExceededException", times=6):
        assert import_(file).status == 0
    with aws.disturb("dynamodb", "UpdateItem", error="ProvisionedThroughputExceededException"):
        result = cvpn("devices", "set", "laptop-1", "status=x", "--table", OURS)
    assert result.err == (
        f"cvpn: cannot write to the table {OURS}: the table lacks the capacity; raise it, or run it again later "
        "(ProvisionedThroughputExceededException)\n"
    )


# --- import: columns and forms ---------------------------------------------------------------------------------------

INTUNE = (
    "Device ID,Device name,Enrollment date,Last check-in,Azure AD Device ID,OS version,Serial number,Primary user UPN,"
    "Compliance,Ownership,OS\n"
    "1,ANNA-PC,2025-01-01 00:00:00.0000000,2026-11-25 07:30:00.0000000,2,10.0.22631.1,5CG1,anna@example.com,Compliant,"
    "Corporate,Windows\n"
)
INTUNE_API = (
    "DeviceId,DeviceName,CompliantState,UPN,OS,SerialNumber,LastContact\n"
    "1,ANNA-PC,Compliant,anna@example.com,Windows,5CG1,2026-11-25 07:30:00.0000000\n"
)
JAMF = (
    "Computer Name,Serial Number,Username,Email Address,Operating System,Managed,Last Check-in\n"
    "ANNA-PC,5CG1,anna,anna@example.com,Windows,Compliant,2026-11-25 07:30:00\n"
)
KANDJI = (
    "Device Name,Serial Number,Platform,Blueprint Name,Assigned user email,Status,Last Check-In\n"
    "ANNA-PC,5CG1,Windows,Default,anna@example.com,Compliant,2026-11-25T07:30:00.045767Z\n"
)
KANDJI_API = json.dumps(
    [
        {
            "device_name": "ANNA-PC",
            "serial_number": "5CG1",
            "platform": "Windows",
            "last_check_in": "2026-11-25T07:30:00.045767Z",
            "blueprint_name": "Default",
            "mdm_enabled": "Compliant",
            "user": {"email": "anna@example.com"},
        }
    ],
    indent=2,
)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (INTUNE, "Microsoft Intune"),
        (INTUNE_API, "Microsoft Intune"),
        (JAMF, "Jamf Pro"),
        (KANDJI, "Kandji"),
        (KANDJI_API, "Kandji"),
    ],
)
def test_exports_are_known_by_their_columns(aws: LocalAws, tmp_path: Path, text: str, title: str) -> None:
    result = import_(sheet(tmp_path, text, "export"))
    assert result.status == 0
    assert f"export: taken for an export of {title}: common_name from " in result.err
    assert items(aws) == {
        "anna-pc": {
            "common_name": {"S": "anna-pc"},
            "status": {"S": "Compliant"},
            "owner": {"S": "anna@example.com"},
            "platform": {"S": "Windows"},
            "serial": {"S": "5CG1"},
            "updated_at": {"S": "2026-11-25T07:30:00Z"},
        }
    }


def test_what_an_export_lacks_is_told(aws: LocalAws, tmp_path: Path) -> None:
    file = sheet(tmp_path, "Computer Name,Serial Number,Last Check-in\nmac-1,C02X,2026-11-25 07:30:00\n")
    result = import_(file, "--set", "platform=mac")
    assert result.err.splitlines()[1] == (
        f"cvpn: {file}: has no column for status, owner, which stays as it is in the table"
    )


def test_columns_of_no_meaning_are_told(aws: LocalAws, tmp_path: Path) -> None:
    file = sheet(tmp_path, "common_name,statuss\nlaptop-1,compliant\n")
    assert import_(file).err == (
        f'cvpn: {file}: left out: "statuss"; take a column with --map attributes.NAME=COLUMN\n'
    )


def test_columns_are_mapped_over_those_of_an_export(aws: LocalAws, tmp_path: Path) -> None:
    mapped = ("--map", "common_name=serial number", "--map", "status=Ownership", "--map", "attributes.os=OS version")
    assert import_(sheet(tmp_path, INTUNE), "--from", "intune", *mapped).status == 0
    assert items(aws)["5cg1"]["status"] == {"S": "Corporate"}
    assert items(aws)["5cg1"]["attributes"] == {"M": {"os": {"S": "10.0.22631.1"}}}


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("a,b\n1,2\n", (), 'has no common_name; name the column with --map common_name=COLUMN; it has "a", "b"'),
        (
            JAMF,
            ("--from", "intune"),
            "has no column that is known to be the common name in an export of Microsoft Intune",
        ),
        (JAMF, ("--map", "status=Compliance"), 'has no column "Compliance"; it has "Computer Name", "Serial Number"'),
        ("common_name,x,x\n1,2,3\n", ("--map", "status=x"), 'has 2 columns "x"; leave one of them'),
        (CSV, ("--map", "stauts=x"), '"stauts" is nothing that a record has; did you mean status?'),
        (
            CSV,
            ("--map", "colour=x"),
            "write status, owner, platform, serial, updated_at, expires_at or attributes.NAME",
        ),
        (CSV, ("--set", "status"), "has no equals sign; write KEY=VALUE"),
        (CSV, ("--set", "expires_at=soon"), 'expires_at is "soon"; write RFC 3339'),
        (CSV, ("--timezone", "Mars"), "is no time zone; write one such as UTC or Europe/Berlin"),
    ],
)
def test_columns_that_are_none_are_refused(
    aws: LocalAws, tmp_path: Path, text: str, options: tuple[str, ...], message: str
) -> None:
    result = import_(sheet(tmp_path, text), *options)
    assert (result.status, result.out, items(aws)) == (1, "", {})
    assert message in result.err


def zipped(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("export.csv", text)
    return packed.getvalue()


@pytest.mark.parametrize(
    "packed",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace(",", ";").encode(),
        lambda text: text.replace(",", "\t").replace("\n", "\r\n").encode(),
        lambda text: gzip.compress(text.encode(), mtime=0),
        zipped,
    ],
)
def test_files_come_in_many_wrappings(aws: LocalAws, packed: Callable[[str], bytes]) -> None:
    result = import_("-", stdin=packed(CSV.replace("sales", "Bäckerei")))
    assert result.status == 0
    assert items(aws)["laptop-1"]["attributes"] == {"M": {"department": {"S": "Bäckerei"}}}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"common_name\nlaptop-\xff\n", "standard input:2: is not UTF-8 text; save it as UTF-8"),
        (b"PK\x03\x04broken", "standard input: cannot be read: File is not a zip file"),
    ],
)
def test_what_is_no_text_is_refused(aws: LocalAws, data: bytes, message: str) -> None:
    result = import_("-", stdin=data)
    assert (result.status, result.err) == (1, f"cvpn: {message}\n")


@pytest.mark.parametrize(
    ("text", "options", "seconds"),
    [
        ("2026-11-24T09:00:00+01:00", (), NOW - 25 * 3600),
        ("2026-11-24 09:00:00", ("--timezone", "Europe/Berlin"), NOW - 25 * 3600),
        ("11/24/2026 9:00:00 AM", ("--date-format", "%m/%d/%Y %I:%M:%S %p"), NOW - 24 * 3600),
        (str(int(NOW) - 60), (), NOW - 60),
        (f"{int(NOW) - 60}123", (), NOW - 60),
        ("0001-01-01 00:00:00", (), None),
        ("Never", (), None),
    ],
)
def test_dates_are_read_as_they_are_written(
    aws: LocalAws, tmp_path: Path, text: str, options: tuple[str, ...], seconds: float | None
) -> None:
    file = sheet(tmp_path, f'common_name,updated_at\na,"{text}"\n')
    assert import_(file, *options, table=OURS).status == 0
    device = cvpn("devices", "show", "a", "--table", OURS, "-o", "json").json["device"]
    wanted = {} if seconds is None else {"updated_at": rfc3339(seconds)}
    assert device == wanted


# --- tables of the user's own, and those of functions ----------------------------------------------------------------

OWN = ("--attribute-name", "common_name=cn", "--attribute-name", "status=state", "--attribute-name", "updated_at=seen")


def test_a_table_of_the_users_own_keeps_its_names_keys_and_kinds(aws: LocalAws, tmp_path: Path) -> None:
    dynamodb = aws.client("dynamodb")
    dynamodb.put_item(
        TableName=THEIRS, Item={"cn": {"S": "Laptop-1"}, "state": {"S": "ok"}, "seen": {"N": "1795500000"}}
    )
    file = sheet(tmp_path, "common_name,status,updated_at\nLaptop-1,good,2026-11-25\nLaptop-2,ok,2026-11-25\n")
    assert import_(file, "--exact", *OWN, table=THEIRS).status == 0
    assert items(aws, THEIRS) == {
        "Laptop-1": {"cn": {"S": "Laptop-1"}, "state": {"S": "good"}, "seen": {"N": "1795564800"}},
        "Laptop-2": {"cn": {"S": "Laptop-2"}, "state": {"S": "ok"}, "seen": {"N": "1795564800"}},
    }
    wrong = cvpn("devices", "export", "--table", THEIRS)
    assert wrong.err == (
        "cvpn: the items of the table laptops have no text common_name, but cn, seen, state; say which has the common "
        "name: --attribute-name common_name=NAME\n"
    )


def test_a_function_says_what_its_table_is_like(aws: LocalAws, tmp_path: Path) -> None:
    functions = aws.client("lambda")
    role = aws.client("iam").create_role(RoleName="devices", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    inventory = {"table": THEIRS, "attributes": {"common_name": "cn", "status": "state"}, "exact": True}
    for name, environment in (
        ("AWSClientVPN-corp", {"DEVICE_INVENTORY": json.dumps(inventory)}),
        ("AWSClientVPN-without", {"POLICY": "{}"}),
    ):
        functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler="app.handler",
            Code={"ZipFile": make_zip("handler = None")},
            Environment={"Variables": environment},
            Publish=True,
        )
        functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert cvpn("devices", "import", "--function", "corp", sheet(tmp_path, CSV)).status == 0
    assert items(aws, THEIRS)["Laptop-1"]["state"] == {"S": "compliant"}
    result = cvpn("devices", "show", "x", "--function", "without")
    assert result.err == (
        "cvpn: the function AWSClientVPN-without:live has no device inventory; set device_inventory and apply, or name "
        "a table with --table\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Name the table: --function NAME for that of a function, or --table NAME."),
        (
            ("--function", "a", "--table", "b"),
            "Name the table: --function NAME for that of a function, or --table NAME.",
        ),
        (("--function", "a", "--exact"), "--attribute-name and --exact go with --table"),
        (
            ("--table", "b", "--attribute-name", "state=status"),
            '"state" is nothing that an item has; write common_name',
        ),
    ],
)
def test_a_table_is_to_be_named(arguments: tuple[str, ...], message: str) -> None:
    result = cvpn("devices", "show", "x", *arguments)
    assert (result.status, result.out) == (1, "")
    assert message in result.err


def test_a_table_that_is_not_there_is_one_line(aws: LocalAws, tmp_path: Path) -> None:
    for arguments in (("show", "x"), ("export",), ("import", sheet(tmp_path, CSV)), ("remove", "x")):
        result = cvpn("devices", *arguments, "--table", "nowhere")
        assert (result.status, result.out, len(result.err.splitlines())) == (1, "", 1)
        assert "the table nowhere: ResourceNotFoundException: " in result.err


# --- export ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_what_is_exported_is_imported_as_it_was(aws: LocalAws, tmp_path: Path, name: str) -> None:
    import_(sheet(tmp_path, CSV.replace("sales", '"sa""l,es"')))
    before = items(aws)
    assert cvpn("devices", "export", tmp_path / name, "--table", OURS).status == 0
    assert cvpn("devices", "remove", "laptop-1", "laptop-2", "--table", OURS).status == 0
    assert items(aws) == {}
    assert import_(tmp_path / name).status == 0
    assert items(aws) == before


def test_export_to_standard_output(aws: LocalAws, tmp_path: Path) -> None:
    import_(sheet(tmp_path, CSV))
    assert cvpn("devices", "export", "--table", OURS).out == CSV.replace("Laptop-1", "laptop-1")
    lines = cvpn("devices", "export", "--table", OURS, "--format", "jsonl").json_lines
    assert lines[1] == {
        "common_name": "laptop-2",
        "status": "quarantined",
        "platform": "win",
        "expires_at": "2026-12-01T00:00:00Z",
    }


# --- show, set, remove -----------------------------------------------------------------------------------------------


def test_show(aws: LocalAws, tmp_path: Path) -> None:
    import_(sheet(tmp_path, CSV))
    result = cvpn("devices", "show", "LAPTOP-1", "--table", OURS)
    assert result.status == 0
    assert result.out.splitlines()[:2] == ["common_name            laptop-1", "status                 compliant"]
    assert cvpn("devices", "show", "x", "--table", OURS).out == f"x is not registered in the table {OURS}\n"
    result = cvpn("devices", "show", "x", "--table", OURS, "-o", "json")
    assert (result.status, result.json) == (2, {"common_name": "x", "registered": False, "device": None})


def test_set_changes_what_is_named_and_nothing_else(aws: LocalAws, tmp_path: Path) -> None:
    import_(sheet(tmp_path, CSV))
    before = items(aws)["laptop-1"]
    arguments = ("status=quarantined", "owner=", "attributes.lost=yes", "platform=macOS")
    dry = cvpn("devices", "set", "Laptop-1", *arguments, "--table", OURS, "--dry-run")
    assert (dry.status, items(aws)["laptop-1"]) == (2, before)
    result = cvpn("devices", "set", "Laptop-1", *arguments, "--table", OURS)
    assert (result.status, result.out) == (0, dry.out)
    assert result.out.splitlines() == [
        '~ laptop-1  status "compliant" -> "quarantined"',
        '~ laptop-1  owner "anna@example.com" -> -',
        '~ laptop-1  attributes.lost - -> "yes"',
    ]
    attributes = {"M": {"department": {"S": "sales"}, "lost": {"S": "yes"}}}
    del before["owner"]
    assert items(aws)["laptop-1"] == {**before, "status": {"S": "quarantined"}, "attributes": attributes}
    again = cvpn("devices", "set", "Laptop-1", *arguments, "--table", OURS)
    assert (again.status, again.out) == (0, "laptop-1 is as it should be\n")


def test_set_registers_a_device_only_on_request(aws: LocalAws) -> None:
    arguments = ("devices", "set", "New", "status=ok", "attributes.x=y", "--table", OURS)
    refused = cvpn(*arguments)
    assert (refused.status, items(aws)) == (1, {})
    assert refused.err.endswith("register it with --create\n")
    result = cvpn(*arguments, "--create", "-o", "json")
    assert result.json["created"] is True
    assert items(aws)["new"] == {
        "common_name": {"S": "new"},
        "status": {"S": "ok"},
        "updated_at": {"S": "2026-11-25T09:00:00Z"},
        "attributes": {"M": {"x": {"S": "y"}}},
    }


def test_an_attribute_is_set_where_there_was_none(aws: LocalAws) -> None:
    put(aws, "laptop-1", status={"S": "ok"})
    assert cvpn("devices", "set", "laptop-1", "attributes.lost=yes", "--table", OURS).status == 0
    assert items(aws)["laptop-1"]["attributes"] == {"M": {"lost": {"S": "yes"}}}
    assert cvpn("devices", "set", "laptop-1", "attributes.lost=", "--table", OURS).status == 0
    assert items(aws)["laptop-1"]["attributes"] == {"M": {}}


def test_remove_prints_what_was_known(aws: LocalAws, tmp_path: Path) -> None:
    import_(sheet(tmp_path, CSV))
    result = cvpn("devices", "remove", "LAPTOP-2", "nobody", "--table", OURS)
    assert (result.status, set(items(aws))) == (1, {"laptop-1"})
    assert result.out.startswith('- laptop-2  status "quarantined", platform "win", expires_at')
    assert result.err == f"cvpn: nobody is not registered in the table {OURS}\n"
