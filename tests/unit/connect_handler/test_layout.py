"""The layout of the function: imports point one way, inside functions and for types too."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[3] / "lambda_src" / "connect_handler"
LAYERS = ("contract", "settings", "facts", "policy", "decision", "evidence", "decision_log", "policy_source")
"""A module may import from those before it, and from its own package. What is not here is an entry point."""


def imports(path: Path) -> set[str]:
    """Return the modules of the function that a file imports, anywhere in it: ``policy.model``."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            found.add(".".join((*path.relative_to(PACKAGE).parts[:-1], node.module or "")))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("connect_handler."):
            found.add(str(node.module).removeprefix("connect_handler."))
        elif isinstance(node, ast.ImportFrom) and node.module == "connect_handler":
            found.update(alias.name for alias in node.names)
    return found


MODULES = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): imports(path) for path in PACKAGE.rglob("*.py")}


def layer(module: str) -> int:
    package = module.partition(".")[0]
    return LAYERS.index(package) if package in LAYERS else len(LAYERS)


def test_imports_point_to_earlier_layers_alone() -> None:
    upwards = {(name, other) for name, others in MODULES.items() for other in others if layer(other) > layer(name)}
    assert upwards == set()


def test_no_module_imports_itself_in_the_end() -> None:
    reached = {name: set(others) for name, others in MODULES.items()}
    for _ in MODULES:
        reached = {
            name: others.union(*(reached[one] for one in others if one in reached)) for name, others in reached.items()
        }
    assert [name for name, others in reached.items() if name in others] == []
    assert {one for others in MODULES.values() for one in others} <= MODULES.keys()
