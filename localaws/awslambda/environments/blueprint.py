"""Blueprint of an execution environment."""

from __future__ import annotations

from dataclasses import dataclass, field

from localaws.awslambda.interpreters import Interpreter


@dataclass(frozen=True)
class Blueprint:
    """Version of a function, as an execution environment needs it. Only equal blueprints share environments.

    Attributes
    ----------
    revision
        Changes with code and configuration, so that $LATEST does not go on in old environments.
    """

    function_name: str
    version: str
    revision: str
    handler: str
    interpreter: Interpreter
    code_sha256: str
    code: bytes = field(repr=False, compare=False)
    layers: tuple[bytes, ...] = field(repr=False, compare=False)
    memory_mb: int
    timeout: float
    variables: dict[str, str] = field(repr=False, compare=False)
