"""How much of the function's environment a policy takes, measured as modules/policy measures it."""

from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from connect_handler.settings import POLICY
from cvpn.policy.source import PolicySource

MAX_BYTES = 4096
"""Of a function's environment, https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

MARGIN = 0.05
"""By how much two programs that make gzip can differ in what they make of one text."""


@dataclass(frozen=True)
class Size:
    """The size of a policy.

    Attributes
    ----------
    document
        Bytes of the policy document.
    environment
        Bytes of the function's environment that it takes, of MAX_BYTES.
    packed
        Whether it is there as gzip in base64, because it does not fit as it is.
    exact
        False where only Terraform could tell how well its gzip does, and there is none here.
    has_bucket
        Whether the function reads it from a bucket if it does not fit then either.
    """

    document: int
    environment: int
    packed: bool
    exact: bool
    has_bucket: bool

    @property
    def fits(self) -> bool | None:
        """Whether the function's environment holds it; None where that cannot be told."""
        if not self.exact and abs(self.environment - MAX_BYTES) <= MARGIN * MAX_BYTES:
            return None
        return self.environment <= MAX_BYTES

    @property
    def stored(self) -> bool:
        """Whether the function reads it from a bucket, as its environment has no room for it."""
        return self.has_bucket and self.fits is False

    @property
    def refused(self) -> bool | None:
        """Whether a plan refuses it as too large; None where that cannot be told."""
        if self.has_bucket or self.fits:
            return False
        return None if self.fits is None else True


def size_of(source: PolicySource) -> Size:
    """Measure a policy."""
    document = len(source.text.encode())

    def size(environment: int, packed: bool, exact: bool = True) -> Size:
        return Size(document, environment, packed, exact, source.has_bucket)

    if source.environment is not None:
        return size(_measure(source.environment), not source.environment.startswith("{"))
    plain = _measure(source.text)
    if plain <= MAX_BYTES:
        return size(plain, False)
    packed = _pack_with_terraform(source.text)
    if packed is not None:
        return size(_measure("x" * packed), True)
    return size(_measure(base64.b64encode(gzip.compress(source.text.encode(), 6)).decode()), True, exact=False)


def _measure(environment: str) -> int:
    return len(json.dumps({POLICY: environment}, ensure_ascii=False, separators=(",", ":")).encode())


def _pack_with_terraform(text: str) -> int | None:
    """Return how long Terraform's ``base64gzip`` of a text is, or None where there is no Terraform to ask."""
    terraform = shutil.which("terraform")
    if terraform is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "policy.json").write_text(text, encoding="utf-8")
        result = subprocess.run(
            [terraform, "console"],
            cwd=folder,
            input='length(base64gzip(file("policy.json")))\n',
            env={**os.environ, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    answer = result.stdout.strip().splitlines()
    return int(answer[-1]) if result.returncode == 0 and answer and answer[-1].isdigit() else None
