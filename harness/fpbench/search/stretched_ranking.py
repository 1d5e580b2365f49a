"""Ranks stretches of the database that a query matches at another tempo.

The tempo is not given: for each track, the nearest rows of the query's fingerprints tell how many
fingerprints of the query pass for each of the track.

Source: the evaluation script of PeakNetFP.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, Float64, Int64

from fpbench.search.concatenation import Concatenation
from fpbench.search.scores import sum_by_halves

SLOWEST, FASTEST = 0.5, 2.0
_SEQUENCES_AT_ONCE = 25  # whose rows stay in the processor's cache

TrackOf = Callable[[Int64[np.ndarray, " rows"]], Int64[np.ndarray, " rows"]]
"""Track of each row of the database; -1 for a distractor."""


@dataclass(frozen=True, slots=True)
class StretchedSequences:
    """The best sequences for a query, best first, each once.

    Args:
        rows: Rows of the database that each fingerprint of the query is compared with.
        scores: Mean inner products.
    """

    rows: Int64[np.ndarray, "places length"] = field(repr=False)
    scores: Float32[np.ndarray, " places"] = field(repr=False)


def rank_stretched(
    query: Float32[np.ndarray, "asked dim"],
    near: Int64[np.ndarray, "asked k"],
    database: Concatenation,
    track_of: TrackOf,
    *,
    length: int,
    places: int,
) -> StretchedSequences:
    """Rank the sequences that the nearest rows of a query's fingerprints propose.

    Args:
        query: The fingerprints.
        near: Their nearest rows, best first; -1 where there are fewer.
        database: The rows that scores are computed with.
        track_of: Knows the tracks of rows.
        length: Fingerprints in a sequence, more than in a query that was cut.
        places: Number of sequences to keep.
    """
    at, _ = np.nonzero(near >= 0)
    rows = near[near >= 0]
    tracks = track_of(rows)
    factor = np.ones(len(rows))
    for track in np.unique(tracks[tracks >= 0]).tolist():
        own = tracks == track
        factor[own] = estimate_factor(at[own], rows[own])
    starts = np.maximum(0, np.rint(rows - at / factor))
    last = len(database) - np.floor(length / factor) - 1
    starts = np.minimum(starts, last)
    _, first = np.unique(np.stack([starts, factor]), axis=1, return_index=True)
    kept = np.sort(first)  # in the order in which they were proposed
    steps = np.arange(length) / factor[kept, None]
    sequences = np.rint(starts[kept, None] + steps).astype(np.int64)
    sequences = np.clip(sequences, 0, len(database) - 1)
    scores = _mean_products(query, sequences[:, : len(query)], database)
    best = np.argsort(-scores, kind="stable")[:places]
    return StretchedSequences(sequences[best], scores[best])


def farthest_row(length: int) -> int:
    """How far from a nearest row a sequence that it proposes can have rows.

    At the slowest tempo, a sequence begins up to ``length / SLOWEST`` rows before the nearest row
    and is as long; near the end of the database, it is moved back by as much again.

    Args:
        length: Fingerprints in the longest sequence.
    """
    return int(2 * length / SLOWEST) + 2


def estimate_factor(at: Int64[np.ndarray, " hits"], rows: Int64[np.ndarray, " hits"]) -> float:
    """Fingerprints of the query for each fingerprint of a track.

    It is the mean slope between all pairs of fingerprints of the query, each with its best row in
    the track; 1 if they give none between a half and 2.

    Args:
        at: Places in the query, ascending; at equal places the best row comes first.
        rows: Rows in the track.
    """
    x, first = np.unique(at, return_index=True)
    y = rows[first]
    if len(x) < 2:
        return 1.0
    dx, dy = x[:, None] - x, y[:, None] - y
    pairs = (dx != 0) & (dy != 0)
    if not pairs.any():
        return 1.0
    slope = float(np.mean(dx[pairs] / dy[pairs]))
    return slope if SLOWEST <= slope <= FASTEST else 1.0


def _mean_products(
    query: Float32[np.ndarray, "length dim"],
    sequences: Int64[np.ndarray, "sequences length"],
    database: Concatenation,
) -> Float32[np.ndarray, " sequences"]:
    sums: Float64[np.ndarray, " sequences"] = np.empty(len(sequences))
    for start in range(0, len(sequences), _SEQUENCES_AT_ONCE):
        rows = database.take(sequences[start : start + _SEQUENCES_AT_ONCE])
        rows *= query
        products = sum_by_halves(rows)
        sums[start : start + _SEQUENCES_AT_ONCE] = products.sum(axis=1, dtype=np.float64)
    return (sums / len(query)).astype(np.float32)
