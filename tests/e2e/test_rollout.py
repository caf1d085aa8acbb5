"""A change of policy from terraform.tfvars to the endpoints: stopped, let through, tried on some, taken back."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from localaws import ConnectionAttempt, LocalAws
from tests.e2e.deployment import Deployment, TerraformFailed, applied

FUNCTION = "AWSClientVPN-corp"
STAFF = {"common_name": "staff-1.example.com"}
STRANGER = {"common_name": "visitor-1.example.com"}

POLICY_TESTS = [
    {"name": "staff connect", "request": {"common-name": "staff-1"}, "expect": {"effect": "allow", "rule": "staff"}},
    {"name": "others do not", "request": {"common-name": "visitor-1"}, "expect": {"effect": "deny"}},
]


def staff_policy(message: str) -> dict[str, Any]:
    """Return variables of a policy that passes, which is told from others by its message."""
    rules = [{"name": "staff", "effect": "allow", "when": {"common_name": ["staff-*"]}}]
    return {"rules": rules, "default_deny_message": message, "policy_tests": POLICY_TESTS}


LETS_STRANGERS_IN = {"rules": [{"name": "all", "effect": "allow"}], "policy_tests": POLICY_TESTS}
LOCKS_STAFF_OUT = {
    "rules": [{"name": "staff", "effect": "allow", "when": {"common_name": ["personnel-*"]}}],
    "default_deny_message": "Locked out.",
    "policy_tests": POLICY_TESTS,
}
HAS_A_ZONE_THAT_DOES_NOT_EXIST = {
    "rules": [{"name": "staff", "effect": "allow", "when": {"time": {"timezone": "Europe/Nowhere", "days": ["mon"]}}}],
    "policy_tests": [],
}


@pytest.fixture(scope="module")
def stack(
    local_aws: LocalAws,
    deploy: Callable[..., Deployment],
    server_certificate_arn: str,
    client_certificate_arn: str,
) -> Iterator[Deployment]:
    """The root module with one endpoint; destroyed after the module's tests, which leaves nothing behind."""
    deployment = deploy(".")
    endpoint = {
        "server_certificate_arn": server_certificate_arn,
        "client_cidr_block": "10.255.0.0/22",
        "authentication": {"mutual": {"root_certificate_chain_arn": client_certificate_arn}},
    }
    deployment.variables = {"name": "corp", "endpoints": {"staff": endpoint}}
    with applied(local_aws, deployment, **staff_policy("First.")):
        yield deployment


@pytest.fixture
def project(stack: Deployment) -> Deployment:
    """The stack, whose aliases serve the newest version, with a policy that passes."""
    variables = stack.applied_variables
    if "default_deny_message" not in variables or "alias_versions" in variables:
        stack.apply(**staff_policy("First."))
    return stack


def refused(project: Deployment, **variables: Any) -> str:
    with pytest.raises(TerraformFailed) as failure:
        project.apply(**variables)
    return str(failure.value)


def aliases(local_aws: LocalAws) -> dict[str, str]:
    """Return the versions that the aliases serve."""
    listed = local_aws.client("lambda").list_aliases(FunctionName=FUNCTION)["Aliases"]
    return {alias["Name"]: alias["FunctionVersion"] for alias in listed}


def decisions(local_aws: LocalAws) -> float:
    """Return how many decisions CloudWatch has counted."""
    found = local_aws.client("cloudwatch").list_metrics(Namespace="ClientVPNConnectHandler", MetricName="Decisions")
    metrics = {
        frozenset((dimension["Name"], dimension["Value"]) for dimension in metric["Dimensions"])
        for metric in found["Metrics"]
    }
    return sum(local_aws.metric_sum("ClientVPNConnectHandler", "Decisions", dict(metric)) for metric in metrics)


class Clients:
    """Somebody of the staff and a stranger, who connect in a loop: what they were told, and how often."""

    def __init__(self, local_aws: LocalAws, endpoint_id: str) -> None:
        self._aws = local_aws
        self._endpoint_id = endpoint_id
        self.staff: Counter[str] = Counter()
        self.stranger: Counter[str] = Counter()

    @contextmanager
    def connecting(self) -> Iterator[None]:
        """Connect until the block ends."""
        over = threading.Event()
        broken: list[BaseException] = []

        def loop() -> None:
            try:
                while not over.is_set():
                    self.staff[told(self._connect(STAFF))] += 1
                    self.stranger[told(self._connect(STRANGER))] += 1
            except BaseException as error:
                broken.append(error)

        thread = threading.Thread(target=loop)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        if broken:
            raise broken[0]

    def _connect(self, attributes: dict[str, Any]) -> ConnectionAttempt:
        attempt = self._aws.connect(self._endpoint_id, **attributes)
        if attempt.allowed:
            self._aws.disconnect(attempt.connection_id)
        return attempt


def told(attempt: ConnectionAttempt) -> str:
    """Return what became of an attempt: ``allowed``, or the failure reason with the message."""
    return "allowed" if attempt.allowed else f"{attempt.failure_reason}: {attempt.message}"


def denied(message: str) -> str:
    return f"client-connect-failed: {message}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (LETS_STRANGERS_IN, 'others do not: effect: expected "deny", came "allow"'),
        (LOCKS_STAFF_OUT, 'staff connect: effect: expected "allow", came "deny"; rule: expected "staff", came null'),
        (
            HAS_A_ZONE_THAT_DOES_NOT_EXIST,
            'timezone is "Europe/Nowhere", which the IANA time zone database',
        ),
    ],
    ids=["lets-strangers-in", "locks-staff-out", "unknown-time-zone"],
)
def test_a_version_that_does_not_pass_serves_nobody(
    local_aws: LocalAws, stack: Deployment, policy: dict[str, Any], reason: str
) -> None:
    served, counted = aliases(local_aws), decisions(local_aws)

    error = refused(stack, **policy)

    assert "The deploy gate has stopped version" in error
    assert reason in error
    assert aliases(local_aws) == served
    assert told(local_aws.connect(stack.outputs["endpoint_ids"]["staff"], **STAFF)) == "allowed"
    assert decisions(local_aws) == counted + 1


def test_the_gate_lets_a_rollback_through_and_stays_closed_until_the_policy_is_mended(
    local_aws: LocalAws, project: Deployment
) -> None:
    good = project.outputs["function_version"]
    message = project.applied_variables["default_deny_message"]
    endpoint = project.outputs["endpoint_ids"]["staff"]
    counted = decisions(local_aws)
    error = refused(project, **LETS_STRANGERS_IN)
    assert "The deploy gate has stopped version" in error
    assert 'others do not: effect: expected "deny", came "allow"' in error
    assert set(aliases(local_aws).values()) == {good}
    assert told(local_aws.connect(endpoint, **STAFF)) == "allowed"
    assert decisions(local_aws) == counted + 1
    with pytest.raises(TerraformFailed, match="others do not"):
        project.plan(**LETS_STRANGERS_IN)

    pins = {"alias_versions": {alias: {"version": good} for alias in ("live", "staff")}}
    project.apply(**LETS_STRANGERS_IN, **pins)
    assert set(aliases(local_aws).values()) == {good}
    assert told(local_aws.connect(endpoint, **STRANGER)) == denied(message)

    # Whoever is to be served by the new version has to get it through the gate.
    assert "others do not" in refused(project, **LETS_STRANGERS_IN)
    assert set(aliases(local_aws).values()) == {good}

    # Mending the policy needs nothing else.
    project.apply(**staff_policy("Mended."))
    assert set(aliases(local_aws).values()) == {project.outputs["function_version"]}
    assert told(local_aws.connect(endpoint, **STRANGER)) == denied("Mended.")


@pytest.mark.slow
def test_a_bundle_that_cannot_be_loaded_serves_nobody(
    local_aws: LocalAws, project: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> None:
    import zipfile

    bundle = tmp_path_factory.mktemp("bundle") / "empty.zip"
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("readme.txt", "no handler here")
    served = aliases(local_aws)

    error = refused(project, **staff_policy("First."), handler={"bundle": {"local_path": str(bundle)}})

    assert "No module named 'connect_handler'" in error
    assert aliases(local_aws) == served
    project.apply(**staff_policy("First."))
    assert project.is_stable(**staff_policy("First."))


@pytest.mark.slow
def test_a_policy_that_cannot_be_read_serves_nobody(local_aws: LocalAws, deploy: Callable[..., Deployment]) -> None:
    """Not through modules/policy, which would have refused it at plan."""
    handler = deploy("modules/handler")
    before = local_aws.leftovers()
    handler.variables = {"name": "direct", "policy": '{"rules": ['}

    assert "the policy is not JSON" in refused(handler)
    assert local_aws.client("lambda").list_aliases(FunctionName="AWSClientVPN-direct")["Aliases"] == []

    handler.apply(policy='{"rules": [{"name": "everybody", "effect": "allow"}]}')
    assert handler.is_stable(policy='{"rules": [{"name": "everybody", "effect": "allow"}]}')
    handler.destroy()
    assert local_aws.leftovers() == before


def test_a_version_is_tried_on_a_share_of_the_connections_taken_back_and_let_through(
    local_aws: LocalAws, project: Deployment
) -> None:
    older = project.outputs["function_version"]
    message = project.applied_variables["default_deny_message"]
    endpoint = project.outputs["endpoint_ids"]["staff"]

    canary = {"alias_versions": {"staff": {"version": older, "canary_weight": 0.5}}}
    project.apply(**staff_policy("Newer."), **canary)
    newer = project.outputs["function_version"]
    assert project.is_stable(**staff_policy("Newer."), **canary)
    answers = Counter(told(local_aws.connect(endpoint, **STRANGER)) for _ in range(60))
    # That either is missing in 60 tosses of a coin is less likely than 1 in 10^17.
    assert set(answers) == {denied(message), denied("Newer.")}

    project.apply(**staff_policy("Newer."), alias_versions={"staff": {"version": older}})
    assert project.outputs["alias_versions"] == {"live": newer, "staff": older} == aliases(local_aws)
    assert told(local_aws.connect(endpoint, **STRANGER)) == denied(message)

    project.apply(**staff_policy("Newer."))
    assert told(local_aws.connect(endpoint, **STRANGER)) == denied("Newer.")


@pytest.mark.slow
def test_a_pin_to_a_version_that_never_was_is_refused_before_anything_changes(stack: Deployment) -> None:
    with pytest.raises(TerraformFailed, match=r'pinned\["4711"\]'):
        stack.plan(**staff_policy("Newer."), alias_versions={"staff": {"version": "4711"}})


@pytest.mark.slow
def test_nobody_notices_ten_changes_of_which_every_other_is_bad(local_aws: LocalAws, project: Deployment) -> None:
    project.apply(**staff_policy("Good 0."))
    clients = Clients(local_aws, project.outputs["endpoint_ids"]["staff"])

    with clients.connecting():
        for number in range(1, 11):
            if number % 2:
                refused(project, **(LETS_STRANGERS_IN if number % 4 == 1 else LOCKS_STAFF_OUT))
            else:
                project.apply(**staff_policy(f"Good {number}."))

    assert set(clients.staff) == {"allowed"}
    assert set(clients.stranger) == {denied(f"Good {number}.") for number in range(0, 11, 2)}
    assert project.is_stable(**staff_policy("Good 10."))


@pytest.mark.slow
def test_nobody_notices_rollbacks_and_canaries(local_aws: LocalAws, project: Deployment) -> None:
    project.apply(**staff_policy("Old."))
    old = project.outputs["function_version"]
    new = staff_policy("New.")
    clients = Clients(local_aws, project.outputs["endpoint_ids"]["staff"])

    with clients.connecting():
        for _ in range(2):
            project.apply(**new, alias_versions={"staff": {"version": old, "canary_weight": 0.2}})
            project.apply(**new, alias_versions={"staff": {"version": old, "canary_weight": 0.8}})
            project.apply(**new)
            refused(project, **LOCKS_STAFF_OUT, alias_versions={"staff": {"version": old}})
            project.apply(**new, alias_versions={"staff": {"version": old}})

    assert set(clients.staff) == {"allowed"}
    assert set(clients.stranger) == {denied("Old."), denied("New.")}
