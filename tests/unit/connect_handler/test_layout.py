"""The layout of the function: imports point one way, inside functions and for types too, and it stays small."""

from __future__ import annotations

import ast
from pathlib import Path

from tools.code_sizes import AUDIT_PATH, count_code, count_lines, files, functions

PACKAGE = Path(__file__).parents[3] / "lambda_src" / "connect_handler"
LAYERS = ("contract", "settings", "facts", "policy", "decision", "evidence", "decision_log", "policy_source")
"""A module may import from those before it, and from its own package. What is not here is an entry point."""

PURE = ("contract", "facts", "policy", "decision")
AWS = {"boto3", "botocore"}
OUTSIDE = {
    *AWS, "asyncio", "http", "random", "secrets", "subprocess", "threading", "urllib", "socket.socket",
    "os.environ", "os.getenv", "time.time", "time.time_ns", "time.monotonic", "time.perf_counter", "time.sleep",
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
}  # fmt: skip
"""Modules, and attributes of modules, by which code looks at more than its arguments."""


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


def uses(path: Path) -> set[str]:
    """Return the packages that a file imports, and the attributes of names that it uses: ``time.time``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            module = str(node.module)
            found.update({module.partition(".")[0], *(f"{module}.{alias.name}" for alias in node.names)})
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.add(f"{node.value.id}.{node.attr}")
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


def test_one_module_alone_asks_aws() -> None:
    assert [path.name for path in PACKAGE.rglob("*.py") if uses(path) & AWS] == ["aws.py"]


def test_decisions_read_no_clock_no_environment_and_no_network() -> None:
    paths = [path for name in PURE for path in (PACKAGE / name).rglob("*.py")]
    assert len(paths) > 20
    assert {(path.name, use) for path in paths for use in uses(path) & OUTSIDE} == set()


def test_a_security_engineer_can_read_the_function_in_an_afternoon() -> None:
    assert sum(map(count_lines, files())) < 5_000
    assert [str(file) for file in files() if count_lines(file) > 350] == []
    assert [name for file in files() for name, size in functions(file) if size > 60] == []
    assert {name for name in AUDIT_PATH if not files(name)} == set()
    assert sum(map(count_code, files(*AUDIT_PATH))) < 2_000
