"""Reads generators that consist of a few arrays in a safetensors file."""

from collections.abc import Set
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from fpbench import FpbenchError


def load_arrays(path: Path, generator: str, names: Set[str]) -> dict[str, np.ndarray]:
    """Read the arrays of a fitted generator.

    Args:
        generator: Name of the generator that must have made the file.
        names: Names of its arrays.

    Raises:
        FpbenchError: The file holds other arrays.
    """
    saved = load_file(path)
    if saved.keys() != names:
        raise FpbenchError(
            f"'{path}' is not a {generator} generator: it holds {', '.join(sorted(saved))}",
            hint=f"fit it again with `--generator {generator}`",
        )
    return saved
