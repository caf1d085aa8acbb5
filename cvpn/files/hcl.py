"""Variable definitions in HCL, as in ``terraform.tfvars``, whose values know their lines and columns.

python-hcl2 reads the grammar; what its tree means is worked out here, for the literal values that such files hold.
https://developer.hashicorp.com/terraform/language/values/variables#variable-definitions-tfvars-files
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cvpn.failures import Failure

from .hcl_literals import NotPlain, read_literals
from .source_map import Lines, Path, SourceMap, unreadable

if TYPE_CHECKING:
    from lark import Token
    from lark.exceptions import UnexpectedInput

_BLANK = "new_line_or_comment"
_TEMPLATE = re.compile(r"(?P<escaped>\$\$|%%)\{|(?P<sequence>[$%])\{")
_QUOTED = re.compile(rf"\\(?P<escape>u[0-9A-Fa-f]{{4}}|U[0-9A-Fa-f]{{8}}|.)|{_TEMPLATE.pattern}|\n", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_HEREDOC = re.compile(r"<<(-?)([^\r\n]+)\r?\n(.*?)^[ \t]*\2\r?\n", re.DOTALL | re.MULTILINE)


def read_hcl(text: str, file: str) -> SourceMap:
    """Read a file of variable definitions.

    Raises
    ------
    Failure
        It is not HCL, or holds something else than literal values; with line and column.
    """
    try:
        return read_literals(text, file)
    except NotPlain:
        return read_with_grammar(text, file)


def read_with_grammar(text: str, file: str) -> SourceMap:
    """Read a file of variable definitions with python-hcl2; see :func:`read_hcl`."""
    import hcl2  # late: its tables take 0.1 s to load
    from lark.exceptions import UnexpectedInput

    try:
        tree = hcl2.parses_to_tree(text)
    except UnexpectedInput as error:
        raise _syntax_error(text, file, error) from None
    except RecursionError:
        raise Failure(f"{file}: is nested too deeply to be read") from None
    return _Reader(text, file).file(tree)


def _syntax_error(text: str, file: str, error: UnexpectedInput) -> Failure:
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

    lines = Lines(text)
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        position = lines.position(len(text))
        return unreadable(file, position, "is not HCL: something is not closed before the end of the file")
    offset = error.pos_in_stream if error.pos_in_stream is not None else 0
    if isinstance(error, (UnexpectedToken, UnexpectedCharacters)) and offset < len(text):
        words = re.compile(r"[\w-]+|.", re.DOTALL).match(text, offset)
        what = json.dumps(words[0] if words else text[offset], ensure_ascii=False)
        return unreadable(file, lines.position(offset), f"is not HCL: unexpected {what}")
    return unreadable(file, lines.position(min(offset, len(text))), "is not HCL")


class _Reader:
    """Makes values of the tree of one file."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.lines = Lines(text)
        self.source_map = SourceMap({}, name, {(): (1, 1)})

    def file(self, tree: Any) -> SourceMap:
        end_of_last: int | None = None
        for node in tree.children[0].children:
            if _is(node, _BLANK):
                end_of_last = None
                continue
            if _is(node, "block"):
                kind = str(_first(node))
                raise self.failure(
                    node,
                    f'has a block "{kind}", which no variable definitions have; '
                    "of a configuration, give the plan: terraform show -json FILE",
                )
            if end_of_last is not None:
                raise self.failure(node, "stands on the same line as the definition before it; write it on its own")
            name, _, expression = node.children
            key = str(_first(name))
            if key in self.source_map.value:
                line = self.source_map.positions[(key,)][0]
                raise self.failure(node, f'defines "{key}" again, after line {line}; remove one')
            self.source_map.positions[(key,)] = self.position(node)
            self.source_map.value[key] = self.value(expression, (key,))
            end_of_last = 0
        return self.source_map

    def failure(self, node: Any, what: str) -> Failure:
        return unreadable(self.name, self.position(node), what)

    def position(self, node: Any) -> tuple[int, int]:
        return self.lines.position(_first(node).start_pos or 0)

    def value(self, node: Any, path: Path) -> Any:
        kind = node.data
        if kind == "expr_term":
            inner = [child for child in node.children if not _is(child, _BLANK)]
            if len(inner) == 3:  # in parentheses
                return self.value(inner[1], path)
            return self.value(inner[0], path)
        if kind == "tuple":
            return self.list(node, path)
        if kind == "object":
            return self.object(node, path)
        if kind == "string":
            return self.string(node)
        if kind == "literal_value":
            return {"true": True, "false": False, "null": None}[str(node.children[0])]
        if kind == "int_lit":
            return int(node.children[0])
        if kind == "float_lit":
            number = float(node.children[0])
            return int(number) if number.is_integer() else number
        if kind == "unary_op":
            operator, operand = str(node.children[0]), self.value(node.children[1], path)
            if operator == "-" and isinstance(operand, (int, float)) and not isinstance(operand, bool):
                return -operand
            if operator == "!" and isinstance(operand, bool):
                return not operand
        if kind in ("heredoc_template", "heredoc_template_trim"):
            return self.heredoc(node)
        raise self.failure(
            node, "is an expression; cvpn reads literal values (for the rest, give the plan: terraform show -json FILE)"
        )

    def list(self, node: Any, path: Path) -> list[Any]:
        members: list[Any] = []
        for child in node.children:
            if _is_tree(child) and not _is(child, _BLANK):
                member = (*path, len(members))
                self.source_map.positions[member] = self.position(child)
                members.append(self.value(child, member))
        return members

    def object(self, node: Any, path: Path) -> dict[str, Any]:
        members: dict[str, Any] = {}
        parted = True
        for child in node.children:
            if not _is(child, "object_elem"):
                parted = parted or _is(child, _BLANK) or str(child) == ","
                continue
            if not parted:
                raise self.failure(child, "follows another attribute; write a comma or a new line between them")
            parted = False
            key_node, _, expression = child.children
            key = self.key(key_node.children[0])
            member = (*path, key)
            if key in members:
                self.source_map.repeated.append((member, self.position(child)))
            self.source_map.positions[member] = self.position(child)
            members[key] = self.value(expression, member)
        return members

    def key(self, node: Any) -> str:
        """Return an object's key: a bare word is itself, everything else its value."""
        bare = node.children[0] if _is(node, "expr_term") and len(node.children) == 1 else node
        if _is(bare, "identifier") or _is(bare, "keyword") or _is(bare, "literal_value"):
            return str(bare.children[0])
        value = self.value(node, ())
        if value is None or isinstance(value, (list, dict)):
            raise self.failure(node, "is no key; write a name or a text in double quotes")
        return value if isinstance(value, str) else json.dumps(value)

    def string(self, node: Any) -> str:
        # Taken from the text: the tokens in between leave out blanks at their beginnings.
        opening, closing = node.children[0], node.children[-1]
        return self.plain(self.text[opening.end_pos : closing.start_pos], node, quoted=True)

    def heredoc(self, node: Any) -> str:
        token = node.children[0]
        match = _HEREDOC.match(self.text + "\n", token.start_pos)
        if match is None:
            raise self.failure(node, "is a heredoc that does not end")
        lines = match[3].splitlines(keepends=True)
        if match[1]:
            indents = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()]
            lines = [line[min(indents, default=0) :] if line.strip() else line.lstrip(" \t") for line in lines]
        return self.plain("".join(lines), node, quoted=False)

    def plain(self, text: str, node: Any, *, quoted: bool) -> str:
        """Return a template that has nothing to fill in as the text that it stands for."""

        def replace(match: re.Match[str]) -> str:
            if match["escaped"]:
                return match["escaped"][0] + "{"
            if match["sequence"]:
                sign = match["sequence"]
                raise self.failure(node, f"has a template sequence; for the characters {sign}{{ write {sign}{sign}{{")
            if match[0] == "\n":
                raise self.failure(node, 'has a line break in a quoted text; write "\\n"')
            escape = match["escape"]
            if escape[0] in "uU" and len(escape) > 1:
                return chr(int(escape[1:], 16))
            if escape not in _ESCAPED:
                raise self.failure(node, f"has the unknown escape sequence {match[0]}; for a backslash write \\\\")
            return _ESCAPED[escape]

        return (_QUOTED if quoted else _TEMPLATE).sub(replace, text)


def _is_tree(node: Any) -> bool:
    """Tell a node of the tree from a token, which is a text."""
    return not isinstance(node, str)


def _is(node: Any, kind: str) -> bool:
    return _is_tree(node) and node.data == kind


def _first(node: Any) -> Token:
    """Return the first token of a node."""
    return next(_tokens(node))


def _tokens(node: Any) -> Iterator[Token]:
    if not _is_tree(node):
        yield node
        return
    for child in node.children:
        yield from _tokens(child)
