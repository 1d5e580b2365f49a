"""Types and shapes of the arrays of an evidence file."""

from collections.abc import Mapping
from typing import Any

import numpy as np

Layout = Mapping[str, tuple[np.dtype[Any], int]]
"""Type and number of axes of each array."""


def typed_arrays(arrays: Mapping[str, np.ndarray], layout: Layout) -> dict[str, np.ndarray]:
    """The arrays of a layout, if types, numbers of axes and values are possible.

    Raises:
        ValueError: They are not, or there are no queries.
    """
    for name, (dtype, axes) in layout.items():
        array = arrays[name]
        if array.dtype.newbyteorder("=") != dtype or array.ndim != axes:
            raise ValueError(f"{name} is {array.dtype} with {array.ndim} axes")
        if dtype.kind == "f" and np.isnan(array).any():
            raise ValueError(f"{name} has NaN")
    if len(arrays["query_track"]) == 0:
        raise ValueError("it has no queries")
    return {name: arrays[name].astype(dtype, copy=False) for name, (dtype, _) in layout.items()}


def require_shape(name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    """Refuse an array of another shape.

    Raises:
        ValueError: It has one; the message has its name and both shapes.
    """
    if array.shape != shape:
        raise ValueError(f"{name} has the shape {array.shape}, not {shape}")
