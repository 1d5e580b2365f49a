"""Reads generators that consist of a few arrays in a safetensors file."""

from collections.abc import Set
from pathlib import Path

import numpy as np

from fpbench import FpbenchError
from fpbench.tensor_files import read_tensors


def load_arrays(path: Path, generator: str, names: Set[str]) -> dict[str, np.ndarray]:
    """Read the arrays of a fitted generator, with float32 for any floating-point type.

    Args:
        generator: Name of the generator that must have made the file.
        names: Names of its arrays.

    Raises:
        FpbenchError: The file is damaged, or holds other arrays.
    """
    saved = read_tensors(path, advice="make it again with `fpbench fit`").tensors
    if saved.keys() != names:
        raise FpbenchError(
            f"'{path}' is not a {generator} generator: it holds {', '.join(sorted(saved))}",
            hint=f"fit it again with `--generator {generator}`",
        )
    return {
        name: array.astype(np.float32) if array.dtype.kind == "f" else array
        for name, array in saved.items()
    }
