"""A policy that the environment has no room for: what reading it from a bucket costs a cold start.

The bucket is localaws's, on loopback; what S3's network takes comes on top.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from benchmarks import DEFAULT_MINOR, reference
from benchmarks.results import Part, Table, figure
from benchmarks.runtime_api import FunctionProcess
from benchmarks.starts import HANDLER, TRIVIAL_HANDLER, runtimes, unpack
from localaws import LocalAws

ROUNDS = 5
BUCKET = "policies"


def measure() -> Part:
    """Measure start, first call and memory under the default runtime."""
    part = Part("stored")
    table = Table(
        "A policy in a bucket",
        (
            "policy",
            "document kB",
            "object kB",
            "start to first poll ms",
            "first call ms",
            "a call µs",
            "peak memory MB",
        ),
        [],
        "A cold start loads boto3 and makes one client, which is most of what the small policy costs here; then it "
        "reads, verifies and loads the document.",
    )
    with runtimes((DEFAULT_MINOR,)) as found, LocalAws() as aws, tempfile.TemporaryDirectory() as name:
        if DEFAULT_MINOR not in found:
            return part
        runtime = found[DEFAULT_MINOR][1]
        bundle, trivial = unpack(Path(name), runtime)
        kinds = _kinds(aws)
        event = json.dumps(reference.EVENT).encode()
        took: dict[str, list[tuple[float, float, float, float]]] = defaultdict(list)
        for _ in range(ROUNDS):
            for title, (variables, _) in kinds.items():
                root, handler = (bundle, HANDLER) if variables else (trivial, TRIVIAL_HANDLER)
                with FunctionProcess(runtime, root, handler, variables) as process:
                    answers = [process.call(event) for _ in range(200)]
                    if not all(answer["allow"] for answer, _ in answers):
                        raise RuntimeError(f"{title}: a connection was denied that the policy allows")
                    warm = sum(us for _, us in answers[50:]) / len(answers[50:])
                    took[title].append((process.start_ms, answers[0][1] / 1000, warm, process.peak_memory() / 1e6))
        for title, values in took.items():
            start, first, warm_calls, peaks = zip(*values, strict=True)
            sizes = kinds[title][1] or ("", "")
            table.rows.append((title, *sizes, figure(start), figure(first), figure(warm_calls), round(max(peaks), 1)))
    part.tables = [table]
    return part


def _kinds(aws: LocalAws) -> dict[str, tuple[dict[str, str], tuple[float, float] | None]]:
    """Return, by title, the environment of a function and the sizes of its document and its object in kB."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    policies: dict[str, dict[str, Any]] = {
        "10 rules": reference.policy(10),
        "1,000 rules": reference.policy(1000),
        "10,000 rules": reference.policy(10_000),
        "100,000 networks": reference.blocklist_policy(100_000),
    }
    kinds: dict[str, tuple[dict[str, str], tuple[float, float] | None]] = {"trivial handler": ({}, None)}
    for title, policy in policies.items():
        document = reference.document(policy).encode()
        packed = gzip.compress(document)
        key = f"{title}/policy.json.gz".replace(" ", "-").replace(",", "")
        version = s3.put_object(Bucket=BUCKET, Key=key, Body=packed)["VersionId"]
        url = f"s3://{BUCKET}/{key}?versionId={version}&sha256={hashlib.sha256(document).hexdigest()}"
        sizes = (round(len(document) / 1000, 1), round(len(packed) / 1000, 1))
        kinds[title] = ({**aws.environment, "POLICY": url}, sizes)
    return kinds
