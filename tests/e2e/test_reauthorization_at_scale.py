"""Re-authorization of as many connections as AWS lets an endpoint have, by the deployed function."""

from __future__ import annotations

import pytest

from benchmarks import reauthorization
from localaws import LocalAws

pytestmark = pytest.mark.slow


def test_126_000_connections_are_decided_on_in_one_run_though_ec2_throttles() -> None:
    with LocalAws(account_id="777777777777", transition_seconds=0.0) as aws:
        reauthorization.prepare(aws, reauthorization.LARGEST)
        throttled = [
            aws.disturb("ec2", operation, error="RequestLimitExceeded", status=503, times=3)
            for operation in ("DescribeClientVpnConnections", "TerminateClientVpnConnections")
        ]
        result, seconds, memory = reauthorization.run(aws)
        assert [disturbance.requests for disturbance in throttled] == [3, 3]
    assert (result["connections"], result["denied"], result["terminated"]) == (126_000, 126, 126)
    assert result["problems"] == []
    assert seconds < 900, "Lambda would have ended it"
    assert memory < 256, "it grows with the number of connections"
