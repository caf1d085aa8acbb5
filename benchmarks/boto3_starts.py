"""A start with boto3: with evidence and with a stored policy, against a trivial handler that makes the same clients.

DynamoDB, EC2 and S3 are localaws's, on loopback.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import tempfile
from collections import defaultdict
from pathlib import Path

from benchmarks import DEFAULT_MINOR, reference
from benchmarks.results import Budget, Part, Table, figure, ratio
from benchmarks.runtime_api import FunctionProcess
from benchmarks.starts import HANDLER, runtimes, unpack
from localaws import LocalAws

ROUNDS = 15
LIMIT = 1.15
BUCKET, KEY = "policies", "policy.json.gz"

RULES = [
    {"name": "lost", "effect": "deny", "when": {"device": {"status": ["lost"]}}},
    {"name": "one", "effect": "deny", "when": {"sessions": {"by": "username", "at_least": 1}}},
]
_TRIVIAL = """
import boto3
{clients}

def handler(event, context):
    return None
"""
_EVIDENCE_CLIENTS = 'boto3.client("dynamodb")\nboto3.client("ec2")'
_STORED_CLIENTS = 'boto3.client("s3").get_object(Bucket="{bucket}", Key="{key}")["Body"].read()'


def measure() -> Part:
    """Measure under the default runtime."""
    part = Part("boto3")
    table = Table("A start with boto3, ms", ("what", "trivial handler with boto3", "the function"), [])
    with runtimes((DEFAULT_MINOR,)) as found, LocalAws() as aws, tempfile.TemporaryDirectory() as name:
        if DEFAULT_MINOR not in found:
            return part
        runtime = found[DEFAULT_MINOR][1]
        bundle, _ = unpack(Path(name), runtime)
        kinds = _kinds(aws)
        for number, (_, clients) in enumerate(kinds.values()):
            folder = Path(name, f"trivial{number}")
            folder.mkdir()
            (folder / "trivial.py").write_text(_TRIVIAL.format(clients=clients))
        started: dict[tuple[str, bool], list[float]] = defaultdict(list)
        for round_number in range(ROUNDS + 1):
            for number, (title, (variables, _)) in enumerate(kinds.items()):
                for is_ours in (False, True):
                    root = bundle if is_ours else Path(name, f"trivial{number}")
                    handler = HANDLER if is_ours else "trivial.handler"
                    with FunctionProcess(runtime, root, handler, {**aws.environment, **variables}) as process:
                        if round_number:  # the first round fills the page cache
                            started[title, is_ours].append(process.start_ms)
    for title in kinds:
        table.rows.append((title, figure(started[title, False]), figure(started[title, True])))
        what = f"start with {title}, against a trivial handler with boto3 and the same clients"
        part.budgets.append(Budget(what, ratio(started[title, True], started[title, False]), "at most", LIMIT))
    part.tables = [table]
    return part


def _kinds(aws: LocalAws) -> dict[str, tuple[dict[str, str], str]]:
    """Return, by title, the environment of the function and the statements of the trivial handler."""
    policy = reference.policy(10)
    evidence = {
        "POLICY": reference.document({"rules": [*RULES, *policy["rules"]]}),
        "DEVICE_INVENTORY": json.dumps({"table": "devices"}),
        "CONNECTIONS": json.dumps({"table": "connections"}),
    }
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    document = reference.document(policy).encode()
    version = s3.put_object(Bucket=BUCKET, Key=KEY, Body=gzip.compress(document))["VersionId"]
    url = f"s3://{BUCKET}/{KEY}?versionId={version}&sha256={hashlib.sha256(document).hexdigest()}"
    return {
        "evidence": (evidence, _EVIDENCE_CLIENTS),
        "a stored policy": ({"POLICY": url}, _STORED_CLIENTS.format(bucket=BUCKET, key=KEY)),
    }
