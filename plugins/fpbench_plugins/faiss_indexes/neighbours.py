"""Searches a FAISS index so that the result is always the same."""

from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from fpbench import FpbenchError, Vectors


def neighbours(
    index: Any, queries: Vectors, k: int
) -> tuple[Int64[np.ndarray, "queries k"], Float32[np.ndarray, "queries k"]]:
    """The k rows with the smallest (distance, id).

    If several rows have the k-th distance, the order of storage decides which of them FAISS
    returns. So this asks for one row more than k, and for many more where that row is tied.
    """
    ids = np.full((len(queries), k), -1, dtype=np.int64)
    keys = np.full((len(queries), k), np.inf, dtype=np.float32)
    open_queries, wanted = np.arange(len(queries)), k + 1
    while len(open_queries) > 0 and index.ntotal > 0:
        wanted = min(wanted, index.ntotal)
        d, i = index.search(np.ascontiguousarray(queries[open_queries]), wanted)
        d[i < 0] = np.inf
        order = np.lexsort((i, d), axis=-1)
        d, i = np.take_along_axis(d, order, axis=1), np.take_along_axis(i, order, axis=1)
        kept = min(k, wanted)
        ids[open_queries, :kept], keys[open_queries, :kept] = i[:, :kept], d[:, :kept]
        tied = (d[:, kept - 1] == d[:, -1]) & (i[:, -1] >= 0)
        if wanted == index.ntotal:
            break
        open_queries, wanted = open_queries[tied], 4 * wanted
    return ids, keys


def require_finite(vectors: Vectors, what: str, first_id: int = 0) -> None:
    """Refuse vectors with NaN or infinity, for which FAISS silently finds no neighbours.

    Raises:
        FpbenchError: A vector is not finite. It is named by its number, counted from ``first_id``.
    """
    lengths = np.einsum("nd,nd->n", vectors, vectors)
    if not np.isfinite(lengths).all():
        bad = first_id + int(np.argmin(np.isfinite(lengths)))
        raise FpbenchError(
            f"{what} {bad} is not finite", hint="check the fingerprinter or generator that made it"
        )
