"""Writes the inputs and outputs of the modules into their READMEs.

``python -m tools.terraform_docs`` fills what stands between ``<!-- BEGIN inputs -->`` and ``<!-- END inputs -->``
(and the same for ``outputs``) in the README of the root module and of each module below modules/, from the
module's .tf files; ``--check`` tells which README is stale, and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hcl2
from hcl2.utils import SerializationOptions

from tools import ROOT, generated

_OPTIONS = SerializationOptions(
    with_comments=False, explicit_blocks=False, preserve_heredocs=False, strip_string_quotes=True
)
_LONGEST_CELL = 60
"""Characters of a type or a default that a table cell takes."""


class DocumentationError(Exception):
    """A README or a .tf file cannot be used; the message says which, and what to write."""


@dataclass(frozen=True)
class Input:
    """A variable of a module. ``default`` is HCL, or None where a value is required."""

    name: str
    description: str
    type: str
    default: str | None


@dataclass(frozen=True)
class Output:
    """An output of a module."""

    name: str
    description: str
    sensitive: bool


def inputs_of(module: Path) -> list[Input]:
    """Return the variables of a module: those that are required first, then in the order of its files."""
    found = [
        Input(
            name=name,
            description=_description(body, f'variable "{name}"', file),
            type=_pretty_type(_expression(body.get("type", "any"))),
            default=_hcl(body["default"]) if "default" in body else None,
        )
        for file, name, body in _blocks(module, "variable")
    ]
    return sorted(found, key=lambda item: item.default is not None)


def outputs_of(module: Path) -> list[Output]:
    """Return the outputs of a module, in the order of its files."""
    return [
        Output(name, _description(body, f'output "{name}"', file), body.get("sensitive", False))
        for file, name, body in _blocks(module, "output")
    ]


def inputs_as_markdown(inputs: Sequence[Input]) -> str:
    """A table of all inputs; below it, one by one, those that a table row has no room for."""
    lines = ["| Input | Type | Default | Description |", "|---|---|---|---|"]
    details: list[str] = []
    for item in inputs:
        first, rest = _split(item.description)
        complex_type = "\n" in item.type
        long_default = item.default is not None and len(item.default) > _LONGEST_CELL
        name = f"`{item.name}`"
        if rest or complex_type or long_default:
            name = f"[`{item.name}`](#input_{item.name})"
            details += ["", f'#### <a id="input_{item.name}"></a>`{item.name}`', "", item.description]
            if complex_type:
                summary = "<details><summary>Type</summary>"
                details += ["", summary, "", "```hcl", item.type, "```", "", "</details>"]
            if long_default:
                details += ["", "Default:", "", "```hcl", str(item.default), "```"]
        default = "required" if item.default is None else "below" if long_default else _code(item.default)
        short_type = re.sub(r"\(\{.*\}\)", "", item.type, flags=re.DOTALL)
        lines.append(f"| {name} | {_code(short_type)} | {default} | {_cell(first)} |")
    return "\n".join(lines + details)


def outputs_as_markdown(outputs: Sequence[Output]) -> str:
    """A table of all outputs."""
    lines = ["| Output | Description |", "|---|---|"]
    for item in outputs:
        description = " ".join(item.description.split())
        lines.append(f"| `{item.name}` | {_cell(description)}{' Sensitive.' if item.sensitive else ''} |")
    return "\n".join(lines)


def filled(readme: str, module: Path) -> str:
    """Return the text of a module's README with the parts between its markers written anew."""
    parts = {
        "inputs": inputs_as_markdown(inputs_of(module)),
        "outputs": outputs_as_markdown(outputs_of(module)),
    }
    return generated.filled(readme, parts, module / "README.md")


def documented_modules(root: Path) -> list[Path]:
    """Return the root module and the modules below modules/ that have a README."""
    modules = sorted(path.parent for path in (root / "modules").glob("*/README.md"))
    if not (root / "README.md").is_file():
        raise DocumentationError(f"{root / 'README.md'} does not exist: it documents the inputs and outputs.")
    return [root, *modules]


def _blocks(module: Path, kind: str) -> list[tuple[Path, str, dict[str, Any]]]:
    blocks: list[tuple[Path, str, dict[str, Any]]] = []
    for file in sorted(module.glob("*.tf")):
        text = file.read_text(encoding="utf-8")
        # python-hcl2 lacks a few things that HCL has; what it is not needed for shall not depend on it.
        if re.search(rf'(?m)^{kind}\s+"', text) is None:
            continue
        try:
            content = hcl2.loads(text, serialization_options=_OPTIONS)
        except Exception as problem:  # lark has one exception class per kind of syntax error
            raise DocumentationError(f"{file} is not HCL: {problem}") from problem
        for block in content.get(kind, []):
            blocks += [(file, _unquoted(name), body) for name, body in block.items()]
    return blocks


def _description(body: dict[str, Any], owner: str, file: Path) -> str:
    text = body.get("description")
    if not isinstance(text, str) or not text.strip():
        raise DocumentationError(f"{file}: {owner} has no description; write what it is for.")
    escapes = {r"\"": '"', r"\\": "\\", r"\n": "\n", r"\t": "\t", "$${": "${", "%%{": "%{"}
    return re.sub(r'\\["\\nt]|\$\$\{|%%\{', lambda match: escapes[match.group()], text).strip()


def _unquoted(text: str) -> str:
    return text.removeprefix('"').removesuffix('"')


def _expression(text: str) -> str:
    return text[2:-1] if text.startswith("${") and text.endswith("}") else text


def _pretty_type(text: str) -> str:
    """Lay a type out with one attribute a line."""
    result: list[str] = []
    brackets: list[str] = []

    def new_line() -> str:
        return "\n" + "  " * brackets.count("{")

    parts = re.findall(r'"(?:\\.|[^"\\])*"|\{\s*\}|,\s*|.', text, flags=re.DOTALL)
    for part in parts:
        if part[0] == "{" and part[-1] == "}":
            result.append("{}")
        elif part in "{([":
            brackets.append(part)
            result.append(part + (new_line() if part == "{" else ""))
        elif part in "})]":
            opened = brackets.pop()
            result.append((new_line() if opened == "{" else "") + part)
        elif part[0] == ",":
            result.append(new_line() if brackets[-1] == "{" else ", ")
        else:
            result.append(part)
    return "".join(result)


def _hcl(value: Any) -> str:
    """Write a default value as HCL on one line."""
    if isinstance(value, dict):
        items = ", ".join(f"{_unquoted(key)} = {_hcl(item)}" for key, item in value.items())
        return f"{{ {items} }}" if items else "{}"
    if isinstance(value, list):
        return f"[{', '.join(_hcl(item) for item in value)}]"
    if isinstance(value, str) and value.startswith("${"):
        return _expression(value)
    return json.dumps(value, ensure_ascii=False)


def _split(description: str) -> tuple[str, str]:
    """Split a description into its first sentence and what follows."""
    paragraph = re.split(r"\n\s*(?:\n|[-*] )", description, maxsplit=1)[0]
    sentence = re.split(r"(?<=\.)\s+(?=[A-Z`\[])", paragraph, maxsplit=1)[0]
    whole = " ".join(description.split())
    if len(whole) <= 240 and paragraph == description:
        return whole, ""
    return " ".join(sentence.split()), description[len(sentence) :].strip()


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _code(text: str) -> str:
    return f"`{_cell(text)}`"


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Write or check the READMEs; 0: done, or up to date."""
    parser = argparse.ArgumentParser(prog="python -m tools.terraform_docs", description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    options = parser.parse_args(arguments)
    stale = []
    try:
        for module in documented_modules(root):
            readme = module / "README.md"
            old = readme.read_text(encoding="utf-8")
            new = filled(old, module)
            if new != old:
                stale.append(str(readme.relative_to(root)))
                if not options.check:
                    readme.write_text(new, encoding="utf-8")
    except (DocumentationError, generated.MarkersBroken) as problem:
        print(problem, file=sys.stderr)
        return 1
    if options.check and stale:
        print(f"Not what the .tf files say: {', '.join(stale)}. Run `make docs`.", file=sys.stderr)
        return 1
    if stale:
        print(f"Written: {', '.join(stale)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
