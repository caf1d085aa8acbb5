"""What exists in an account, as AWS's own APIs list it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from moto.core.base_backend import BackendDict


@dataclass(frozen=True)
class _Kind:
    """A kind of resource: how to list it, what identifies one, and which ones every account has."""

    service: str
    operation: str
    items: str
    identity: str
    arguments: dict[str, Any] | None = None
    given: Callable[[Any], bool] = lambda item: False


_KINDS = (
    _Kind("ec2", "describe_client_vpn_endpoints", "ClientVpnEndpoints", "ClientVpnEndpointId"),
    _Kind("ec2", "describe_vpcs", "Vpcs", "VpcId", given=lambda vpc: bool(vpc["IsDefault"])),
    _Kind("ec2", "describe_subnets", "Subnets", "SubnetId", given=lambda subnet: bool(subnet["DefaultForAz"])),
    _Kind(
        "ec2",
        "describe_security_groups",
        "SecurityGroups",
        "GroupId",
        given=lambda group: group["GroupName"] == "default",
    ),
    _Kind("iam", "list_roles", "Roles", "Arn"),
    _Kind("iam", "list_policies", "Policies", "Arn", {"Scope": "Local"}),
    _Kind("iam", "list_saml_providers", "SAMLProviderList", "Arn"),
    _Kind("logs", "describe_log_groups", "logGroups", "logGroupArn"),
    _Kind("logs", "describe_query_definitions", "queryDefinitions", "queryDefinitionId"),
    _Kind("acm", "list_certificates", "CertificateSummaryList", "CertificateArn"),
    _Kind("ds", "describe_directories", "DirectoryDescriptions", "DirectoryId"),
    _Kind("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmArn"),
    _Kind("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardArn"),
    _Kind("sns", "list_topics", "Topics", "TopicArn"),
    _Kind("sqs", "list_queues", "QueueUrls", ""),
    _Kind("s3", "list_buckets", "Buckets", "Name"),
    _Kind("dynamodb", "list_tables", "TableNames", ""),
    _Kind("events", "list_rules", "Rules", "Arn"),
    _Kind(
        "application-autoscaling",
        "describe_scalable_targets",
        "ScalableTargets",
        "ResourceId",
        {"ServiceNamespace": "lambda"},
    ),
)


def resources(account_id: str, client: Callable[[str], Any]) -> list[str]:
    """ARNs or IDs of all resources of the account that ``client`` (boto3's, by service name) finds."""
    # Most services are never used: looking there would only take time.
    used = {backends.service_name for backends in BackendDict._instances if account_id in backends}  # type: ignore[misc]
    clients: dict[str, Any] = {}
    found: list[str] = []
    if "lambda" in used:
        found += _functions(client("lambda"))
    if "kms" in used:
        found += _keys(client("kms"))
    for kind in _KINDS:
        if kind.service not in used:
            continue
        if kind.service not in clients:
            clients[kind.service] = client(kind.service)
        for item in _all(clients[kind.service], kind.operation, kind.items, kind.arguments or {}):
            if not kind.given(item):
                found.append(item[kind.identity] if kind.identity else item)
    return sorted(found)


def _functions(client: Any) -> Iterator[str]:
    for function in _all(client, "list_functions", "Functions", {}):
        name = function["FunctionName"]
        yield function["FunctionArn"]
        for version in client.list_versions_by_function(FunctionName=name)["Versions"]:
            if version["Version"] != "$LATEST":
                yield version["FunctionArn"]
        for alias in client.list_aliases(FunctionName=name)["Aliases"]:
            yield alias["AliasArn"]


def _keys(client: Any) -> Iterator[str]:
    aliases = list(_all(client, "list_aliases", "Aliases", {}))
    # Such a key comes with the first thing that a service encrypts, and cannot be deleted.
    managed = {one.get("TargetKeyId") for one in aliases if one["AliasName"].startswith("alias/aws/")}
    for key in _all(client, "list_keys", "Keys", {}):
        if key["KeyId"] in managed:
            continue
        # A deleted key is there for another week at least.
        if client.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] != "PendingDeletion":
            yield key["KeyArn"]


def _all(client: Any, operation: str, items: str, arguments: dict[str, Any]) -> Iterator[Any]:
    if client.can_paginate(operation):
        for page in client.get_paginator(operation).paginate(**arguments):
            yield from page.get(items, [])
    else:
        yield from getattr(client, operation)(**arguments).get(items, [])
