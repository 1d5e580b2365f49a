"""Names for contents: equal bytes, equal name, on every machine."""

import ast
import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from fpbench.errors import FpbenchError

_PACKAGE = Path(__file__).parent


def content_key(**parts: object) -> str:
    """A name for what is made from ``parts``: equal parts, equal name, on every machine.

    Args:
        parts: What JSON can hold, and dataclasses of it. Tuples and lists are the same.

    Raises:
        TypeError: A part is something else.
        ValueError: A part is NaN or infinite.
    """
    text = json.dumps(
        parts, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_as_json
    )
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _as_json(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no place in a content key")


def file_sha256(path: Path) -> str:
    """Hex digest of a file's bytes.

    Raises:
        FpbenchError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as err:
        raise FpbenchError(f"cannot read {path}: {err.strerror}", hint="check the path") from err


def rows_digest(array: Shaped[np.ndarray, "..."]) -> str:
    """A name for the contents of an array; read piece by piece, so it may be a memory map."""
    digest = hashlib.blake2b(repr(array.shape).encode(), digest_size=16)
    for start in range(0, len(array), 1 << 16):
        digest.update(np.ascontiguousarray(array[start : start + (1 << 16)]).data)
    return digest.hexdigest()


@cache
def code_key(*modules: str) -> str:
    """A name for the code behind an output: modules of fpbench and all that they import.

    Part of every key of the cache, so that outputs are made again where any code that may have
    shaped them has changed; now and then also where it has not. Comments and docstrings count for
    nothing.

    Args:
        modules: By full name, such as ``fpbench.search.tasks``.
    """
    trees, left = {}, sorted(modules)
    while left:
        name = left.pop()
        file = _PACKAGE.joinpath(*name.split(".")[1:]).with_suffix(".py")
        if name not in trees and file.is_file():
            trees[name] = _without_docstrings(ast.parse(file.read_bytes()))
            left += _imported_names(trees[name])
    return content_key(code={name: ast.dump(tree) for name, tree in trees.items()})


def public_modules(names: Iterable[str]) -> set[str]:
    """The modules of fpbench that hold some names, given in full: ``fpbench.Entry`` or longer."""
    init = ast.parse((_PACKAGE / "__init__.py").read_bytes())
    homes = {
        f"fpbench.{alias.name}": node.module
        for node in ast.walk(init)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    return {homes.get(name, name) for name in names if name.startswith("fpbench.")}


def _imported_names(tree: ast.Module) -> Iterator[str]:
    """In full; names in modules, too, as any of them may be a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fpbench."):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            body[:] = [
                part
                for part in body
                if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
            ]
    return tree
