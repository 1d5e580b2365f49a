"""Content hashes: equal contents have equal hashes on every machine."""

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
    """Hash of the inputs of an output: equal parts give equal keys on every machine.

    Args:
        parts: Values that JSON can hold, and dataclasses of them. A tuple equals a list.

    Raises:
        TypeError: A part has another type.
        ValueError: A part is NaN or infinite.
    """
    text = json.dumps(
        parts, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_to_json
    )
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _to_json(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a content key cannot hold a {type(value).__name__}")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal.

    Raises:
        FpbenchError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as err:
        raise FpbenchError(f"cannot read {path}: {err.strerror}", hint="check the path") from err


def rows_digest(array: Shaped[np.ndarray, "..."]) -> str:
    """Hash of an array's shape and contents. It reads in pieces, so a memory map will do."""
    digest = hashlib.blake2b(repr(array.shape).encode(), digest_size=16)
    for start in range(0, len(array), 1 << 16):
        digest.update(np.ascontiguousarray(array[start : start + (1 << 16)]).data)
    return digest.hexdigest()


@cache
def code_key(*modules: str) -> str:
    """Hash of the code behind an output: modules of fpbench and everything that they import.

    It is part of every cache key, so outputs are made again after a change to any code that may
    shape them, which is sometimes more than necessary. Comments and docstrings do not count.

    Args:
        modules: Full names, such as ``fpbench.search.tasks``.
    """
    digests: dict[str, str] = {}
    pending = set(modules)
    while pending:
        name = pending.pop()
        file = _PACKAGE.joinpath(*name.split(".")[1:]).with_suffix(".py")
        if name not in digests and file.is_file():
            digests[name], imports = _read_code(file.read_bytes())
            pending |= imports
    return content_key(code=digests)


@cache
def _read_code(source: bytes) -> tuple[str, set[str]]:
    """Hash of a file's code, and the modules of fpbench that it imports."""
    return syntax_key(source), public_modules(imported_names(ast.parse(source)))


@cache
def syntax_key(source: bytes) -> str:
    """Hash of a Python file's syntax tree, so that comments and docstrings do not count.

    Raises:
        SyntaxError: The file is not Python.
        ValueError: It holds a null byte.
    """
    return content_key(code=ast.dump(_strip_docstrings(ast.parse(source))))


def public_modules(names: Iterable[str]) -> set[str]:
    """Modules of fpbench that define the names, which come from :func:`imported_names`."""
    public = _public_names()
    fpbench_names = {name for name in names if name.startswith("fpbench.")}
    all_public = set(public.values()) if "fpbench.*" in fpbench_names else set()
    return all_public | {public.get(name, name) for name in fpbench_names}


def imported_names(tree: ast.Module, package: str = "") -> Iterator[str]:
    """Full names of everything that a file imports: modules, and names in or below them.

    A whole module, as in ``import fpbench``, also gives ``fpbench.*``: the code may use any name
    in it.

    Args:
        tree: Syntax tree of the file.
        package: Package of the file, from which relative imports start.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from (alias.name, f"{alias.name}.*")
        elif isinstance(node, ast.ImportFrom):
            with suppress(ImportError):  # an import from above the top package never runs
                source = resolve_name("." * node.level + (node.module or ""), package)
                yield source
                yield from (f"{source}.{alias.name}" for alias in node.names)


@cache
def _public_names() -> dict[str, str]:
    """The public names of fpbench, each with the module that defines it."""
    init = ast.parse((_PACKAGE / "__init__.py").read_bytes())
    return {
        f"fpbench.{alias.name}": node.module
        for node in ast.walk(init)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def _strip_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            body[:] = [
                part
                for part in body
                if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
            ]
    return tree
