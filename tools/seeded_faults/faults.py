"""A seeded fault, and the file that it is read from."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

FOLDER = "tests/seeded_faults"

PARTS: dict[str, tuple[str, ...]] = {
    "lambda_src": ("lambda_src/**/*.py",),
    "cvpn": ("cvpn/**/*.py",),
    "localaws": ("localaws/**/*.py",),
    "tools": ("tools/**/*.py",),
    "modules": ("modules/**/*.tf",),
    "root": ("*.tf",),
}
"""Where the code of each part is."""

_KEYS = {"why", "part", "definition", "block", "module", "find", "replace", "tests"}


class FaultError(Exception):
    """A fault cannot be made or examined; the message says why."""


@dataclass(frozen=True)
class Fault:
    """A change that breaks the behaviour.

    Attributes
    ----------
    name
        Of its file, without the suffix.
    why
        What the code has to do, and the fault keeps it from.
    part
        Key of :data:`PARTS`.
    definition
        Qualified name of a function, a method, a class or a constant; None in Terraform files.
    block
        First line of a block, without its brace; None in Python files.
    module
        Module that the block is in; None for any.
    find, replace
        Text in the definition or the block, and what takes its place.
    tests
        Files, or single tests, that are expected to find it.
    """

    name: str
    why: str
    part: str
    definition: str | None
    block: str | None
    module: str | None
    find: str
    replace: str
    tests: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> Fault:
        """Read a fault from its file.

        Raises
        ------
        FaultError
            The file is none.
        """
        try:
            value = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise FaultError(f"is not TOML: {error}") from None
        unknown = sorted(value.keys() - _KEYS)
        if unknown:
            raise FaultError(f"has the unknown key {unknown[0]}; write some of {', '.join(sorted(_KEYS))}")
        for key in ("why", "part", "find"):
            if not isinstance(value.get(key), str) or not value[key].strip():
                raise FaultError(f"has no {key}")
        for key in ("definition", "block", "module", "replace"):
            if not isinstance(value.get(key, ""), str):
                raise FaultError(f"has a {key} that is no text")
        if value["part"] not in PARTS:
            raise FaultError(f"has the unknown part {value['part']}; write one of {', '.join(PARTS)}")
        if ("definition" in value) == ("block" in value):
            raise FaultError("needs either a definition or a block")
        tests = value.get("tests")
        if not isinstance(tests, list) or not tests or not all(isinstance(test, str) for test in tests):
            raise FaultError("has no tests; name those that are expected to find it")
        return cls(
            path.stem,
            value["why"],
            value["part"],
            value.get("definition"),
            value.get("block"),
            value.get("module"),
            value["find"],
            value.get("replace", ""),
            tuple(tests),
        )


def fault_files(root: Path) -> dict[str, Path]:
    """Return the files of all faults of a checkout, by name."""
    return {path.stem: path for path in sorted((root / FOLDER).glob("*.toml"))}
