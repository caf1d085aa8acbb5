"""Which package of the command line may import which."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import cvpn

ORDER = (
    ("failures", "times"),
    ("files", "aws", "output", "schemas"),
    ("lint", "policy", "requests"),
    ("size", "decisions"),
    ("options", "devices", "connections", "replay"),
    ("verbs",),
    ("cli",),
    ("__main__",),
)
"""A package imports itself and those of the lines above, nothing else of ours."""

ROOT = Path(str(cvpn.__file__)).parent


def imports(path: Path) -> set[str]:
    """The parts of the command line that a module imports, those inside functions and for types included."""
    package = path.relative_to(ROOT).parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            found.add(package[0])
        elif isinstance(node, ast.ImportFrom) and node.module == "cvpn":
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= _part(str(node.module))
        elif isinstance(node, ast.Import):
            found |= {part for name in node.names for part in _part(name.name)}
    return found


def _part(module: str) -> set[str]:
    parts = module.split(".")
    return {parts[1]} if parts[0] == "cvpn" else set()


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    name = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if name == "__init__":
        assert not imports(path)
        return
    (level,) = [level for level, names in enumerate(ORDER) if name in names]
    assert imports(path) <= {name}.union(*ORDER[:level])
