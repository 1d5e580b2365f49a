"""Reads generators that consist of a few arrays in a safetensors file."""

from collections.abc import Set
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from fpbench import FpbenchError
from fpbench.array_files import DAMAGE


def load_arrays(path: Path, generator: str, names: Set[str]) -> dict[str, np.ndarray]:
    """Read the arrays of a fitted generator.

    Args:
        generator: Name of the generator that must have made the file.
        names: Names of its arrays.

    Raises:
        FpbenchError: The file is damaged, or holds other arrays.
    """
    try:
        saved = load_file(path)
    except (SafetensorError, *DAMAGE) as err:
        raise FpbenchError(
            f"cannot read generator '{path}': {err}", hint="make it again with `fpbench fit`"
        ) from err
    if saved.keys() != names:
        raise FpbenchError(
            f"'{path}' is not a {generator} generator: it holds {', '.join(sorted(saved))}",
            hint=f"fit it again with `--generator {generator}`",
        )
    return saved
