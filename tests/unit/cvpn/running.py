"""Runs ``cvpn`` in this process, as a shell would."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from jsonschema import Draft202012Validator

from connect_handler.decision.result import POLICY_ERROR, decide, denial
from connect_handler.decision_log.entry import DecisionLog
from connect_handler.policy_source import PolicySource
from connect_handler.settings import Settings
from cvpn.cli import run
from cvpn.schemas.results import schemas

EVENTS = Path(__file__).parents[2] / "events"


@dataclass(frozen=True)
class Result:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one line of JSON that it printed."""
        (line,) = self.out.splitlines()
        return json.loads(line)

    @property
    def json_lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.split("\n") if line]


def cvpn(*arguments: str | Path, stdin: bytes = b"") -> Result:
    """Run a command; what it prints with ``-o json`` is held to its schema."""
    out, err = io.StringIO(), io.StringIO()
    words = [str(argument) for argument in arguments]
    with (
        redirect_stdout(out),
        redirect_stderr(err),
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin)))),
    ):
        status = run(words)
    result = Result(status, out.getvalue(), err.getvalue())
    verb = "-".join(words[:2]) if words[0] == "devices" else words[0]
    if ("json" in words or "jsonl" in words) and verb in schemas() and result.out[:1] == "{":
        for value in result.json_lines:
            Draft202012Validator(schemas()[verb]).validate(value)
    return result


def policy_file(folder: Path, policy: dict[str, Any], name: str = "policy.json") -> Path:
    """A policy document in a file."""
    file = folder / name
    file.write_text(json.dumps(policy))
    return file


def decision_line(
    policy: dict[str, Any], event: Any, at: float, alias: str | None = "staff", **environment: str
) -> str:
    """The line that the handler logs for a request, with more in its environment."""
    name = {"AWS_LAMBDA_FUNCTION_NAME": "AWSClientVPN-test"}
    settings = Settings({"POLICY": json.dumps(policy), **name, **environment})
    source = PolicySource(settings.policy)
    parsed = source.policy
    result = denial(event, alias, POLICY_ERROR, source.problems) if parsed is None else decide(parsed, event, alias, at)
    return DecisionLog(settings).line(
        result,
        event=event,
        alias=alias,
        now=at,
        duration_us=50,
        shadow_mode=parsed is not None and parsed.shadow_mode,
        policy_digest=source.digest,
    )
