"""How alike fingerprints of one track are that are some rows apart."""

from itertools import pairwise

import numpy as np
from jaxtyping import Float64, Int64

from fpbench.plugin.fingerprinters import Vectors
from fpbench.stretches import stretch_edges


def lag_similarities(
    fingerprints: Vectors, stretches: Int64[np.ndarray, " rows"], lags: int
) -> Float64[np.ndarray, "stretches {lags}"]:
    """Mean inner product of fingerprints that are 1, 2, ... rows apart, in each stretch.

    Args:
        fingerprints: May be a memory map; one stretch after the other is read.
        stretches: Number of the stretch of each row, see
            :func:`fpbench.stretches.number_stretches`.
        lags: Largest number of rows between two fingerprints.

    Returns:
        NaN where a stretch is too short.
    """
    edges = stretch_edges(stretches)
    means = np.full((len(edges) - 1, lags), np.nan)
    for number, (start, stop) in enumerate(pairwise(edges.tolist())):
        rows = np.asarray(fingerprints[start:stop], dtype=np.float64)
        for lag in range(1, min(lags, len(rows) - 1) + 1):
            products = np.einsum("nd,nd->", rows[:-lag], rows[lag:])
            means[number, lag - 1] = products / (len(rows) - lag)
    return means
