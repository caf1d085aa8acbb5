"""The pages for who carries on: every path, test and function that they name exists, and no module is left out."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.unit.connect_handler.test_layout import MODULES, PACKAGE
from tools import ROOT

DECISIONS = sorted(path for path in (ROOT / "docs" / "adr").glob("*.md") if path.name != "README.md")
ARCHITECTURE = ROOT / "docs" / "architecture.md"
SECURITY = ROOT / "docs" / "security.md"
PAGES = [ARCHITECTURE, SECURITY, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs" / "adr").glob("*.md"))]
MADE = (".venv", ".cache")
"""Folders that the targets of the Makefile make."""


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def code_of(page: Path) -> list[str]:
    """Return what stands in backticks, without blocks of code."""
    return re.findall(r"`([^`\n]+)`", without_blocks(text_of(page)))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", without_blocks(text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    tops = {path.name for path in ROOT.iterdir()} - set(MADE)
    paths = [code.partition("::")[0].rstrip("/") for code in code_of(page) if code.split("/")[0] in tops]
    missing = [path for path in paths if " " not in path and "<" not in path and not list(ROOT.glob(path))]
    packages = {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    short = [code for code in code_of(page) if "/" in code and code.split("/")[0] in packages - tops]
    assert missing + [path for path in short if not (PACKAGE / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not path.startswith("http") and (not target.exists() or (anchor and anchor not in anchors(target))):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    missing = []
    for code in code_of(page):
        path, separator, name = code.partition("::")
        if separator:
            start = f'run "{name}"' if path.endswith(".hcl") else f"def {name}("
            if start not in text_of(ROOT / path):
                missing.append(code)
    assert missing == []


def test_the_map_has_every_module_of_the_function() -> None:
    modules = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"}
    rows = re.findall(r"^\| `([a-z0-9_/]+\.py)` \|", text_of(ARCHITECTURE), re.MULTILINE)
    assert sorted(rows) == sorted(modules)


def test_the_arrows_of_the_map_are_the_imports() -> None:
    drawing = text_of(ARCHITECTURE).partition("flowchart RL")[2].partition("```")[0]
    arrows = {
        source: set(targets.split(" & "))
        for source, targets in re.findall(r"^ +(\w+) --> (.+)$", drawing, re.MULTILINE)
    }
    imports: dict[str, set[str]] = {}
    for module, others in MODULES.items():
        package = module.partition(".")[0]
        imports.setdefault(package, set()).update(one.partition(".")[0] for one in others)
    assert closed(arrows) == closed({name: others - {name} for name, others in imports.items() if name != "__init__"})


def closed(edges: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return everything that each name leads to, without names that lead nowhere."""
    reached = {name: set(others) for name, others in edges.items() if others}
    for _ in edges:
        reached = {name: others.union(*(reached.get(one, set()) for one in others)) for name, others in reached.items()}
    return reached


def test_every_function_that_the_map_names_exists() -> None:
    named = re.findall(r"`([a-z0-9_/]+\.py)`[ |:]+`([A-Za-z_.]+)`", text_of(ARCHITECTURE))
    assert len(named) > 30
    missing = [
        (path, name)
        for path, name in named
        if not re.search(rf"(def|class|^) *{name.rpartition('.')[2]}\b", text_of(PACKAGE / path), re.MULTILINE)
    ]
    assert missing == []


def test_the_reading_order_says_how_much_there_is_to_read() -> None:
    """Nobody keeps the last line up to date, so the numbers are about right."""
    rows = re.findall(r"^\| \d+ \| (.*?) \| ([\d,]+) \|", text_of(SECURITY), re.MULTILINE)
    assert len(rows) == 10
    wrong = {}
    for parts, number in rows:
        said, lines = int(number.replace(",", "")), 0
        for part in re.findall(r"`([^`]+)`", parts):
            paths = (PACKAGE / part).rglob("*.py") if (PACKAGE / part).is_dir() else [PACKAGE / part]
            lines += sum(path.read_text(encoding="utf-8").count("\n") for path in paths)
        if abs(said - lines) > max(50, lines // 4):
            wrong[parts] = lines
    assert wrong == {}


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_is_a_short_page_that_the_list_names(page: Path) -> None:
    text = text_of(page)
    assert text.count("\n") <= 40
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    title = text.partition("\n")[0].removeprefix(f"# {int(page.name[:4])}. ")
    assert f"[{title}]({page.name})" in text_of(page.parent / "README.md")
