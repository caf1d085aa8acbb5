"""How long ``cvpn replay`` takes on one core and on all, and how its memory grows with the log.

``python -m benchmarks.replay [DECISIONS]`` writes a log of that many decisions (default: a million, about 1.1 GB, in
the system's temporary folder) and one of a tenth of it, and replays them against a policy that changes a few.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from connect_handler.decision.result import decide
from connect_handler.decision_log.entry import DecisionLog
from connect_handler.policy.document import read_policy
from connect_handler.policy_tests import complete_event
from connect_handler.settings import Settings

BEFORE: dict[str, Any] = {
    "rules": [
        {"name": "outdated", "effect": "deny", "when": {"platform": ["win"], "platform_version": "< 10"}},
        {"name": "staff", "effect": "allow", "when": {"groups": ["engineering", "ops-*"]}},
    ]
}
AFTER = {"rules": [*BEFORE["rules"], {"name": "blocked", "effect": "deny", "when": {"public_ip": ["198.51.100.7"]}}]}
START = 1_767_225_600.0  # 2026-01-01
USERS = 5_000


def main() -> None:
    """Measure, and print a table."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "policy.json").write_text(json.dumps(AFTER))
        for file, size in (("tenth", number // 10), ("whole", number)):
            _write_log(folder / file, size)
        seconds = {}
        print(f"{'log':<8}{'decisions':>12}{'processes':>12}{'seconds':>10}{'MB':>8}")
        for file, size, jobs in (
            ("tenth", number // 10, 1),
            ("whole", number, 1),
            ("whole", number, os.cpu_count() or 1),
        ):
            seconds[file, jobs], megabytes = _replay(folder, file, jobs)
            print(f"{file:<8}{size:>12,}{jobs:>12}{seconds[file, jobs]:>10.1f}{megabytes:>8.0f}")
        all_cores = os.cpu_count() or 1
        print(
            f"{all_cores} processes are {seconds['whole', 1] / seconds['whole', all_cores]:.2f} times as fast as one."
        )


def _write_log(file: Path, number: int) -> None:
    chosen = random.Random(1)  # noqa: S311 - the same log each time
    settings = Settings({"POLICY": json.dumps(BEFORE), "AWS_LAMBDA_FUNCTION_NAME": "AWSClientVPN-corp"})
    policy = read_policy(settings.policy)
    with file.open("w") as log:
        for position in range(number):
            event = complete_event(
                {
                    "connection-id": f"cvpn-connection-{position:017x}",
                    "username": f"user{chosen.randrange(USERS)}@example.com",
                    "groups": [chosen.choice(["engineering", "ops-berlin", "sales"])],
                    "platform": chosen.choice(["win", "mac"]),
                    "platform-version": chosen.choice(["10.0.22631", "6.1", ""]),
                    "public-ip": f"198.51.100.{chosen.randrange(256)}",
                }
            )
            at = START + 10 * position
            result = decide(policy, event, "staff", at)
            line = DecisionLog(settings).line(
                result,
                event=event,
                alias="staff",
                now=at,
                duration_us=50,
                shadow_mode=policy.shadow_mode,
                policy_digest=policy.digest,
            )
            log.write(line + "\n")


def _replay(folder: Path, file: str, jobs: int) -> tuple[float, float]:
    """Return seconds, and megabytes of the largest process."""
    command = [sys.executable, "-m", "cvpn", "replay", "-p", "policy.json", file, "--jobs", str(jobs), "-o", "json"]
    started = time.perf_counter()
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 2:
        sys.exit(f"cvpn replay ended with status {process.returncode}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
