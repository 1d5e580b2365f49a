"""Parts of the site that are made from the code: fields of dataclasses, plugins, help texts.

A page asks for one with a line such as ``<!-- fields: fpbench.results.document.Result -->``,
``<!-- plugins: index -->`` or ``<!-- commands: fpbench -->``. MkDocs calls the functions whose
names begin with ``on_``.
"""

import dataclasses
import importlib
import inspect
import json
import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from griffe import Docstring, DocstringSectionKind

from fpbench.cli import main
from fpbench.plugin.catalog import Catalog

_MARKER = re.compile(r"^<!-- (commands|fields|plugins): (\S+) -->$", re.MULTILINE)
_ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):(?=<code>)")
_WORDS = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    Any: "any value",
    Path: "path",
    type(None): "null",
}


def on_page_markdown(markdown: str, **_: object) -> str:
    """Put the parts where a page asks for them."""
    parts = {"commands": _help_texts, "fields": _field_table, "plugins": _plugin_table}
    return _MARKER.sub(lambda found: parts[found[1]](found[2]), markdown)


def on_page_content(html: str, **_: object) -> str:
    """Docstrings mark names as Sphinx does, which Markdown shows as it is."""
    return _ROLE.sub("", html)


def _field_table(name: str) -> str:
    module, _, class_name = name.rpartition(".")
    kind = getattr(importlib.import_module(module), class_name)
    about = _arguments(kind)
    hints = typing.get_type_hints(kind)
    rows = ["| field | value | meaning |", "| --- | --- | --- |"]
    for field, default in _fields(kind):
        value = _words(hints[field]) + (f"; default {default}" if default else "")
        rows.append(f"| `{field}` | {value} | {about.get(field, '')} |")
    return "\n".join(rows)


def _fields(kind: type) -> list[tuple[str, str]]:
    """Names and defaults of the fields of a dataclass or a typed dictionary."""
    if typing.is_typeddict(kind):
        return [(name, "") for name in typing.get_type_hints(kind)]
    # Those that are not compared are kept in memory only.
    return [(field.name, _default(field)) for field in dataclasses.fields(kind) if field.compare]


def _arguments(kind: type) -> Mapping[str, str]:
    """What a dataclass's docstring says about its fields."""
    sections = Docstring(inspect.getdoc(kind) or "").parse("google", warnings=False)
    return {
        argument.name: " ".join(argument.description.split())
        for section in sections
        if section.kind is DocstringSectionKind.parameters
        for argument in section.value
    }


def _words(hint: Any) -> str:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(map(_words, parts))
    if origin is typing.Literal:
        return " or ".join(f"`{part}`" for part in parts)
    if origin in (Sequence, tuple):
        return f"array of {_words(parts[0])}"
    if origin is Mapping:
        return f"object with {_words(parts[1])} values" if parts[1] is str else "object"
    return _WORDS.get(hint, f"[{getattr(hint, '__name__', hint)}](#{hint.__name__.lower()})")


def _default(field: Any) -> str:
    value = field.default
    if value is None or value is dataclasses.MISSING or dataclasses.is_dataclass(value):
        return ""
    return f"`{json.dumps(value)}`"


def _plugin_table(kind: str) -> str:
    rows = ["| name | what it is | details |", "| --- | --- | --- |"]
    for offer in Catalog.load().offers(kind):
        entry = offer.entry
        name = f"{entry.name}:{entry.argument}" if entry.argument else entry.name
        details = "<br>".join(f"{label}: {text}" for label, text in entry.details.items())
        rows.append(f"| `{name}` | {entry.summary} | {details} |")
    return "\n".join(rows)


def _help_texts(name: str) -> str:
    """What ``--help`` says, of the program and of each command."""
    return "\n\n".join(_help_of(main, click.Context(main, info_name=name, **main.context_settings)))


def _help_of(command: click.Command, context: click.Context) -> Iterator[str]:
    context.terminal_width = 88
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from _help_of(below, click.Context(below, context, name))
