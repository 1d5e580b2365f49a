"""Expected hit rates among real and among synthetic distractors, and the gap between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64

from fpbench.generators import fidelity
from fpbench.generators.gap_errors import (
    ClusteredCounts,
    draw_blocks,
    gap_error,
    merge_clusters,
    perfect_gap,
)
from fpbench.plugin.fingerprinters import Vectors
from fpbench.results.fidelity import FLOOR, HitRates
from fpbench.results.fields import HIT_RANKS


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedQueries:
    """Queries, and the rows of a reference that match them.

    Args:
        vectors: Fingerprints of the queries.
        reference: Fingerprints of the reference.
        matches: For each tolerance, the first row of ``reference`` that matches each query, and the
            row after the last. The tolerance None accepts any time in the right track.
        clusters: What queries may be alike in: their groups of tracks or their tracks; None if each
            is from its own.
    """

    vectors: Float32[np.ndarray, "queries dim"]
    reference: Float32[np.ndarray, "rows dim"]
    matches: Mapping[float | None, fidelity.MatchRows]
    clusters: Int64[np.ndarray, " queries"] | None = None

    def known_clusters(self) -> Int64[np.ndarray, " queries"]:
        """The cluster of each query."""
        return np.arange(len(self.vectors)) if self.clusters is None else self.clusters


@dataclass(frozen=True, slots=True, kw_only=True)
class RealDistractors:
    """Real distractors that no generator was fitted to.

    Args:
        vectors: Their fingerprints.
        tracks: Track of each row.
        clusters: What rows may be alike in: their groups of tracks or their tracks.
        halves: Row numbers of two halves of them, for each split. No track is in both.
    """

    vectors: Vectors
    tracks: Int64[np.ndarray, " real"]
    clusters: Int64[np.ndarray, " real"]
    halves: Sequence[tuple[Int64[np.ndarray, " first"], Int64[np.ndarray, " second"]]]

    def parts(self) -> tuple[Int64[np.ndarray, " real"], Int64[np.ndarray, " parts"]]:
        """A partition from which clusters and halves can be put together.

        There may be many more tracks than parts, which would need as many counts for each query.

        Returns:
            The part of each row, and the cluster of each part.
        """
        _, first, track = np.unique(self.tracks, return_index=True, return_inverse=True)
        columns = [merge_clusters(self.clusters)[first]]
        for half, _ in self.halves:
            in_half = np.zeros(len(self.tracks), dtype=np.int64)
            in_half[half] = 1
            columns.append(in_half[first])
        kinds, part_of_track = np.unique(np.stack(columns), axis=1, return_inverse=True)
        return part_of_track.ravel()[track], kinds[0]


def expected_hit_rates(
    real: RealDistractors,
    synthetic: Mapping[str, np.ndarray],
    queries: MatchedQueries,
    *,
    independent: bool = True,
) -> list[HitRates]:
    """HR@1, HR@3 and HR@10 for every tolerance, among each set, at every size that all sets have.

    Args:
        real: Real distractors.
        synthetic: Synthetic distractors by name of their set.
        queries: Queries with their matches.
        independent: Whether draws are independent; otherwise neighbouring rows may be alike.
    """
    sets = {FLOOR: real.vectors, **synthetic}
    sizes = sizes_up_to(min(len(rows) for rows in sets.values()))
    parts = {
        name: draw_blocks(len(rows), independent=independent) for name, rows in synthetic.items()
    }
    parts[FLOOR], cluster_of_part = real.parts()
    rates: list[HitRates] = []
    for tolerance_s, matches in queries.matches.items():
        truth, better = fidelity.best_among_reference(queries.vectors, queries.reference, matches)
        counts = {
            name: ClusteredCounts(
                fidelity.count_better(queries.vectors, truth, rows, parts[name]),
                np.bincount(parts[name]),
            )
            for name, rows in sets.items()
        }
        halves = [
            [counts[FLOOR].select(np.unique(parts[FLOOR][half])) for half in pair]
            for pair in real.halves
        ]
        counts[FLOOR] = counts[FLOOR].merge(cluster_of_part)
        for k in HIT_RANKS:
            allowed = k - 1 - np.minimum(better, k)
            hits = {name: each.hits(sizes, allowed) for name, each in counts.items()}
            gaps = {name: each - hits[FLOOR] for name, each in hits.items() if name != FLOOR}
            errors, perfect = _errors(gaps, counts, sizes, allowed, queries.known_clusters())
            rates.append(
                HitRates(
                    metric=f"hr@{k}",
                    tolerance_s=tolerance_s,
                    sizes=tuple(sizes),
                    hit_rate={name: _means(each) for name, each in hits.items()},
                    gap={name: _means(each) for name, each in gaps.items()},
                    gap_error=errors,
                    perfect_gap=perfect,
                    floor=_floor(halves, sizes, allowed),
                )
            )
    return rates


def _errors(
    gaps: Mapping[str, Float64[np.ndarray, "sizes queries"]],
    counts: Mapping[str, ClusteredCounts],
    sizes: Sequence[int],
    allowed: Int64[np.ndarray, " queries"],
    clusters: Int64[np.ndarray, " queries"],
) -> tuple[dict[str, tuple[float | None, ...]], tuple[float | None, ...]]:
    """The error of the gap of each synthetic set at each size, and the gap of a perfect one."""
    errors: dict[str, list[float | None]] = {name: [] for name in gaps}
    perfect = []
    for place, size in enumerate(sizes):
        influences = {name: each.influences(size, allowed) for name, each in counts.items()}
        perfect.append(perfect_gap(influences[FLOOR]))
        for name, gap in gaps.items():
            error = gap_error(gap[place], influences[FLOOR], influences[name], clusters)
            errors[name].append(error)
    return {name: tuple(each) for name, each in errors.items()}, tuple(perfect)


def _means(chances: Float64[np.ndarray, "sizes queries"]) -> tuple[float, ...]:
    return tuple(chances.mean(axis=1).tolist())


def _floor(
    halves: Sequence[Sequence[ClusteredCounts]],
    sizes: Sequence[int],
    allowed: Int64[np.ndarray, " queries"],
) -> tuple[float, ...]:
    """Difference between two halves, root mean square over splits."""
    smallest = min(half.total for pair in halves for half in pair)
    used = [min(size, smallest) for size in sizes]
    rates = [[half.hits(used, allowed).mean(axis=1) for half in pair] for pair in halves]
    squares = [np.square(first - second) for first, second in rates]
    return tuple(np.sqrt(np.mean(squares, axis=0)).tolist())


def sizes_up_to(largest: int) -> list[int]:
    """Sizes 100, 200, 500, 1000 and so on below ``largest``, and ``largest`` itself."""
    steps = (digit * 10**power for power in range(2, 12) for digit in (1, 2, 5))
    return [*(size for size in steps if size < largest), largest]
