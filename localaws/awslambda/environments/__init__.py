"""Execution environments: processes that run a function's code under AWS's runtime client, one invocation at a time.

An environment speaks Lambda's Runtime API with its process over a loopback socket of its own. It has no thread: its
user drives it. In between, the process waits for its next invocation, as Lambda leaves it frozen.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from .blueprint import Blueprint
from .environment import ExecutionEnvironment
from .outcome import MAX_PAYLOAD, Outcome
from .pool import ExecutionEnvironments

__all__ = ["MAX_PAYLOAD", "Blueprint", "ExecutionEnvironment", "ExecutionEnvironments", "Outcome"]
