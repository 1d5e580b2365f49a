"""Inner products that depend on their two vectors alone, to the last bit."""

from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.plugin.fingerprinters import Vectors

Array = TypeVar("Array", bound=Any)

FLOATS_AT_ONCE = 1 << 21  # in each of two operands: 8 MiB


def sum_by_halves(products: Array) -> Array:
    """Sum the last axis, always in the same order: the right half is added to the left.

    The order within a library's sum or matrix product depends on shape, thread count and processor.
    Element-wise additions have no such order, so scores have the same bytes on every machine. The
    rounding error is that of pairwise summation, at most ``ceil(log2(dim))`` roundings deep.

    Args:
        products: A NumPy array or torch tensor with at least one column; it is not changed.
    """
    width = products.shape[-1]
    while width > 1:
        half = width // 2
        sums = products[..., :half] + products[..., half : 2 * half]
        if width % 2:
            sums[..., 0] += products[..., -1]
        products, width = sums, half
    total: Array = products[..., 0]
    return total


def paired_products(a: Vectors, b: Vectors) -> Float32[np.ndarray, " batch"]:
    """The inner product of row i of ``a`` with row i of ``b``, for all i."""
    return sum_by_halves(a * b)


def products_at(
    queries: Float32[np.ndarray, "queries dim"],
    rows: Float32[np.ndarray, "rows dim"],
    ids: Int64[np.ndarray, "queries k"],
) -> Float32[np.ndarray, "queries k"]:
    """Score of each query with each row of its own ids; -inf where an id is -1."""
    scores = np.full(ids.shape, -np.inf, dtype=np.float32)
    query, column = np.nonzero(ids >= 0)
    pairs = max(FLOATS_AT_ONCE // rows.shape[1], 1)
    for start in range(0, len(query), pairs):
        q, c = query[start : start + pairs], column[start : start + pairs]
        scores[q, c] = paired_products(queries[q], rows[ids[q, c]])
    return scores
