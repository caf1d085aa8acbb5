"""`cvpn simulate`, the deployed bundle under AWS's runtime client, and the plain reference say the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from connect_handler.policy.document import read_policy
from connect_handler.policy.problems import PolicyError
from cvpn.times import parse_time
from localaws import LocalAws
from tests.examples import examples
from tests.unit.connect_handler import reference
from tests.unit.connect_handler.strategies import policies, requests
from tests.unit.localaws.helpers import ACCOUNT
from tools.bundle import BUNDLE

from .running import cvpn

NAME = "AWSClientVPN-agreement"

Ask = Callable[[str, list[tuple[dict[str, Any], str]]], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def ask_the_function() -> Iterator[Ask]:
    """Returns a function that deploys a policy, invokes the function for each request under an alias, and returns the
    lines of the decision log."""
    with LocalAws(account_id=ACCOUNT) as aws:
        functions = aws.client("lambda")
        role = aws.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        functions.create_function(
            FunctionName=NAME,
            Runtime="python3.13",
            Role=role,
            Handler="connect_handler.handler.handler",
            Code={"ZipFile": BUNDLE.read_bytes()},
        )
        for alias in ("staff", "live"):
            functions.create_alias(FunctionName=NAME, Name=alias, FunctionVersion="$LATEST")
        seen = 0

        def ask(policy: str, asked: list[tuple[dict[str, Any], str]]) -> list[dict[str, Any]]:
            nonlocal seen
            functions.update_function_configuration(FunctionName=NAME, Environment={"Variables": {"POLICY": policy}})
            for event, alias in asked:
                functions.invoke(FunctionName=NAME, Qualifier=alias, Payload=json.dumps(event))
            messages = [message for message in aws.log_messages(f"/aws/lambda/{NAME}") if message.startswith("{")]
            new, seen = messages[seen:], len(messages)
            return [json.loads(message) for message in new]

        yield ask


# Few policies with up to 12 requests each: a policy costs a cold start.
# A failure is shown as it is found: to make it smaller would take hundreds of cold starts.
@examples(
    0.6,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    document=policies(),
    asked=st.lists(st.tuples(requests(), st.sampled_from(["staff", "live", "$LATEST"])), min_size=6, max_size=12),
)
def test_all_three_decide_alike(
    document: dict[str, Any],
    asked: list[tuple[dict[str, Any], str]],
    ask_the_function: Ask,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    text = json.dumps(document)
    try:
        read_policy(text)
    except PolicyError:
        return
    lines = ask_the_function(text, asked)
    assert len(lines) == len(asked)

    file = tmp_path_factory.mktemp("agreement") / "policy.json"
    file.write_text(text)
    logged = "\n".join(map(json.dumps, lines)).encode()
    simulated = cvpn("simulate", "-p", file, "-", "-o", "json", stdin=logged).json_lines
    for line, simulation, (event, alias) in zip(lines, simulated, asked, strict=True):
        assert simulation == {key: line[key] for key in simulation}
        at = parse_time(line["time"])
        assert at is not None
        expected = reference.decide(document, event, None if alias == "$LATEST" else alias, at)
        expected["unknown"] = [{"rule": rule, "conditions": conditions} for rule, conditions in expected["unknown"]]
        assert not expected.pop("ends")  # without evidence there is nobody to end, and the line does not say so
        assert {key: line[key] for key in expected} == expected
