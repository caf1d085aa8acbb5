"""Writes what each failure looks like into docs/operations.md, from failures that it brings about at localaws.

``python -m tools.operations_docs`` fills what stands between ``<!-- BEGIN reason -->`` and ``<!-- END reason -->``, for
each connection-attempt-failure-reason; ``--check`` tells whether the page is stale, and writes nothing. What differs
from one run to the next (times, durations, ids) is replaced by one of its kind.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localaws import ConnectionAttempt, LocalAws
from tools import ROOT, generated
from tools.bundle import BUNDLE, archive

PAGE = ROOT / "docs" / "operations.md"
ACCOUNT = "123456789012"
FUNCTION = "AWSClientVPN-corp"
ALIAS = "staff"
CONNECTION_LOG = f"/aws/clientvpn/corp-{ALIAS}"
POLICY = {
    "rules": [
        {
            "name": "outdated-windows",
            "effect": "deny",
            "when": {"platform": ["win"], "platform_version": "< 10.0.19045"},
            "message": "Update Windows to 22H2 or newer, then reconnect. ({connection_id})",
        },
        {"name": "staff", "effect": "allow", "when": {"groups": ["engineering", "ops-*"]}},
    ]
}
CLIENT = {
    "username": "ben@example.com",
    "groups": ["engineering"],
    "platform": "win",
    "platform_version": "10.0.18363",
    "public_ip": "203.0.113.11",
    "port": 51820,
    "client_openvpn_version": "2.6.12",
    "aws_client_version": "5.3.4",
}
METRICS = re.compile(
    r"AWS/ClientVPN [A-Z].*(?<!DaysToExpiry)|AWS/Lambda (Invocations|Errors|Throttles)|ClientVPNConnectHandler .*"
)
"""The metrics that are shown, as namespace and name."""

_VOLATILE = [
    (r"cvpn-connection-[0-9a-f]{17}", "cvpn-connection-0a1b2c3d4e5f60718"),
    (r"cvpn-endpoint-[0-9a-f]{17}", "cvpn-endpoint-0f1e2d3c4b5a69788"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "3f2b8c1e-7d64-4a09-9b5e-2c1d0e8f7a6b"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|\+00:00)", "2026-11-02T08:30:00.000Z"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "2026-11-02 08:30:00"),
    (r'("Timestamp": ?)\d+', r"\g<1>1793608200000"),
    (r'("duration_us": ?)\d+', r"\g<1>100"),
    (r"((?:Init |Billed )?Duration:) [\d.]+ ms", r"\1 … ms"),
    (r"(Max Memory Used:) \d+ MB", r"\1 … MB"),
    (r'File "[^"]*/([^/"]+)"', r'File "/var/task/\1"'),
]


@dataclass(frozen=True)
class Failure:
    """What brings a failure about: a function's code instead of the bundle, settings of the function and of AWS."""

    reason: str
    source: str | None = None
    function: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    authenticated: bool = True
    throttled: bool = False
    #: Whether Lambda answers at all.
    lambda_answers: bool = True
    #: The name of the part of the page, if it is not the reason.
    name: str = ""


_ANSWERS = """\
import os, pathlib, time

def handler(event, context):
    folder = pathlib.Path(os.environ["FOLDER"])
    (folder / "begun").touch()
    while not (folder / "go on").exists():
        time.sleep(0.01)
    return {
        "allow": True,
        "error-msg-on-denied-connection": "",
        "posture-compliance-statuses": [],
        "schema-version": event["schema-version"],
    }
"""
FAILURES = [
    Failure("client-connect-failed"),
    Failure(
        "client-connect-handler-timed-out",
        "import time\ndef handler(event, context):\n    time.sleep(3)\n",
        function={"Timeout": 30},
        settings={"client_connect_timeout": 1.0},
    ),
    Failure(
        "client-connect-handler-other-execution-error",
        "def handler(event, context):\n    raise KeyError('groups')\n",
    ),
    Failure(
        "client-connect-handler-other-execution-error",
        "import requests\ndef handler(event, context):\n    pass\n",
        name="import",
    ),
    Failure(
        "client-connect-handler-other-execution-error",
        "def handler(event, context):\n    return bytearray(400 * 1024 * 1024)\n",
        function={"MemorySize": 128},
        name="memory",
    ),
    Failure(
        "client-connect-handler-other-execution-error",
        "import time\ndef handler(event, context):\n    time.sleep(30)\n",
        function={"Timeout": 1},
        name="timeout",
    ),
    Failure("client-connect-handler-throttled", _ANSWERS, throttled=True),
    Failure("client-connect-handler-invalid-response", "def handler(event, context):\n    return {'allow': True}\n"),
    Failure("client-connect-handler-service-error", lambda_answers=False),
    Failure("authentication-failed", authenticated=False),
]


@dataclass(frozen=True)
class Seen:
    """What was seen of a failure, with what differs from run to run replaced."""

    message: str
    #: The connection log event as JSON.
    log_event: str
    #: Namespace, name, dimensions and sum of each metric that moved.
    metrics: list[tuple[str, str, str, float]]
    function_log: list[str]


def bring_about(failure: Failure) -> Seen:
    """Bring a failure about at a localaws of its own.

    Raises
    ------
    RuntimeError
        Something else happened.
    """
    with contextlib.ExitStack() as stack:
        lambda_url = None if failure.lambda_answers else unused_url()
        aws = stack.enter_context(LocalAws(account_id=ACCOUNT, lambda_endpoint_url=lambda_url, **failure.settings))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        endpoint_id = create_endpoint(aws, failure, folder)
        if failure.throttled:
            stack.enter_context(one_in_flight(aws, endpoint_id, folder))
        attempt = aws.connect(endpoint_id, **CLIENT, authenticated=failure.authenticated)
        if attempt.failure_reason != failure.reason:
            raise RuntimeError(f"{failure.reason} was to happen, and {attempt.failure_reason} did: {attempt.error}")
        if failure.reason == "client-connect-handler-timed-out":
            # Lambda is not told that nobody waits any longer.
            wait_for_invocation(aws)
        metrics, lines = moved(aws, endpoint_id), function_log(aws)
        event = logged_event(aws, attempt)
        return Seen(stable(attempt.message), stable(event), metrics, [stable(line) for line in lines])


def unused_url() -> str:
    """Return an address at which nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


def create_endpoint(aws: LocalAws, failure: Failure, folder: Path) -> str:
    """Create the function and the endpoint that calls it, as the module does; returns the endpoint's id."""
    role = aws.client("iam").create_role(RoleName=FUNCTION, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    functions = aws.client("lambda")
    functions.create_function(
        FunctionName=FUNCTION,
        Runtime="python3.13",
        Role=role,
        Handler="app.handler" if failure.source else "connect_handler.handler.handler",
        Code={"ZipFile": archive({"app.py": failure.source.encode()}) if failure.source else BUNDLE.read_bytes()},
        Environment={"Variables": {"POLICY": json.dumps(POLICY), "FOLDER": str(folder)}},
        Publish=True,
        **{"MemorySize": 256, "Timeout": 10, **failure.function},
    )
    alias = functions.create_alias(FunctionName=FUNCTION, Name=ALIAS, FunctionVersion="1")
    aws.client("logs").create_log_group(logGroupName=CONNECTION_LOG)
    metadata = (ROOT / "examples" / "minimal" / "saml-metadata.xml").read_text(encoding="utf-8")
    provider = aws.client("iam").create_saml_provider(SAMLMetadataDocument=metadata, Name="corp")
    saml = {"SAMLProviderArn": provider["SAMLProviderArn"]}
    endpoint = aws.client("ec2").create_client_vpn_endpoint(
        ClientCidrBlock="10.255.0.0/22",
        ServerCertificateArn=aws.import_certificate("vpn.example.com"),
        AuthenticationOptions=[{"Type": "federated-authentication", "FederatedAuthentication": saml}],
        ConnectionLogOptions={"Enabled": True, "CloudwatchLogGroup": CONNECTION_LOG},
        ClientConnectOptions={"Enabled": True, "LambdaFunctionArn": alias["AliasArn"]},
    )
    return str(endpoint["ClientVpnEndpointId"])


@contextlib.contextmanager
def one_in_flight(aws: LocalAws, endpoint_id: str, folder: Path) -> Iterator[None]:
    """Have one connection attempt use up the function's concurrency meanwhile."""
    aws.client("lambda").put_function_concurrency(FunctionName=FUNCTION, ReservedConcurrentExecutions=1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(aws.connect, endpoint_id, username="anna@example.com")
        wait_until(lambda: (folder / "begun").exists())
        try:
            yield
        finally:
            (folder / "go on").touch()
            first.result()


def wait_for_invocation(aws: LocalAws) -> None:
    """Wait until an invocation of the function has ended."""
    wait_until(lambda: aws.metric_sum("AWS/Lambda", "Invocations", {"FunctionName": FUNCTION}) == 1)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that happens within seconds, or raise RuntimeError."""
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("What was to happen did not, within 20 s")
        time.sleep(0.02)


def moved(aws: LocalAws, endpoint_id: str) -> list[tuple[str, str, str, float]]:
    """Return namespace, name, dimensions and sum of the metrics of endpoint and function that are not 0."""
    found = []
    for namespace, name, pairs in sorted(listed_metrics(aws)):
        dimensions = dict(pairs)
        # Lambda has each metric for all functions and for each alias, too.
        if namespace == "AWS/Lambda" and dimensions != {"FunctionName": FUNCTION}:
            continue
        total = aws.metric_sum(namespace, name, dimensions)
        if total and METRICS.fullmatch(f"{namespace} {name}"):
            text = ", ".join(f"{key} {value}" for key, value in pairs)
            found.append((namespace, name, text.replace(endpoint_id, "(the endpoint's id)"), total))
    return found


def listed_metrics(aws: LocalAws) -> set[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """Return namespace, name and dimensions of each metric, which ListMetrics may name more than once."""
    pages = aws.client("cloudwatch").get_paginator("list_metrics").paginate()
    return {
        (metric["Namespace"], metric["MetricName"], tuple((one["Name"], one["Value"]) for one in metric["Dimensions"]))
        for page in pages
        for metric in page["Metrics"]
    }


def function_log(aws: LocalAws) -> list[str]:
    """Return what the function's log has, without what Lambda says of its runtime."""
    messages = aws.log_messages(f"/aws/lambda/{FUNCTION}")
    about_runtime = ("INIT_START", "LAMBDA_WARNING")
    return [line.rstrip("\t\n") for line in messages if not any(one in line for one in about_runtime)]


def logged_event(aws: LocalAws, attempt: ConnectionAttempt) -> str:
    """Return the connection log's event of an attempt, laid out."""
    (event,) = [one for one in aws.connection_log(attempt.endpoint_id) if one["connection-id"] == attempt.connection_id]
    return as_json(event)


def as_json(value: Any) -> str:
    """Lay JSON out, with lists on one line."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda match: "[" + re.sub(r"\s*\n\s*", " ", match[1]) + "]", text)


def stable(text: str) -> str:
    """Replace what differs from one run to the next."""
    for pattern, replacement in _VOLATILE:
        text = re.sub(pattern, replacement, text)
    return text


def as_markdown(seen: Seen) -> str:
    """Show what was seen of a failure."""
    rows = [
        f"| {namespace} | `{name}` | {dimensions} | {total:g} |" for namespace, name, dimensions, total in seen.metrics
    ]
    no_message = " that authentication has failed; no text comes along."
    return "\n".join(
        [
            "**What the user sees:**" + ("" if seen.message else no_message),
            *(["", "```", seen.message, "```"] if seen.message else []),
            "",
            "**Metrics that move:**",
            "",
            "| namespace | metric | dimensions | sum |",
            "|---|---|---|---|",
            *rows,
            "",
            "**The function's log:**" + ("" if seen.function_log else " nothing, for the function was not invoked."),
            *(["", log_as_markdown(seen.function_log)] if seen.function_log else []),
            "",
            "**The connection log:**",
            "",
            "```json",
            seen.log_event,
            "```",
        ]
    )


def log_as_markdown(lines: Sequence[str]) -> str:
    """Show a function's log; the decision log's entry, which is one line, laid out."""
    shown = [as_json(json.loads(line)) if line.startswith("{") else line for line in lines]
    return "\n".join(["```", *shown, "```"])


def parts() -> dict[str, str]:
    """Bring every failure about; returns the parts of the page by name."""
    found = {}
    for failure in FAILURES:
        seen = bring_about(failure)
        found[failure.name or failure.reason] = (
            log_as_markdown(seen.function_log) if failure.name else as_markdown(seen)
        )
    return found


def main(arguments: Sequence[str] | None = None, page: Path = PAGE) -> int:
    """Write or check the page; 0: done, or up to date."""
    description = (__doc__ or "").split("\n")[0]
    return generated.write_or_check(arguments, "tools.operations_docs", description, {page: parts()}, "what happens")


if __name__ == "__main__":
    sys.exit(main())
