"""Every alarm goes off for its own cause, and is over when the cause is gone; what is off is not created."""

from __future__ import annotations

import json
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connect_handler.contract.request import FIELDS
from cvpn.schemas.decision_log import FIELDS_OF_A_LINE
from localaws import LocalAws
from localaws.certificates import CertificateAuthority
from tests.e2e.certificates import saml_metadata
from tests.e2e.deployment import Deployment, applied
from tests.unit.localaws.helpers import eventually

FUNCTION = "AWSClientVPN-corp"
STAFF = {"common_name": "staff-1.example.com"}
RULES = [{"name": "staff", "effect": "allow", "when": {"common_name": ["staff-*", "breaks-*"]}}]

HOURLY = tuple(f"{FUNCTION}-{name}" for name in ("crl-expiry", "idp-certificate-expiry", "shadow-mode"))
"""Alarms that look at an hour; the others look at five minutes."""

BREAKS = '''
"""The module's own handler, broken for those whose certificate says so."""
import time
from connect_handler import handler as own


def handler(event, context):
    name = event.get("common-name", "")
    if name == "breaks-with-an-error":
        raise RuntimeError("no policy")
    if name == "breaks-the-answer":
        return "yes"
    if name == "breaks-by-thinking":
        time.sleep(8)
    if name != "breaks-inside":
        return own.handler(event, context)
    evaluate, own.evaluate = own.evaluate, None
    try:
        return own.handler(event, context)
    finally:
        own.evaluate = evaluate
'''


@pytest.fixture(scope="module")
def local_aws() -> Iterator[LocalAws]:
    """AWS in which Client VPN gives up on a handler after six seconds rather than thirty."""
    with LocalAws(account_id="444444444444", client_connect_timeout=6) as aws:
        yield aws


@pytest.fixture(scope="module")
def saml_provider_arn(local_aws: LocalAws) -> str:
    metadata = saml_metadata(expires_in=timedelta(days=10))
    iam = local_aws.client("iam")
    return str(iam.create_saml_provider(Name="idp", SAMLMetadataDocument=metadata)["SAMLProviderArn"])


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The module's bundle, with a module in it that breaks it for some."""
    path = tmp_path_factory.mktemp("bundle") / "breaks.zip"
    own = Path(__file__).parents[2] / "modules" / "handler" / "connect_handler.zip"
    path.write_bytes(own.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("breaks.py", BREAKS)
    return str(path)


@pytest.fixture(scope="module")
def stack(
    local_aws: LocalAws,
    deploy: Callable[..., Deployment],
    server_certificate_arn: str,
    client_certificate_arn: str,
    saml_provider_arn: str,
    bundle: str,
) -> Iterator[Deployment]:
    """The root module with two endpoints, a handler that can break, and every alarm; destroyed after the tests.

    Destroying it leaves nothing behind.
    """
    deployment = deploy(".")
    mutual = {"root_certificate_chain_arn": client_certificate_arn}
    deployment.variables = {
        "name": "corp",
        "rules": RULES,
        "handler": {
            "timeout": 30,
            "bundle": {"local_path": bundle, "handler": "breaks.handler"},
            "provisioned_concurrency": {"staff": 1},
        },
        "endpoints": {
            "staff": {
                "server_certificate_arn": server_certificate_arn,
                "client_cidr_block": "10.252.0.0/22",
                "authentication": {"mutual": mutual},
            },
            "office": {
                "server_certificate_arn": server_certificate_arn,
                "client_cidr_block": "10.253.0.0/22",
                "authentication": {"saml": {"provider_arn": saml_provider_arn}},
            },
        },
        "monitoring": {
            "alarm_actions": ["arn:aws:sns:eu-central-1:444444444444:alarms"],
            "alarms": {
                "handler_denied_connections": {"threshold": 2},
                "denial_rate": {"minimum_decisions": 4},
                "duration": {"threshold": 7000},
            },
        },
    }
    with applied(local_aws, deployment):
        yield deployment


@pytest.fixture
def project(stack: Deployment) -> Deployment:
    """The stack, with its own variables."""
    stack.ensure()
    return stack


class Watch:
    """Looks which alarms go off for a cause, and whether they are over once it is gone."""

    def __init__(self, local_aws: LocalAws, project: Deployment) -> None:
        self.aws = local_aws
        self.ids = project.outputs["endpoint_ids"]
        # What earlier causes have left is out of every alarm's sight.
        self._began = time.time()

    def connect(self, endpoint: str = "staff", **attributes: Any) -> str | None:
        """Connect, and return the failure reason."""
        attempt = self.aws.connect(self.ids[endpoint], **attributes)
        if attempt.allowed:
            self.aws.disconnect(attempt.connection_id)
        return attempt.failure_reason

    def ringing(self) -> set[str]:
        """Return the alarms that go off for what has happened since the test began, or the cause was gone."""
        soon, later = (self.aws.alarm_states(self._began + seconds) for seconds in (300, 3600))
        names = [name for name in soon if (later if name.startswith(HOURLY) else soon)[name] == "ALARM"]
        return {name.removeprefix(f"{FUNCTION}-") for name in names}

    def gone(self) -> None:
        """Look from now on at what comes after the cause."""
        time.sleep(1.1)
        self._began = time.time()

    def think_too_long(self, clients: int) -> set[str | None]:
        """Connect clients about whom the handler thinks too long; return the failure reasons once it has ended."""
        ended = self._invocations() + clients
        with ThreadPoolExecutor() as pool:
            reasons = set(pool.map(lambda _: self.connect(common_name="breaks-by-thinking"), range(clients)))
        # The invocations go on for some seconds after Client VPN has given up.
        eventually(self._invocations, ended, 60)
        return reasons

    def _invocations(self) -> float:
        # Lambda counts an invocation when it ends. A look a moment is enough.
        time.sleep(0.2)
        return self.aws.metric_sum("AWS/Lambda", "Invocations", {"FunctionName": FUNCTION})

    @contextmanager
    def unreachable_lambda(self) -> Iterator[None]:
        """Let Client VPN find no Lambda while the block lasts."""
        self.aws.settings.lambda_endpoint_url = "http://127.0.0.1:9"
        try:
            yield
        finally:
            self.aws.settings.lambda_endpoint_url = None

    @contextmanager
    def no_concurrency(self) -> Iterator[None]:
        """Let the function run nowhere while the block lasts."""
        client = self.aws.client("lambda")
        name = {"FunctionName": FUNCTION}
        (provisioned,) = client.list_provisioned_concurrency_configs(**name)["ProvisionedConcurrencyConfigs"]
        qualifier = provisioned["FunctionArn"].rpartition(":")[2]
        count = provisioned["RequestedProvisionedConcurrentExecutions"]
        # Lambda takes no reservation below what is provisioned: that has to go first.
        client.delete_provisioned_concurrency_config(**name, Qualifier=qualifier)
        client.put_function_concurrency(**name, ReservedConcurrentExecutions=0)
        try:
            yield
        finally:
            client.delete_function_concurrency(**name)
            client.put_provisioned_concurrency_config(
                **name, Qualifier=qualifier, ProvisionedConcurrentExecutions=count
            )

    @contextmanager
    def policy_by_hand(self, policy: dict[str, Any]) -> Iterator[None]:
        """Let the endpoint's alias serve a version with another policy, which no gate has seen."""
        client = self.aws.client("lambda")
        name = {"FunctionName": FUNCTION}
        served = client.get_alias(**name, Name="staff")["FunctionVersion"]
        variables = client.get_function_configuration(**name)["Environment"]
        client.update_function_configuration(**name, Environment={"Variables": {"POLICY": json.dumps(policy)}})
        version = client.publish_version(**name)["Version"]
        client.update_alias(**name, Name="staff", FunctionVersion=version)
        try:
            yield
        finally:
            client.update_alias(**name, Name="staff", FunctionVersion=served)
            client.update_function_configuration(**name, Environment=variables)
            client.delete_function(**name, Qualifier=version)


@pytest.fixture
def watch(local_aws: LocalAws, project: Deployment) -> Watch:
    watch = Watch(local_aws, project)
    watch.gone()
    return watch


def test_nothing_rings_while_all_is_well(watch: Watch) -> None:
    assert watch.connect(**STAFF) is None
    assert watch.ringing() == set()


@pytest.mark.parametrize(
    ("attributes", "times", "reason", "alarms"),
    [
        (
            {"common_name": "stranger"},
            4,
            "client-connect-failed",
            {"handler-denied-connections-staff", "denial-rate"},
        ),
        (
            {"common_name": "breaks-with-an-error"},
            1,
            "client-connect-handler-other-execution-error",
            {"handler-other-execution-errors-staff", "errors-staff"},
        ),
        (
            {"common_name": "breaks-the-answer"},
            1,
            "client-connect-handler-invalid-response",
            {"handler-invalid-responses-staff"},
        ),
        ({"common_name": "breaks-inside"}, 1, "client-connect-failed", {"internal-errors"}),
    ],
    ids=["denials", "errors", "answers", "internal"],
)
def test_a_cause_rings_its_alarms_and_no_others(
    watch: Watch, attributes: dict[str, Any], times: int, reason: str, alarms: set[str]
) -> None:
    assert {watch.connect(**attributes) for _ in range(times)} == {reason}
    assert watch.ringing() == alarms

    watch.gone()
    watch.connect(**STAFF)
    assert watch.ringing() == set()


def test_a_handler_that_thinks_too_long_rings(watch: Watch) -> None:
    assert watch.think_too_long(clients=1) == {"client-connect-handler-timed-out"}
    assert watch.ringing() == {"handler-timeouts-staff", "duration-staff"}

    watch.gone()
    assert watch.connect(**STAFF) is None
    assert watch.ringing() == set()


def test_a_lambda_that_does_not_answer_rings(watch: Watch) -> None:
    with watch.unreachable_lambda():
        assert watch.connect(**STAFF) == "client-connect-handler-service-error"
    assert watch.ringing() == {"handler-failed-service-errors-staff"}

    watch.gone()
    assert watch.connect(**STAFF) is None
    assert watch.ringing() == set()


def test_a_request_that_is_none_rings(watch: Watch) -> None:
    watch.aws.client("lambda").invoke(FunctionName=FUNCTION, Qualifier="staff", Payload=b'{"username": "anna"}')
    assert watch.ringing() == {"invalid-requests"}

    watch.gone()
    assert watch.connect(**STAFF) is None
    assert watch.ringing() == set()


def test_more_connections_than_environments_ring(watch: Watch) -> None:
    assert watch.think_too_long(clients=2) == {"client-connect-handler-timed-out"}
    assert {"provisioned-concurrency-spillover", "duration-staff"} <= watch.ringing()

    watch.gone()
    assert watch.connect(**STAFF) is None
    assert watch.ringing() == set()


def test_a_revocation_list_that_expires_soon_rings(watch: Watch) -> None:
    def publish(days: int) -> None:
        text = CertificateAuthority().revocation_list(validity=timedelta(days=days, hours=1))
        watch.aws.client("ec2").import_client_vpn_client_certificate_revocation_list(
            ClientVpnEndpointId=watch.ids["staff"], CertificateRevocationList=text
        )

    publish(10)
    assert watch.ringing() == {"crl-expiry-staff"}

    watch.gone()
    publish(90)
    assert watch.ringing() == set()


def test_an_identity_provider_whose_certificate_expires_soon_rings(watch: Watch, saml_provider_arn: str) -> None:
    watch.connect("office", username="anna@example.com")
    assert watch.ringing() == {"idp-certificate-expiry-office"}

    watch.aws.client("iam").update_saml_provider(
        SAMLProviderArn=saml_provider_arn, SAMLMetadataDocument=saml_metadata(expires_in=timedelta(days=300))
    )
    watch.gone()
    watch.connect("office", username="anna@example.com")
    assert watch.ringing() == set()


def test_a_function_without_concurrency_rings(watch: Watch) -> None:
    with watch.no_concurrency():
        assert watch.connect(**STAFF) == "client-connect-handler-throttled"
    assert watch.ringing() == {"handler-throttling-errors-staff", "throttles-staff"}

    watch.gone()
    assert watch.connect(**STAFF) is None
    assert watch.ringing() == set()


@pytest.mark.slow
def test_a_function_that_may_not_run_rings(watch: Watch, project: Deployment) -> None:
    # What is provisioned has to go first.
    unprovisioned = {"timeout": 30, "bundle": project.variables["handler"]["bundle"]}
    project.apply(handler=unprovisioned)
    project.apply(handler={**unprovisioned, "reserved_concurrent_executions": 0})
    watch.gone()
    assert watch.connect(**STAFF) == "client-connect-handler-throttled"
    assert watch.ringing() == {"handler-throttling-errors-staff", "throttles-staff"}

    project.apply()
    watch.gone()
    assert watch.connect(**STAFF) is None
    assert watch.ringing() == set()


def said(log: list[str]) -> str:
    """Return what Terraform said, without its frames and line breaks."""
    return " ".join(" ".join(log).replace("│", " ").split())


@pytest.mark.slow
def test_shadow_mode_is_in_the_plan_in_the_log_in_the_metrics_and_rings(watch: Watch, project: Deployment) -> None:
    log = project.apply(shadow_mode=True)
    assert "shadow_mode is on: everybody who authenticates is connected" in said(log)

    watch.gone()
    attempt = watch.aws.connect(watch.ids["staff"], common_name="stranger")
    assert attempt.allowed
    (line,) = [json.loads(text) for text in attempt.function_log if text.startswith("{")]
    assert (line["shadow_mode"], line["effect"], line["reason"]) == (True, "deny", "implicit-deny")
    assert "shadow-mode" in watch.ringing()

    log = project.apply()
    assert "shadow_mode is on" not in said(log)
    watch.gone()
    assert watch.connect(common_name="stranger") == "client-connect-failed"
    assert watch.ringing() == set()


def test_a_function_whose_policy_was_changed_by_hand_rings(watch: Watch) -> None:
    with watch.policy_by_hand({}):
        assert watch.connect(**STAFF) == "client-connect-failed"
    assert watch.ringing() == {"policy-errors"}

    watch.gone()
    assert watch.connect(**STAFF) is None
    assert watch.ringing() == set()


def test_shadow_mode_rings(watch: Watch) -> None:
    with watch.policy_by_hand({"rules": RULES, "shadow_mode": True}):
        assert watch.connect(common_name="stranger") is None
    assert "shadow-mode" in watch.ringing()

    watch.gone()
    assert watch.connect(common_name="stranger") == "client-connect-failed"
    assert watch.ringing() == set()


def test_every_alarm_was_rung_by_a_test_here(local_aws: LocalAws, project: Deployment) -> None:
    source = Path(__file__).read_text()
    names = {alarm.partition("/")[0].replace("_", "-") for alarm in project.outputs["alarm_arns"]}
    assert {name for name in names if f'"{name}' not in source} == set()


def test_every_alarm_says_what_it_means_and_tells_who_wants_to_know(local_aws: LocalAws, project: Deployment) -> None:
    alarms = local_aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert len(alarms) == len(project.outputs["alarm_arns"]) == 26
    for alarm in alarms:
        assert len(alarm["AlarmDescription"]) > 80
        assert alarm["AlarmActions"] == ["arn:aws:sns:eu-central-1:444444444444:alarms"]
        assert alarm["TreatMissingData"] == "notBreaching"


def alarms_in(module: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the alarms of a plan's module and of those in it, by what they are for."""
    for resource in module.get("resources", []):
        if resource["type"] == "aws_cloudwatch_metric_alarm":
            yield str(resource["index"]).partition("/")[0], resource["values"]
    for child in module.get("child_modules", []):
        yield from alarms_in(child)


@pytest.mark.slow
def test_the_readme_says_what_each_alarm_looks_at_by_default(project: Deployment) -> None:
    readme = (Path(__file__).parents[2] / "modules" / "monitoring" / "README.md").read_text()
    period_pattern = r"\d+|three runs of `schedule`, 900 or more"
    rows = re.findall(rf"^\| `(\w+)` \| .* \| (\d+|half of `timeout`) \| ({period_pattern}) \|$", readme, re.MULTILINE)
    changed = project.variables["monitoring"]["alarms"]
    documented = {
        # Three runs of the default schedule take 900 seconds.
        name: (15000 if threshold.startswith("half") else int(threshold), int(period) if period.isdigit() else 900)
        for name, threshold, period in rows
    }
    # With everything that there can be an alarm about.
    everything = project.planned(device_inventory={}, session_limits={}, reauthorization={})
    planned = dict(alarms_in(everything["planned_values"]["root_module"]))
    assert set(documented) == set(planned)
    for name in set(planned) - set(changed):
        assert documented[name] == (planned[name]["threshold"], planned[name]["period"])


def test_queries_and_dashboard_ask_for_fields_that_the_logs_have(local_aws: LocalAws, project: Deployment) -> None:
    queries = local_aws.client("logs").describe_query_definitions()["queryDefinitions"]
    body = json.loads(local_aws.client("cloudwatch").get_dashboard(DashboardName=FUNCTION)["DashboardBody"])
    texts = [query["queryString"] for query in queries]
    texts += [widget["properties"]["query"] for widget in body["widgets"] if widget["type"] == "log"]
    endpoint = project.outputs["endpoint_ids"]["staff"]
    local_aws.connect(endpoint, **STAFF)
    connection_log = set(local_aws.connection_log(endpoint)[-1]) | {"username"}

    known = {f"request.{field}" for field in FIELDS} | set(FIELDS_OF_A_LINE) | connection_log
    known |= {"shadow.effect", "shadow.rule", "posture.0", "@timestamp", "@logStream"}
    words = set()
    for text in texts:
        text = re.sub(r"SOURCE '[^']*'|\"[^\"]*\"", " ", text)
        text = re.sub(r"\bas \w+", " ", text)
        named = set(re.findall(r"\bas (\w+)", re.sub(r"\"[^\"]*\"", " ", text)))
        words |= {word.strip("`") for word in re.findall(r"`[^`]+`|@?[a-z][\w.]*", text)} - named
    language = {"fields", "filter", "stats", "sort", "limit", "by", "desc", "not", "or", "and", "ispresent", "coalesce"}
    language |= {"count", "count_distinct", "min", "max", "sortsLast"}
    aliases = {"connection_id", "at", "denials", "connections", "users", "user", "told"}
    assert words - language - aliases - known == set()


def test_the_dashboard_shows_metrics_that_are_published(watch: Watch) -> None:
    cloudwatch = watch.aws.client("cloudwatch")
    body = json.loads(cloudwatch.get_dashboard(DashboardName=FUNCTION)["DashboardBody"])
    shown = {
        (row[0], row[1])
        for widget in body["widgets"]
        if widget["type"] == "metric"
        for row in widget["properties"]["metrics"]
    }
    for name in ("staff-1", "stranger", "breaks-with-an-error", "breaks-the-answer"):
        watch.connect(common_name=name)
    watch.think_too_long(clients=2)
    with watch.unreachable_lambda():
        watch.connect(**STAFF)
    with watch.no_concurrency():
        watch.connect(**STAFF)
    with watch.policy_by_hand({"rules": RULES, "shadow_mode": True}):
        watch.connect(**STAFF)
    paginator = cloudwatch.get_paginator("list_metrics")
    published = {
        (metric["Namespace"], metric["MetricName"]) for page in paginator.paginate() for metric in page["Metrics"]
    }
    # No shadow rule is in this policy.
    assert shown - published == {("ClientVPNConnectHandler", "ShadowRuleDifferences")}


def test_a_second_plan_has_nothing_to_do(project: Deployment) -> None:
    assert project.is_stable()


@pytest.mark.slow
def test_what_is_off_is_not_created(local_aws: LocalAws, project: Deployment) -> None:
    off = {alarm.partition("/")[0]: {"enabled": False} for alarm in project.outputs["alarm_arns"]}
    project.apply(monitoring={"alarms": off, "dashboard": False, "queries": False})
    cloudwatch = local_aws.client("cloudwatch")
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []
    assert cloudwatch.list_dashboards()["DashboardEntries"] == []
    assert local_aws.client("logs").describe_query_definitions()["queryDefinitions"] == []
