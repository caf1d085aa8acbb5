"""A policy that the function's environment has no room for is read from a bucket, each version its own."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cvpn.aws.account import Account
from cvpn.policy.source import policy_from_files, policy_from_function
from cvpn.size.policy_size import size_of
from localaws import LocalAws
from tests.e2e.deployment import Deployment, TerraformFailed, applied

FUNCTION = "AWSClientVPN-corp"
BUCKET = {"name": "policies-of-corp", "key_prefix": "client-vpn/"}
KEY = f"client-vpn/{FUNCTION}/policy.json.gz"

LEAVERS = [f"{hashlib.sha256(bytes([number])).hexdigest()}@example.com" for number in range(150)]
"""Names that do not compress: those of 150 clients take 6 KB."""


def policy(allowed: str) -> dict[str, Any]:
    """Return a policy that allows one name, and has many that it denies: few rules are quicker to plan than many."""
    tests = [{"name": "staff", "request": {"common-name": allowed}, "expect": {"effect": "allow"}}]
    rules = [
        {"name": "leavers", "effect": "deny", "when": {"common_name": LEAVERS}},
        {"name": "staff", "effect": "allow", "when": {"common_name": [allowed]}},
    ]
    return {"rules": rules, "policy_tests": tests}


def policy_of_many_rules(allowed: str) -> dict[str, Any]:
    """Return a policy of 1,001 rules: about 8 KB, compressed."""
    rules = [
        {"name": f"user-{number}", "effect": "deny", "when": {"common_name": [f"user{number * 7919}@example.com"]}}
        for number in range(1000)
    ]
    return {**policy(allowed), "rules": [*rules, *policy(allowed)["rules"][-1:]]}


def small_policy(allowed: str) -> dict[str, Any]:
    """Return a policy that the function's environment has room for."""
    return {**policy(allowed), "rules": policy(allowed)["rules"][-1:]}


def make_bucket(aws: LocalAws, name: str) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})


@pytest.fixture(scope="module")
def stack(
    local_aws: LocalAws,
    deploy: Callable[..., Deployment],
    server_certificate_arn: str,
    client_certificate_arn: str,
) -> Iterator[Deployment]:
    """The root module, and a bucket; destroyed after the module's tests, which leaves nothing but the bucket behind."""
    make_bucket(local_aws, BUCKET["name"])
    versioning = {"Status": "Enabled"}
    local_aws.client("s3").put_bucket_versioning(Bucket=BUCKET["name"], VersioningConfiguration=versioning)
    deployment = deploy(".")
    endpoint = {
        "server_certificate_arn": server_certificate_arn,
        "client_cidr_block": "10.255.0.0/22",
        "authentication": {"mutual": {"root_certificate_chain_arn": client_certificate_arn}},
    }
    deployment.variables = {"name": "corp", "endpoints": {"staff": endpoint}}
    with applied(local_aws, deployment, **policy("anna"), policy_bucket=BUCKET):
        yield deployment


@pytest.fixture
def project(stack: Deployment) -> Deployment:
    """The stack, whose policy is stored in the bucket and allows anna alone."""
    stack.ensure(**policy("anna"), policy_bucket=BUCKET)
    return stack


@pytest.fixture
def stored(stack: Deployment) -> Deployment:
    """The stack, whose policy is stored in the bucket, whoever it allows."""
    variables = stack.applied_variables
    if variables.get("policy_bucket") != BUCKET or len(variables["rules"]) == 1:
        stack.apply(**policy("anna"), policy_bucket=BUCKET)
    return stack


def connects(project: Deployment, local_aws: LocalAws, name: str) -> bool:
    return local_aws.connect(project.outputs["endpoint_ids"]["staff"], common_name=name).allowed


def variables_of(local_aws: LocalAws, qualifier: str = "live") -> dict[str, str]:
    configuration = local_aws.client("lambda").get_function_configuration(FunctionName=FUNCTION, Qualifier=qualifier)
    return dict(configuration["Environment"]["Variables"])


def test_without_a_bucket_the_plan_says_what_to_name(stack: Deployment) -> None:
    with pytest.raises(TerraformFailed, match="Name a bucket that has versioning in policy_bucket"):
        stack.plan(**policy("anna"))


@pytest.mark.slow
def test_a_bucket_without_versioning_is_refused_before_the_function_is_made(
    local_aws: LocalAws, deploy: Callable[..., Deployment]
) -> None:
    bucket = "without-versioning"
    make_bucket(local_aws, bucket)
    document = json.dumps({"rules": policy("anna")["rules"]}).encode()
    packed = {
        "packed": base64.b64encode(gzip.compress(document)).decode(),
        "digest": hashlib.sha256(document).hexdigest(),
    }
    handler = deploy("modules/handler")
    try:
        with pytest.raises(TerraformFailed, match="has no versioning"):
            handler.apply(name="other", policy=None, policy_document=packed, policy_bucket={"name": bucket})
        functions = local_aws.client("lambda").list_functions()["Functions"]
        assert "AWSClientVPN-other" not in [function["FunctionName"] for function in functions]
    finally:
        handler.destroy()
        local_aws.client("s3").delete_bucket(Bucket=bucket)


def check_each_version_decides_by_its_own_policy(
    project: Deployment, local_aws: LocalAws, policy: Callable[[str], dict[str, Any]], denied: str
) -> None:
    project.ensure(**policy("anna"), policy_bucket=BUCKET)
    assert variables_of(local_aws)["POLICY"].startswith(f"s3://{BUCKET['name']}/{KEY}?versionId=")
    assert variables_of(local_aws)["POLICY"].endswith(f"&sha256={project.outputs['policy_digest']}")
    logged = len(local_aws.log_messages(f"/aws/lambda/{FUNCTION}"))
    assert connects(project, local_aws, "anna")
    assert not connects(project, local_aws, "bela")
    assert not connects(project, local_aws, denied)
    log = local_aws.log_messages(f"/aws/lambda/{FUNCTION}")[logged:]
    digests = {json.loads(line)["policy_digest"] for line in log if line.startswith("{")}
    assert digests == {project.outputs["policy_digest"]}

    rollback = {"staff": {"version": project.outputs["function_version"]}}
    project.apply(**policy("bela"), policy_bucket=BUCKET)
    assert (connects(project, local_aws, "anna"), connects(project, local_aws, "bela")) == (False, True)
    project.apply(**policy("bela"), policy_bucket=BUCKET, alias_versions=rollback)
    assert (connects(project, local_aws, "anna"), connects(project, local_aws, "bela")) == (True, False)


def test_each_version_decides_by_its_own_policy(stack: Deployment, local_aws: LocalAws) -> None:
    check_each_version_decides_by_its_own_policy(stack, local_aws, policy, LEAVERS[-1])


@pytest.mark.slow
def test_each_version_decides_by_its_own_thousand_rules(stack: Deployment, local_aws: LocalAws) -> None:
    check_each_version_decides_by_its_own_policy(stack, local_aws, policy_of_many_rules, "user7919@example.com")
    stack.ensure(**policy_of_many_rules("anna"), policy_bucket=BUCKET)
    assert stack.is_stable(**policy_of_many_rules("anna"), policy_bucket=BUCKET)


@pytest.mark.slow
def test_the_gate_refuses_what_the_plan_of_a_large_policy_does_not_check(
    project: Deployment, local_aws: LocalAws
) -> None:
    bad = policy_of_many_rules("bela")
    bad["rules"][1]["when"]["platform_version"] = "=> 10"
    served = project.outputs["function_version"]

    plan = project.planned(**bad, policy_bucket=BUCKET)
    checks = {check["address"]["to_display"]: check for check in plan["checks"]}
    warning = checks["module.policy.check.large_policy"]["instances"][0]["problems"][0]["message"]
    assert warning.startswith("The policy has 1001 rules. The plan checks everything up to 500 rules and 5,000 values")

    with pytest.raises(TerraformFailed, match="The deploy gate has stopped version") as failure:
        project.apply(**bad, policy_bucket=BUCKET)
    assert 'rules[1] "user-1": when.platform_version is "=> 10"; write a version constraint' in str(failure.value)
    aliases = local_aws.client("lambda").list_aliases(FunctionName=FUNCTION)["Aliases"]
    assert {alias["FunctionVersion"] for alias in aliases} == {served}
    assert (connects(project, local_aws, "anna"), connects(project, local_aws, "bela")) == (True, False)


@pytest.mark.slow
def test_without_a_gate_a_large_policy_is_refused_at_plan(stack: Deployment) -> None:
    with pytest.raises(TerraformFailed, match="The policy has 1001 rules, and there is no deploy gate"):
        stack.plan(**policy_of_many_rules("anna"), policy_bucket=BUCKET, handler={"deploy_gate": False})


def test_a_second_plan_has_nothing_to_do(stored: Deployment) -> None:
    assert stored.is_stable(**stored.applied_variables)


@pytest.mark.usefixtures("stored")
def test_the_role_may_read_that_one_object_and_nothing_else(local_aws: LocalAws) -> None:
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
    assert sorted(statement["Sid"] for statement in statements) == ["ReadPolicy", "WriteLog"]


def moments(log: list[str], *texts: str) -> list[int]:
    """Return the lines of an apply's log that have the texts, which each line has once."""
    found = [[number for number, line in enumerate(log) if text in line] for text in texts]
    assert [len(numbers) for numbers in found] == [1] * len(texts), log
    return [numbers[0] for numbers in found]


STAFF = 'aws_lambda_alias.this["staff"]: Modifications complete'
STORED = ("aws_s3_object.policy[0]", "aws_iam_role_policy.stored_policy[0]")


@pytest.mark.slow
def test_the_version_that_serves_keeps_its_policy_until_the_aliases_have_moved(
    stack: Deployment, local_aws: LocalAws
) -> None:
    stack.ensure(**policy("bela"), policy_bucket=BUCKET)
    elsewhere = {**BUCKET, "key_prefix": "elsewhere/"}
    log = stack.apply(**policy("anna"), policy_bucket=elsewhere)
    moved, *gone = moments(log, STAFF, *(f"{address} (deposed object" for address in STORED))
    assert moved < min(gone)
    assert connects(stack, local_aws, "anna")

    pinned = {"staff": {"version": str(stack.outputs["function_version"])}}
    for bucket in (BUCKET, None):
        with pytest.raises(TerraformFailed, match="whose policy is stored where policy_bucket no longer says"):
            stack.plan(rules=small_policy("anna")["rules"], policy_bucket=bucket, alias_versions=pinned)

    log = stack.apply(rules=small_policy("bela")["rules"])
    moved, *gone = moments(log, STAFF, *(f"{address}: Destroying" for address in STORED))
    assert moved < min(gone)


@pytest.mark.slow
def test_a_policy_that_fits_stays_in_the_environment(project: Deployment, local_aws: LocalAws) -> None:
    project.apply(**small_policy("carl"), policy_bucket=BUCKET)
    assert json.loads(variables_of(local_aws)["POLICY"])["rules"][0]["name"] == "staff"
    assert connects(project, local_aws, "carl")
    project.apply(**small_policy("carl"))
    assert connects(project, local_aws, "carl")
    assert "Contents" not in local_aws.client("s3").list_objects_v2(Bucket=BUCKET["name"])


def test_cvpn_reads_it_from_the_function_and_from_the_plan(
    stored: Deployment, local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in local_aws.environment.items():
        monkeypatch.setenv(name, value)
    deployed = policy_from_function("corp", Account(None, None))
    assert deployed.document["rules"] == stored.applied_variables["rules"]
    assert size_of(deployed).stored

    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(stored.planned(**policy("emil"), policy_bucket=BUCKET)))
    assert policy_from_files([plan]).document["rules"][-1]["when"] == {"common_name": ["emil"]}
