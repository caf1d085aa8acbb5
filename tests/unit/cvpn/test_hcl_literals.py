"""Plain literals are read without python-hcl2 as they are read with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvpn.failures import Failure
from cvpn.files.hcl import read_hcl, read_with_grammar
from cvpn.files.hcl_literals import NotPlain, read_literals
from cvpn.files.source_map import SourceMap
from tests.examples import examples

ROOT = Path(__file__).parents[3]
WORDS = [
    *("a", "b-1", "_c", "rules", "true", "null", "for", "in", "if", "0", "7", "42", "007", "1.5", "-3", "1e3", "é"),
    *(
        '""',
        '"x"',
        '"a b"',
        '"#"',
        '"//"',
        '"$"',
        '"%"',
        '"$$"',
        '"${x}"',
        '"%%{"',
        '"\\n"',
        '"\\"',
        '"é"',
        '"\t"',
        "'x'",
    ),
    *("=", ":", ",", "[", "]", "{", "}", "(", ")", "?", "+", "==", "=>", "::", ".", "...", "<<E\nx\nE\n"),
    *("\n", "\r\n", "\n\n", " ", "  ", "\t", "# c\n", "// c\n", "/* c */", "# c", ""),
]
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters='"\\$%\r\n'), max_size=4)
KEYS = st.sampled_from(["a", "b-1", "_c", "when", "true", "x y", "for", ""])
VALUES: st.SearchStrategy[Any] = st.recursive(
    TEXTS | st.booleans() | st.none() | st.integers(0, 10**20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
BLANKS = st.sampled_from(["", " ", "\t", "  "])
BREAKS = st.sampled_from(["", " ", "\n", "\n\n  ", " # c\n", "// c\n\t", " /* c */ "])


@st.composite
def definitions(draw: st.DrawFn) -> str:
    """Variable definitions in any layout that may be valid."""

    def written(value: Any) -> Iterator[str]:
        if isinstance(value, (list, dict)):
            opening, closing = ("[", "]") if isinstance(value, list) else ("{", "}")
            yield opening + draw(BREAKS)
            for number, member in enumerate(value):
                if number:
                    yield draw(st.sampled_from([",", ", ", ",\n", "\n", "\n,", "\n\n"]))
                if isinstance(value, dict):
                    bare = str(member).isidentifier() and draw(st.booleans())
                    yield str(member) if bare else f'"{member}"'
                    yield draw(BLANKS) + draw(st.sampled_from("=:")) + draw(BLANKS)
                    yield from written(value[member])
                else:
                    yield from written(member)
            yield draw(st.sampled_from(["", ",", "\n", ",\n"])) + closing
        else:
            yield f'"{value}"' if isinstance(value, str) else json.dumps(value)

    parts = [draw(BREAKS)]
    for name in draw(st.lists(st.sampled_from(["rules", "name", "tags", "in"]), max_size=3)):
        value = "".join(written(draw(VALUES)))
        parts.append(f"{name}{draw(BLANKS)}={draw(BLANKS)}{value}{draw(st.sampled_from(['', ' ']))}")
        parts.append(draw(st.sampled_from(["\n", "\n", "# c\n", " // c\n\n", "", " /* c */\n"])))
    return "".join(parts)


def check(text: str) -> bool:
    """Compare both readers; tell whether the text was plain."""
    try:
        plain = read_literals(text, "x.tfvars")
    except NotPlain:
        return False
    assert plain == read_with_grammar(text, "x.tfvars")
    return True


@examples(20)
@given(text=definitions())
def test_what_is_plain_means_the_same(text: str) -> None:
    check(text)


@examples(20)
@given(words=st.lists(st.sampled_from(WORDS), max_size=10), begin=st.sampled_from(["", "a = ", "a = [", "a = {b = "]))
def test_what_is_no_definition_is_not_taken_for_one(words: list[str], begin: str) -> None:
    check(begin + "".join(words))


@pytest.mark.parametrize("path", sorted(ROOT.glob("examples/*/*.tfvars")), ids=lambda path: str(path.parent.name))
def test_the_examples_are_plain(path: Path) -> None:
    assert check(path.read_text())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ("# nothing\n\n", {}),
        ('a = "x"', {"a": "x"}),
        ('a = "$5 and 10%"\nb = null # c\n', {"a": "$5 and 10%", "b": None}),
        (
            'a = [\n  1, // one\n  2\n]\nb = {\n  c : true\n  "d e" = [],\n}\n',
            {"a": [1, 2], "b": {"c": True, "d e": []}},
        ),
    ],
)
def test_plain_definitions(text: str, value: dict[str, Any]) -> None:
    assert check(text)
    assert read_hcl(text, "x.tfvars").value == value


@pytest.mark.parametrize(
    "text",
    [
        'a = "\\n"',
        'a = "${b}"',
        "a = 1 b = 2",
        "a = 1\na = 2",
        "a = {b = 1, b = 2}",
        "a = [1\n, 2]",
        "a = b",
        "a = 1.5",
    ],
)
def test_everything_else_is_left_to_the_grammar(text: str) -> None:
    with pytest.raises(NotPlain):
        read_literals(text, "x.tfvars")
    try:
        expected: SourceMap | str = read_with_grammar(text, "x.tfvars")
    except Failure as failure:
        expected = str(failure)
    try:
        read: SourceMap | str = read_hcl(text, "x.tfvars")
    except Failure as failure:
        read = str(failure)
    assert read == expected
