"""Expected hit rates among real and among synthetic distractors, and the gap between them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64

from fpbench.generators import fidelity
from fpbench.generators.fidelity_limits import FLOOR
from fpbench.plugin.fingerprinters import Vectors

FEWEST_TRACKS = 6
"""Minimum tracks of queries for an error: among five, no two-sided sign test can reach 5 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HitRates:
    """Expected hit rates at rank 1 of exact search, for queries of one segment.

    Args:
        sizes: Numbers of distractors, up to all real ones.
        hit_rate: Hit rate of each set at each size; ``real`` is all real distractors.
        gap: Hit rate of each synthetic set minus that of ``real``, at each size.
        gap_error: Standard error of the gap, paired over queries and grouped by their tracks; None
            if there are fewer than six tracks or all have the same gap, which shows no error.
        floor: Difference between two halves of the real distractors, root mean square over splits.
            At sizes larger than a half it is that of the halves. All real ones together have more
            tracks than a half, and a smaller error.
    """

    sizes: tuple[int, ...]
    hit_rate: Mapping[str, tuple[float, ...]]
    gap: Mapping[str, tuple[float, ...]]
    gap_error: Mapping[str, tuple[float | None, ...]]
    floor: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedQueries:
    """Queries, and the rows of a reference that match them.

    Args:
        vectors: Fingerprints of the queries.
        reference: Fingerprints of the reference.
        matches: First row of ``reference`` that matches each query, and the row after the last.
        tracks: Track of each query, or its group of tracks; None if each is from its own.
    """

    vectors: Float32[np.ndarray, "queries dim"]
    reference: Float32[np.ndarray, "rows dim"]
    matches: fidelity.MatchRows
    tracks: Int64[np.ndarray, " queries"] | None = None


def expected_hit_rates(
    real: Vectors,
    halves: Sequence[tuple[np.ndarray, np.ndarray]],
    synthetic: Mapping[str, np.ndarray],
    queries: MatchedQueries,
) -> HitRates:
    """Measure hit rates among each set, at every size that all sets have.

    Args:
        real: Real distractors.
        halves: Row numbers of two halves of them, for each split.
        synthetic: Synthetic distractors by name of their set.
        queries: Queries with their matches.
    """
    truth, best = fidelity.best_among_reference(queries.vectors, queries.reference, queries.matches)
    sets = {FLOOR: real, **synthetic}
    sizes = sizes_up_to(min(len(rows) for rows in sets.values()))

    def hits(rows: np.ndarray, sizes: Sequence[int]) -> Float64[np.ndarray, "sizes queries"]:
        counts = fidelity.count_better(queries.vectors, truth, rows)
        chances: Float64[np.ndarray, "sizes queries"] = (
            fidelity.hit_chances(counts, len(rows), sizes) * best
        )
        return chances

    by_set = {name: hits(rows, sizes) for name, rows in sets.items()}
    gaps = {name: by_set[name] - by_set[FLOOR] for name in synthetic}
    half = min(len(part) for pair in halves for part in pair)
    half_sizes = sorted({min(size, half) for size in sizes})
    squares = [
        np.square(np.subtract(*(hits(real[part], half_sizes).mean(axis=1) for part in pair)))
        for pair in halves
    ]
    floor = dict(zip(half_sizes, np.sqrt(np.mean(squares, axis=0)).tolist(), strict=True))
    tracks = np.arange(len(truth)) if queries.tracks is None else queries.tracks
    return HitRates(
        sizes=tuple(sizes),
        hit_rate={name: tuple(c.mean(axis=1).tolist()) for name, c in by_set.items()},
        gap={name: tuple(g.mean(axis=1).tolist()) for name, g in gaps.items()},
        gap_error={name: tuple(_error(at, tracks) for at in g) for name, g in gaps.items()},
        floor=tuple(floor[min(size, half)] for size in sizes),
    )


def _error(
    gap: Float64[np.ndarray, " queries"], tracks: Int64[np.ndarray, " queries"]
) -> float | None:
    """The standard error of a mean over queries, of which those of one track are alike.

    Source: the linearised variance of a ratio estimate, Cochran 1977, "Sampling Techniques",
        section 9A.2.
    """
    _, member = np.unique(tracks, return_inverse=True)
    deviations = np.bincount(member, weights=gap - gap.mean())
    n_tracks = len(deviations)
    if n_tracks < FEWEST_TRACKS:
        return None
    variance = n_tracks / (n_tracks - 1) * float(np.sum(np.square(deviations)))
    return math.sqrt(variance) / len(gap) or None


def sizes_up_to(largest: int) -> list[int]:
    """Sizes 100, 200, 500, 1000 and so on below ``largest``, and ``largest`` itself."""
    steps = (digit * 10**power for power in range(2, 12) for digit in (1, 2, 5))
    return [*(size for size in steps if size < largest), largest]
