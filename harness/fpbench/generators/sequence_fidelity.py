"""How alike runs of synthetic tracks are to runs of real ones."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from jaxtyping import Float32, Float64, Int64

from fpbench.generators.expected_hit_rates import (
    MatchedQueries,
    RealDistractors,
    expected_hit_rates,
)
from fpbench.generators.lag_similarities import lag_similarities
from fpbench.plugin.fingerprinters import Vectors
from fpbench.results.fidelity import FLOOR, HitRates, Sequences, ShorterQueries
from fpbench.results.lengths import QueryLength
from fpbench.stretches import stretch_edges

LAGS_S = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
LENGTHS_S = (1.0, 3.0, 5.0)
"""Lengths of the shorter queries, where longer ones have no other lengths of their own."""

Halves = Sequence[tuple[Int64[np.ndarray, " first"], Int64[np.ndarray, " second"]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackSet:
    """Fingerprints of tracks, one track after the other.

    Args:
        vectors: The fingerprints.
        stretches: Number of the stretch of each, see :func:`fpbench.stretches.number_stretches`.
    """

    vectors: Vectors
    stretches: Int64[np.ndarray, " rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthQueries:
    """Queries of one length, of those that are asked at several.

    Args:
        length: Their length.
        queries: The queries, with matches at one tolerance. A row of them and of their reference is
            a run of as many fingerprints as the length has.
    """

    length: QueryLength
    queries: MatchedQueries


def shorter_lengths(longest: QueryLength, hop_s: float) -> list[QueryLength]:
    """The lengths of :data:`LENGTHS_S` that are less, as far as fingerprints allow.

    Args:
        longest: Length of the queries.
        hop_s: Time between neighbouring fingerprints.
    """
    fewer = [round((longest.length_s - length_s) / hop_s) for length_s in LENGTHS_S]
    segments = sorted({max(1, longest.segments - each) for each in fewer if each > 0})
    return [
        QueryLength(longest.length_s - (longest.segments - each) * hop_s, each) for each in segments
    ]


def similarities_by_lag(
    real: TrackSet, drawn: Mapping[str, TrackSet], halves: Halves, hop_s: float
) -> Sequences:
    """Similarities within the tracks of every set, and their floor; hit rates are left out.

    Args:
        real: Tracks that no generator was fitted to.
        drawn: Tracks of each generator.
        halves: Row numbers of two halves of the real tracks, for each split.
        hop_s: Time between neighbouring fingerprints.
    """
    lags = sorted({max(1, round(lag_s / hop_s)) for lag_s in LAGS_S})
    of_real = lag_similarities(real.vectors, real.stretches, lags[-1])[:, np.array(lags) - 1]
    first_rows = stretch_edges(real.stretches)[:-1]
    differences = []
    for half, _ in halves:
        in_half = np.zeros(len(real.vectors), dtype=bool)
        in_half[half] = True
        member = in_half[first_rows]
        differences.append(_means(of_real[member]) - _means(of_real[~member]))
    floor = np.sqrt(np.mean(np.square(differences), axis=0))
    similarity = {FLOOR: _or_none(_means(of_real))}
    for name, tracks in drawn.items():
        by_lag = lag_similarities(tracks.vectors, tracks.stretches, lags[-1])
        similarity[name] = _or_none(_means(by_lag[:, np.array(lags) - 1]))
    return Sequences(
        lags_s=[lag * hop_s for lag in lags],
        similarity=similarity,
        floor=_or_none(floor),
        shorter=[],
    )


def cut_queries(
    queries: MatchedQueries, length: QueryLength, hop_s: float
) -> Iterator[LengthQueries]:
    """The first fingerprints of queries, at :data:`LENGTHS_S` and the first of the tolerances.

    They are right for systems whose fingerprints depend on nothing that comes after them.

    Args:
        queries: The queries.
        length: Their length.
        hop_s: Time between neighbouring fingerprints.
    """
    tolerance_s = next(iter(queries.matches))
    for shorter in shorter_lengths(length, hop_s):
        cut = partial(first_fingerprints, segments=shorter.segments, of=length.segments)
        first = replace(
            queries,
            vectors=cut(queries.vectors),
            reference=cut(queries.reference),
            matches={tolerance_s: queries.matches[tolerance_s]},
        )
        yield LengthQueries(length=shorter, queries=first)


def rates_by_length(
    real: RealDistractors,
    synthetic: Mapping[str, np.ndarray],
    by_length: Iterable[LengthQueries],
    longest: QueryLength,
) -> list[ShorterQueries]:
    """HR@1 of queries of each length, among the first fingerprints of runs.

    Args:
        real: Real runs.
        synthetic: Synthetic runs.
        by_length: The queries of each length.
        longest: Length of the runs.
    """
    found = []
    for one in by_length:
        segments = one.length.segments
        cut = partial(first_fingerprints, segments=segments, of=longest.segments)
        rates: list[HitRates] = expected_hit_rates(
            replace(real, vectors=cut(real.vectors)),
            {name: cut(runs) for name, runs in synthetic.items()},
            one.queries,
            independent=False,
        )
        found.append(
            ShorterQueries(segments=segments, length_s=one.length.length_s, hit_rates=rates[0])
        )
    return found


def first_fingerprints(
    runs: Float32[np.ndarray, "runs longer"], segments: int, of: int
) -> Float32[np.ndarray, "runs shorter"]:
    """The first so many fingerprints of each run, as one vector of the same scale."""
    dim = runs.shape[1] // of
    return runs[:, : segments * dim] * np.float32(math.sqrt(of / segments))


def _means(of_tracks: Float64[np.ndarray, "tracks lags"]) -> Float64[np.ndarray, " lags"]:
    """Mean over the tracks that are long enough; NaN where none is."""
    there = np.isfinite(of_tracks)
    sums = np.where(there, of_tracks, 0.0).sum(axis=0)
    with np.errstate(invalid="ignore"):
        means: Float64[np.ndarray, " lags"] = sums / there.sum(axis=0)
    return means


def _or_none(values: Float64[np.ndarray, " lags"]) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
