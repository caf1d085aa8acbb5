"""A handler that answers as the client's name says."""

from __future__ import annotations

from collections.abc import Callable

from localaws import ConnectionAttempt

NAME = "AWSClientVPN-test"

# Answers as the test says in the user name or, with mutual authentication, in the common name.
SCRIPTED = """
    import json, os, sys, time

    def handler(event, context):
        print("asked", event["schema-version"])
        script = json.loads(event["common-name"] or event["username"] or "{}")
        if "sleep" in script:
            time.sleep(script["sleep"])
        if "raise" in script:
            raise RuntimeError(script["raise"])
        if "exit" in script:
            os._exit(script["exit"])
        if "memory" in script:
            b"x" * (script["memory"] * 1024 * 1024)
        if "answer" in script:
            return script["answer"]
        message = "error-msg-on-denied-connection"
        if event["schema-version"] == "v1":
            message = "error-msg-on-failed-posture-compliance"
        answer = {
            "allow": True,
            message: "Not today.",
            "posture-compliance-statuses": ["compliant"],
            "schema-version": event["schema-version"],
        }
        answer.update(script.get("change", {}))
        for name in script.get("drop", []):
            del answer[name]
        return answer
"""

Attempt = Callable[..., ConnectionAttempt]
