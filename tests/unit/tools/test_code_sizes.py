"""tools/code_sizes counts lines and code, by package and on the audit path."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import code_sizes

SOURCE = '''"""A module."""

# A comment.
LIMIT = 3  # of something
"""The limit.

In pieces.
"""


def double(number: int) -> int:
    """Return twice a number."""
    text = """
    no docstring
    """
    return 2 * number + len(text)


class Counter:
    async def count(self) -> None:
        # Another comment.
        return None
'''


@pytest.fixture(autouse=True)
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(code_sizes, "FUNCTION", tmp_path)
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "model.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "settings.py").write_text("A = 1\n\nB = 2\n", encoding="utf-8")
    return tmp_path


def test_code_is_lines_without_blank_lines_comments_and_docstrings(function: Path) -> None:
    assert code_sizes.count_lines(function / "policy" / "model.py") == 22
    assert code_sizes.count_code(function / "policy" / "model.py") == 9


def test_methods_count_as_functions(function: Path) -> None:
    sizes = list(code_sizes.functions(function / "policy" / "model.py"))
    assert sizes == [("policy/model.py: double", 6), ("policy/model.py: count", 3)]


def test_the_report_has_packages_the_audit_path_the_total_and_the_longest_parts() -> None:
    assert code_sizes.report().splitlines() == [
        "                      lines   code",
        "policy                   22      9",
        "settings.py               3      2",
        "audit path               22      9",
        "total                    25     11",
        "",
        "longest files",
        "   22  policy/model.py",
        "    3  settings.py",
        "",
        "longest functions",
        "    6  policy/model.py: double",
        "    3  policy/model.py: count",
    ]
