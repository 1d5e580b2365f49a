"""Asking a FAISS index in a way that leaves nothing to chance."""

from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from fpbench import FpbenchError, Vectors


def neighbours(
    index: Any, queries: Vectors, k: int
) -> tuple[Int64[np.ndarray, "queries k"], Float32[np.ndarray, "queries k"]]:
    """The k rows with the smallest (distance, id).

    Which of several rows at equal distance FAISS keeps at the border depends on where it stores
    them. So one more than k are asked for, and many more where the border lies within a tie.
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
    """FAISS finds no neighbours for a vector with NaN and does not say so."""
    lengths = np.einsum("nd,nd->n", vectors, vectors)
    if not np.isfinite(lengths).all():
        bad = first_id + int(np.argmin(np.isfinite(lengths)))
        raise FpbenchError(
            f"{what} {bad} is not finite", hint="check the fingerprinter or generator it came from"
        )
