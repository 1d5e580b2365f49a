"""Names for contents: equal bytes, equal name, on every machine."""

import ast
import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib.util import resolve_name
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
    digests: dict[str, str] = {}
    left = set(modules)
    while left:
        name = left.pop()
        file = _PACKAGE.joinpath(*name.split(".")[1:]).with_suffix(".py")
        if name not in digests and file.is_file():
            digests[name], imported = _read_code(file)
            left |= imported
    return content_key(code=digests)


@cache
def _read_code(file: Path) -> tuple[str, set[str]]:
    """A digest of a file's code, and what it imports from fpbench."""
    tree = _without_docstrings(ast.parse(file.read_bytes()))
    return content_key(code=ast.dump(tree)), public_modules(imported_names(tree))


def public_modules(names: Iterable[str]) -> set[str]:
    """The modules of fpbench that hold some names, as :func:`imported_names` gives them."""
    homes = _homes()
    ours = {name for name in names if name.startswith("fpbench.")}
    every = set(homes.values()) if "fpbench.*" in ours else set()
    return every | {homes.get(name, name) for name in ours}


def imported_names(tree: ast.Module, package: str = "") -> Iterator[str]:
    """What code imports, by full name: modules, and names in them or below them.

    Of a whole package, ``import fpbench``, also ``fpbench.*``: any name in it may be used.

    Args:
        tree: Of a file.
        package: That the file is in, which relative imports start from.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from (alias.name, f"{alias.name}.*")
        elif isinstance(node, ast.ImportFrom):
            with suppress(ImportError):  # it leads out of the top package, so it never runs
                source = resolve_name("." * node.level + (node.module or ""), package)
                yield source
                yield from (f"{source}.{alias.name}" for alias in node.names)


@cache
def _homes() -> dict[str, str]:
    """The module that holds each public name of fpbench."""
    init = ast.parse((_PACKAGE / "__init__.py").read_bytes())
    return {
        f"fpbench.{alias.name}": node.module
        for node in ast.walk(init)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


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
