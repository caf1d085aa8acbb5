"""Writes docs/decision-log.md from the schema of a line, and from lines that the handler writes.

``python -m tools.decision_log_docs`` fills the page; ``--check`` tells whether it is stale, and writes nothing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from connect_handler.decision.result import decide
from connect_handler.decision_log.entry import DecisionLog
from connect_handler.policy.document import read_policy
from connect_handler.policy_tests import complete_event
from connect_handler.settings import Settings
from cvpn.policy.source import policy_from_files
from cvpn.schemas.decision_log import FIELDS_OF_A_LINE
from tools import ROOT, generated

PAGE = ROOT / "docs" / "decision-log.md"
EXAMPLE = ROOT / "examples" / "minimal" / "terraform.tfvars"

AT = 1_795_417_200.0
"""2026-11-23 07:00 UTC."""

ANNA = {
    "connection-id": "cvpn-connection-0a1b2c3d4e5f67890",
    "username": "anna@example.com",
    "groups": ["engineering"],
    "platform": "win",
    "platform-version": "10.0.17763",
    "public-ip": "203.0.113.5",
    "client-openvpn-version": "2.6.12",
    "aws-client-version": "5.3.4",
}


def _line(fields: Mapping[str, Any], **environment: str) -> str:
    settings = Settings(
        {
            "POLICY": policy_from_files([EXAMPLE]).text,
            "AWS_LAMBDA_FUNCTION_NAME": "AWSClientVPN-corp",
            "AWS_LAMBDA_FUNCTION_VERSION": "7",
            **environment,
        }
    )
    event = complete_event(dict(fields))
    policy = read_policy(settings.policy)
    result = decide(policy, event, "staff", AT)
    text = DecisionLog(settings).line(
        result,
        event=event,
        alias="staff",
        now=AT,
        duration_us=52,
        shadow_mode=policy.shadow_mode,
        policy_digest=policy.digest,
    )
    return "```json\n" + json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n```"


def parts() -> Mapping[str, str]:
    """Return the generated parts of the page."""
    rows = [f"| `{name}` | {meaning} |" for name, (_, meaning) in FIELDS_OF_A_LINE.items()]
    redacted = {"LOG_REDACT": "username,public_ip", "LOG_REDACT_KEY": "0" * 64}
    return {
        "fields": "\n".join(["| Field | Meaning |", "|---|---|", *rows]),
        "denied": _line(ANNA),
        "redacted": _line(ANNA, **redacted),
        "sampled": _line(ANNA | {"platform": "mac"}, LOG_SAMPLE_ALLOWED="0"),
    }


def main(arguments: Sequence[str] | None = None, page: Path = PAGE) -> int:
    """Write or check the page; 0: done, or up to date."""
    description = (__doc__ or "").split("\n")[0]
    what = "what the handler writes"
    return generated.write_or_check(arguments, "tools.decision_log_docs", description, {page: parts()}, what)


if __name__ == "__main__":
    sys.exit(main())
