"""What a replay foretells of a change of policy is what happens once the change is applied."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import pytest

from localaws import ConnectionAttempt, LocalAws
from tests.e2e.deployment import Deployment
from tests.unit.cvpn.running import cvpn

CLIENTS: list[dict[str, Any]] = [
    {"username": f"{group}-{kind}-{number}@example.com", "groups": [group], "platform": platform, **attributes}
    for group in ("engineering", "ops-berlin", "contractors", "sales")
    for kind, (platform, attributes) in enumerate(
        (
            ("mac", {"aws_client_version": "5.3.4"}),
            ("win", {"platform_version": "10.0.22631", "aws_client_version": "5.2.0"}),
            ("win", {"platform_version": "10.0.17763"}),
            ("linux", {"public_ip": "198.51.100.7"}),
        )
    )
    for number in range(2)
]

CHANGES = [
    # Older Windows is let in again; the operators are not; contractors are from wherever they come.
    ('"< 10.0.19045"', '"< 10.0.17000"'),
    ('groups = ["engineering", "ops-*"]', 'groups = ["engineering"]'),
    (', public_ip = ["198.51.100.0/24"]', ""),
    ('">= 5.3"', '">= 5.2"'),
]


@pytest.fixture(autouse=True)
def aws_environment(local_aws: LocalAws) -> Iterator[None]:
    with mock.patch.dict(os.environ, local_aws.environment):
        yield


def connect_all(local_aws: LocalAws, minimal: Deployment) -> list[ConnectionAttempt]:
    endpoint = minimal.outputs["endpoint_id"]
    return [local_aws.connect(endpoint, **{"public_ip": "203.0.113.5", **client}) for client in CLIENTS]


def decided(attempt: ConnectionAttempt) -> tuple[bool, str | None, list[str]]:
    (line,) = [json.loads(line) for line in attempt.function_log if line.startswith("{")]
    return attempt.allowed, line["rule"], attempt.posture_compliance_statuses


def test_what_a_replay_foretells_is_what_happens(local_aws: LocalAws, minimal: Deployment) -> None:
    tfvars = minimal.folder / "terraform.tfvars"
    replay = ("replay", "--log-group", minimal.outputs["log_group_name"], "--since", "1h", "-o", "json")
    before = connect_all(local_aws, minimal)
    # The policy that is deployed, in its file and in the function, has decided all of them.
    assert cvpn(*replay, "-p", tfvars).json["same"] == len(CLIENTS)
    deployed = cvpn(*replay, "--function", minimal.outputs["function_name"]).json
    assert (deployed["same"], deployed["policy_digest"]) == (len(CLIENTS), minimal.outputs["policy_digest"])

    # An old Windows is meant to be let in.
    minimal.variables["policy_tests"] = []
    for old, new in CHANGES:
        minimal.change_file("terraform.tfvars", old, new)
    assert cvpn("validate", tfvars).status == 0
    result = cvpn(*replay, "-p", tfvars)
    assert (result.status, result.err) == (2, "")
    changed_at = datetime.now(UTC).isoformat()
    minimal.apply()
    after = connect_all(local_aws, minimal)

    foretold = {
        group["user"]: (
            (group["before"]["effect"] == "allow", group["before"]["rule"], group["before"]["posture"]),
            (group["after"]["effect"] == "allow", group["after"]["rule"], group["after"]["posture"]),
        )
        for group in result.json["groups"]
    }
    happened = {
        client["username"]: (decided(was), decided(now))
        for client, was, now in zip(CLIENTS, before, after, strict=True)
        if decided(was) != decided(now)
    }
    assert foretold == happened
    allowed = [(was.allowed, now.allowed) for was, now in zip(before, after, strict=True)]
    assert result.json["changed"]["allow->deny"] == allowed.count((True, False)) > 0
    assert result.json["changed"]["deny->allow"] == allowed.count((False, True)) > 0
    assert result.json["changed"]["rule"] + result.json["changed"]["posture"] > 0

    # What has been decided since is what the new policy says; the digest tells which one that was.
    again = cvpn(*replay[:3], "--since", changed_at, "-o", "json", "-p", tfvars).json
    assert again["same"] == again["decisions"] == len(CLIENTS)
    assert again["policy_digest"] == result.json["policy_digest"] == minimal.outputs["policy_digest"]


def test_one_connection_is_explained_by_its_id(local_aws: LocalAws, minimal: Deployment) -> None:
    attempt = local_aws.connect(minimal.outputs["endpoint_id"], username="x", groups=["sales"], platform="mac")
    line = "\n".join(attempt.function_log).encode()
    result = cvpn("explain", "--function", minimal.outputs["function_name"], "-", stdin=line)
    assert result.status == 2
    assert '- rule "staff" (allow)' in result.out
    assert 'ALLOW by "staff" if when.groups of "staff" held.' in result.out


def test_the_plan_of_a_change_is_a_policy_too(minimal: Deployment, tmp_path: Any) -> None:
    document = minimal.planned()
    (tmp_path / "plan.json").write_text(json.dumps(document))
    result = cvpn("validate", tmp_path / "plan.json", "-o", "json")
    assert (result.status, result.json["policy_digest"]) == (0, minimal.outputs["policy_digest"])
