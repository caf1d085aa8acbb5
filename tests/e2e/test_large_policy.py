"""A policy that the function's environment has no room for is read from a bucket, each version its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cvpn.aws import Account
from cvpn.policy_size import size_of
from cvpn.sources.policy import policy_from_files, policy_from_function
from localaws import LocalAws
from tests.e2e.deployment import Deployment, TerraformFailed

FUNCTION = "AWSClientVPN-corp"
BUCKET = {"name": "policies-of-corp", "key_prefix": "client-vpn/"}
KEY = f"client-vpn/{FUNCTION}/policy.json.gz"


def policy(allowed: str) -> dict[str, Any]:
    """Return a policy of 1,001 rules: about 8 KB, compressed."""
    rules = [
        {"name": f"user-{number}", "effect": "deny", "when": {"common_name": [f"user{number * 7919}@example.com"]}}
        for number in range(1000)
    ]
    tests = [{"name": "staff", "request": {"common-name": allowed}, "expect": {"effect": "allow"}}]
    return {
        "rules": [*rules, {"name": "staff", "effect": "allow", "when": {"common_name": [allowed]}}],
        "policy_tests": tests,
    }


@pytest.fixture(scope="module")
def project(
    deploy: Callable[..., Deployment], server_certificate_arn: str, client_certificate_arn: str, local_aws: LocalAws
) -> Deployment:
    s3 = local_aws.client("s3")
    s3.create_bucket(
        Bucket=BUCKET["name"], CreateBucketConfiguration={"LocationConstraint": local_aws.client("s3").meta.region_name}
    )
    deployment = deploy(".")
    endpoint = {
        "server_certificate_arn": server_certificate_arn,
        "client_cidr_block": "10.255.0.0/22",
        "authentication": {"mutual": {"root_certificate_chain_arn": client_certificate_arn}},
    }
    deployment.variables = {"name": "corp", "endpoints": {"staff": endpoint}}
    return deployment


def connects(project: Deployment, local_aws: LocalAws, name: str) -> bool:
    return local_aws.connect(project.outputs["endpoint_ids"]["staff"], common_name=name).allowed


def variables_of(local_aws: LocalAws, qualifier: str = "live") -> dict[str, str]:
    configuration = local_aws.client("lambda").get_function_configuration(FunctionName=FUNCTION, Qualifier=qualifier)
    return dict(configuration["Environment"]["Variables"])


def test_without_a_bucket_the_plan_says_what_to_name(project: Deployment) -> None:
    with pytest.raises(TerraformFailed, match="Name a bucket that has versioning in policy_bucket"):
        project.plan(**policy("anna"))


def test_a_bucket_without_versioning_is_refused_before_the_function_is_made(
    project: Deployment, local_aws: LocalAws
) -> None:
    with pytest.raises(TerraformFailed, match="has no versioning"):
        project.apply(**policy("anna"), policy_bucket=BUCKET)
    assert FUNCTION not in [one["FunctionName"] for one in local_aws.client("lambda").list_functions()["Functions"]]
    local_aws.client("s3").put_bucket_versioning(Bucket=BUCKET["name"], VersioningConfiguration={"Status": "Enabled"})


def test_each_version_decides_by_its_own_policy(project: Deployment, local_aws: LocalAws) -> None:
    project.forget("module.handler.aws_s3_object.policy[0]")
    project.apply(**policy("anna"), policy_bucket=BUCKET)
    assert project.is_stable(**policy("anna"), policy_bucket=BUCKET)
    assert variables_of(local_aws)["POLICY"].startswith(f"s3://{BUCKET['name']}/{KEY}?versionId=")
    assert variables_of(local_aws)["POLICY"].endswith(f"&sha256={project.outputs['policy_digest']}")
    assert connects(project, local_aws, "anna")
    assert not connects(project, local_aws, "bela")
    assert not connects(project, local_aws, "user7919@example.com")
    log = local_aws.log_messages(f"/aws/lambda/{FUNCTION}")
    digests = {json.loads(line)["policy_digest"] for line in log if line.startswith("{")}
    assert digests == {project.outputs["policy_digest"]}

    project.apply(**policy("bela"), policy_bucket=BUCKET)
    assert (connects(project, local_aws, "anna"), connects(project, local_aws, "bela")) == (False, True)
    rollback = {"staff": {"version": "1"}}
    project.apply(**policy("bela"), policy_bucket=BUCKET, alias_versions=rollback)
    assert (connects(project, local_aws, "anna"), connects(project, local_aws, "bela")) == (True, False)
    project.apply(**policy("bela"), policy_bucket=BUCKET)


def test_the_role_may_read_that_one_object_and_nothing_else(project: Deployment, local_aws: LocalAws) -> None:
    role = local_aws.client("lambda").get_function_configuration(FunctionName=FUNCTION)["Role"].rpartition("/")[2]
    iam = local_aws.client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policies = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
    statements = [statement for policy in policies for statement in policy["Statement"]]
    assert {
        "Sid": "ReadPolicy",
        "Effect": "Allow",
        "Action": ["s3:GetObjectVersion"],
        "Resource": f"arn:aws:s3:::{BUCKET['name']}/{KEY}",
    } in statements
    assert [statement["Sid"] for statement in statements] == ["WriteLog", "ReadPolicy"]


def moments(log: list[str], *texts: str) -> list[int]:
    """Return the lines of an apply's log that have the texts, which each line has once."""
    found = [[number for number, line in enumerate(log) if text in line] for text in texts]
    assert [len(numbers) for numbers in found] == [1] * len(texts), log
    return [numbers[0] for numbers in found]


STAFF = 'aws_lambda_alias.this["staff"]: Modifications complete'
STORED = ("aws_s3_object.policy[0]", "aws_iam_role_policy.stored_policy[0]")


def test_the_version_that_serves_keeps_its_policy_until_the_aliases_have_moved(
    project: Deployment, local_aws: LocalAws
) -> None:
    elsewhere = {**BUCKET, "key_prefix": "elsewhere/"}
    log = project.apply(**policy("anna"), policy_bucket=elsewhere)
    moved, *gone = moments(log, STAFF, *(f"{address} (deposed object" for address in STORED))
    assert moved < min(gone)
    assert connects(project, local_aws, "anna")

    pinned = {"staff": {"version": str(project.outputs["function_version"])}}
    for bucket in (BUCKET, None):
        with pytest.raises(TerraformFailed, match="whose policy is stored where policy_bucket no longer says"):
            project.plan(rules=policy("anna")["rules"][-1:], policy_bucket=bucket, alias_versions=pinned)

    log = project.apply(rules=policy("bela")["rules"][-1:])
    moved, *gone = moments(log, STAFF, *(f"{address}: Destroying" for address in STORED))
    assert moved < min(gone)
    project.apply(**policy("bela"), policy_bucket=BUCKET)


def test_a_policy_that_fits_stays_in_the_environment(project: Deployment, local_aws: LocalAws) -> None:
    small = policy("carl") | {"rules": policy("carl")["rules"][-1:]}
    project.apply(**small, policy_bucket=BUCKET)
    assert json.loads(variables_of(local_aws)["POLICY"])["rules"][0]["name"] == "staff"
    assert connects(project, local_aws, "carl")
    project.apply(**small)
    assert connects(project, local_aws, "carl")
    assert "Contents" not in local_aws.client("s3").list_objects_v2(Bucket=BUCKET["name"])


def test_cvpn_reads_it_from_the_function_and_from_the_plan(
    project: Deployment, local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project.apply(**policy("dora"), policy_bucket=BUCKET)
    for name, value in local_aws.environment.items():
        monkeypatch.setenv(name, value)
    deployed = policy_from_function("corp", Account(None, None))
    assert deployed.document["rules"][-1]["when"] == {"common_name": ["dora"]}
    assert size_of(deployed).stored

    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(project.planned(**policy("emil"), policy_bucket=BUCKET)))
    assert policy_from_files([plan]).document["rules"][-1]["when"] == {"common_name": ["emil"]}
