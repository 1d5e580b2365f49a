"""The best score of each query in the reference tracks that it is not from."""

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from fpbench.plugin.datasets import Positions
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.indexes import Candidates
from fpbench.search.scores import paired_products
from fpbench.search.sequences import Rows

_ROWS_AT_ONCE = 10_000
_QUERIES_AT_ONCE = 1_000


def foreign_scores(
    queries: Vectors,
    reference: Rows,
    positions: Positions,
    truth: Positions,
    *,
    candidates: Candidates,
    distance_s: Float64[np.ndarray, "lists k"],
) -> Float32[np.ndarray, " queries"]:
    """The best score of each query with a row of another track; -inf if there is no other track.

    If its own track were not in the database, that row would be the reference's best answer. Where
    the candidates hold a row of another track, it is the best of them. Many queries have none among
    their candidates, as their own track has many similar rows. For these, all rows are searched.

    Args:
        queries: Fingerprints of the queries.
        reference: Rows of the reference.
        positions: Track and start time of each row.
        truth: Track and start time of each query.
        candidates: Candidates of the reference.
        distance_s: Their distances in time, inf in other tracks.
    """
    best = np.full(len(queries), -np.inf, dtype=np.float32)
    if len(candidates.ids) == len(queries):
        other = np.isinf(distance_s) & (candidates.ids >= 0)
        best = np.where(other, candidates.scores, np.float32(-np.inf)).max(axis=1, initial=-np.inf)
    (missing,) = np.nonzero(np.isneginf(best))
    for start in range(0, len(missing), _QUERIES_AT_ONCE):
        some = missing[start : start + _QUERIES_AT_ONCE]
        rows = _best_rows(queries[some], reference, positions.track, truth.track[some])
        found = rows >= 0
        scores = paired_products(queries[some[found]], np.asarray(reference[rows[found]]))
        best[some[found]] = scores
    return best


def _best_rows(
    queries: Vectors,
    reference: Rows,
    tracks: Int64[np.ndarray, " rows"],
    own: Int64[np.ndarray, " queries"],
) -> Int64[np.ndarray, " queries"]:
    """The row of another track that scores best with each query; -1 if there is none."""
    best = np.full(len(queries), -np.inf, dtype=np.float32)
    rows = np.full(len(queries), -1, dtype=np.int64)
    for start in range(0, len(reference), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        products = queries @ np.asarray(reference[part]).T
        same: Bool[np.ndarray, "queries rows"] = own[:, None] == tracks[None, part]
        products[same] = -np.inf
        columns = products.argmax(axis=1)
        scores = products[np.arange(len(queries)), columns]
        better = scores > best
        best[better], rows[better] = scores[better], start + columns[better]
    return rows
