"""Gaps between hit rates with synthetic and with real distractors, from the evidence of both.

An error has three parts, each from a jackknife: the tracks of the queries, the tracks of the real
distractors, and the draws of the generator. Real distractors and draws are divided into parts, of
which one after the other is left out. What each query's own distractors decide shows between
queries already, and is counted once.

Source: Cameron, Gelbach and Miller 2011, "Robust inference with multiway clustering".
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from fpbench.evidence.evidence import DistractorRange, Evidence, disjoint_databases
from fpbench.evidence.jackknife import jackknife_variance

PARTS = 20
LEVEL = 0.95
T_PARTS = float(stdtrit(PARTS - 1, (1 + LEVEL) / 2))


@dataclass(frozen=True, slots=True)
class Hits:
    """HR@1 of each query at one size, mean over databases.

    Args:
        whole: With all distractors.
        without: Without each part of them.
    """

    whole: np.ndarray
    without: np.ndarray

    def variance(self) -> float:
        """Of the mean over queries, from the choice of the distractors."""
        return float(_jackknife_variance(self.without.mean(axis=0)))

    def shared_variance(self) -> float:
        """The part of it that is common to queries; the other part shows between queries, too."""
        alone = _jackknife_variance(self.without).sum() / len(self.without) ** 2
        return max(0.0, self.variance() - float(alone))


def _jackknife_variance(without: np.ndarray) -> np.ndarray:
    """Variance of estimates, the last axis of which is without one part after the other."""
    deviations = without - without.mean(axis=-1, keepdims=True)
    return (PARTS - 1) / PARTS * (deviations**2).sum(axis=-1)


@dataclass(frozen=True, slots=True)
class MeasuredGap:
    """Hit rates at rank 1 and their difference, from 0 to 1.

    Args:
        size: Number of distractors.
        gap: Synthetic minus real: above 0 if synthetic distractors are too easy.
        half_width: Of the interval of the gap.
        queries_error: Standard error of the gap from the choice of the queries' tracks.
        real_error: From the choice of the real distractors' tracks, as far as queries share it.
        draws_error: From the draws of the generator, likewise.
    """

    size: int
    real: float
    synthetic: float
    gap: float
    half_width: float
    queries_error: float
    real_error: float
    draws_error: float


def hits_at(
    evidence: Evidence, size: int, tolerance_s: float | None, part_of_row: np.ndarray
) -> Hits:
    """Hits in the disjoint databases of one size, as the curves of a result have them.

    Args:
        part_of_row: Part that each distractor belongs to, in the order of the search.
    """
    match = evidence.match_scores(tolerance_s)
    alone = evidence.ranks(range(0), tolerance_s) == 0
    databases = disjoint_databases(evidence.edges, size)
    whole = np.zeros(len(match))
    without = np.zeros((len(match), PARTS))
    for database in databases:
        best = _best_by_part(evidence, database, part_of_row)
        ordered = np.sort(best, axis=1)
        others = np.where(best == ordered[:, -1:], ordered[:, -2:-1], ordered[:, -1:])
        whole += alone & (ordered[:, -1] < match)
        without += alone[:, None] & (others < match[:, None])
    return Hits(whole / len(databases), without / len(databases))


def _best_by_part(
    evidence: Evidence, database: DistractorRange, part_of_row: np.ndarray
) -> np.ndarray:
    """Best score of each query among the distractors of each part."""
    queries = len(evidence.query_track)
    best = np.full((queries, PARTS), -np.inf, dtype=np.float32)
    for number in database.blocks:
        block = evidence.blocks[number]
        rows = int(evidence.edges[number]) + block.ids
        query, column = np.nonzero((block.ids >= 0) & (rows < database.stop))
        parts = part_of_row[rows[query, column]]
        np.maximum.at(best, (query, parts), block.scores[query, column])
    return best


def measure_gap(real: Hits, synthetic: Hits, query_track: np.ndarray, size: int) -> MeasuredGap:
    """The gap at one size, paired query by query."""
    difference = synthetic.whole - real.whole
    of_queries, t_tracks = over_tracks(difference, query_track)
    of_real, of_draws = real.shared_variance(), synthetic.shared_variance()
    return MeasuredGap(
        size=size,
        real=float(real.whole.mean()),
        synthetic=float(synthetic.whole.mean()),
        gap=float(difference.mean()),
        half_width=math.sqrt(t_tracks**2 * of_queries + T_PARTS**2 * (of_real + of_draws)),
        queries_error=math.sqrt(of_queries),
        real_error=math.sqrt(of_real),
        draws_error=math.sqrt(of_draws),
    )


def over_tracks(values: np.ndarray, query_track: np.ndarray) -> tuple[float, float]:
    """Variance of a mean over queries from the choice of their tracks, and Student's t for it."""
    _, track = np.unique(query_track, return_inverse=True)
    queries = np.bincount(track).astype(np.float64)
    variance = jackknife_variance(np.bincount(track, weights=values), queries)
    return variance, float(stdtrit(len(queries) - 1, (1 + LEVEL) / 2))
