"""The policy in what ``terraform show -json`` prints of a plan or a state.

https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connect_handler.settings import POLICY, STORED
from cvpn.aws.functions import FUNCTION_PREFIX
from cvpn.failures import Failure

OBJECT_NAME = "policy.json.gz"
"""Of the object of a policy that is stored in a bucket; the function's name stands before it."""


@dataclass(frozen=True)
class PlannedPolicy:
    """The policy of one function in a plan or a state.

    Attributes
    ----------
    address
        Of the function.
    text
        What its environment variable POLICY holds, or the object in a bucket that it names.
    stored
        Whether it names one.
    aliases
        Names of its aliases.
    policy_tests
        Value of the root module's variable of that name; None for none.
    """

    address: str
    text: str
    stored: bool
    aliases: frozenset[str]
    policy_tests: Any


def is_terraform_show(value: Any) -> bool:
    """Tell whether a JSON value is what ``terraform show -json`` prints."""
    return isinstance(value, dict) and "format_version" in value and "terraform_version" in value


def planned_policy(value: dict[str, Any], file: str, address: str | None) -> PlannedPolicy:
    """Find the policy.

    Parameters
    ----------
    value
        What ``terraform show -json`` prints.
    file
        Its name, for messages.
    address
        Of the function, where there are several with a policy.

    Raises
    ------
    Failure
        There is none, or more than one.
    """
    values = value.get("planned_values") or value.get("values") or {}
    resources = list(_resources(values.get("root_module") or {}))
    policies: dict[str, tuple[str, str, bool]] = {}
    unknown = []
    objects = {
        str(attributes.get("key")).split("/")[-2]: attributes.get("content_base64")
        for resource in resources
        if resource.get("type") == "aws_s3_object"
        and str((attributes := resource.get("values") or {}).get("key")).endswith(f"/{OBJECT_NAME}")
    }
    for resource in resources:
        attributes = resource.get("values") or {}
        name = str(attributes.get("function_name", ""))
        if resource.get("type") != "aws_lambda_function" or not name.startswith(FUNCTION_PREFIX):
            continue
        environment = (attributes.get("environment") or [{}])[0]
        text = (environment.get("variables") or {}).get(POLICY)
        stored = not isinstance(text, str) or text.startswith(STORED)
        if stored:  # what the object will hold is known before the object has a version
            text = objects.get(name)
        if isinstance(text, str):
            policies[str(resource.get("address"))] = (name, text, stored)
        else:
            unknown.append(str(resource.get("address")))
    if address is not None:
        policies = {found: policy for found, policy in policies.items() if found == address}
    if not policies:
        if unknown:
            raise Failure(f"{file}: the policy of {unknown[0]} is known only after apply, or is none of this module's")
        wanted = f"the function {address}" if address else f"a function {FUNCTION_PREFIX}* with a policy"
        raise Failure(f"{file}: has no {wanted.removeprefix('a ')} in its resources")
    if len(policies) > 1:
        raise Failure(
            f"{file}: has several functions with a policy; choose with --address: {', '.join(sorted(policies))}"
        )
    ((found, (name, text, stored)),) = policies.items()
    aliases = frozenset(
        str(resource["values"].get("name"))
        for resource in resources
        if resource.get("type") == "aws_lambda_alias" and (resource.get("values") or {}).get("function_name") == name
    )
    tests = ((value.get("variables") or {}).get("policy_tests") or {}).get("value")
    return PlannedPolicy(found, text, stored, aliases, tests)


def _resources(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in module.get("resources") or []:
        if resource.get("mode", "managed") == "managed":
            yield resource
    for child in module.get("child_modules") or []:
        yield from _resources(child)
