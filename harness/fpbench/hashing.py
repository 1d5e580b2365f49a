"""Names for contents: equal bytes, equal name, on every machine."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from fpbench.errors import FpbenchError


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
