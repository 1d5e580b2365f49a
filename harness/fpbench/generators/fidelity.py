"""How like the real ones synthetic fingerprints are: statistics of two sets of vectors.

Each statistic compares a *judge*, real fingerprints of tracks that nothing was fitted to, with a
*candidate* set. None of them means much alone: all depend on the numbers of rows, and real
fingerprints come in tracks. Put the same statistic for a second real set, of other tracks and of
the same size, beside it (:mod:`fpbench.generators.fidelity_report` does).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64
from scipy.special import gammaln

from fpbench.plugin.fingerprinters import Vectors

NEIGHBOURS = 5
"""The k of precision, recall, density and coverage, as published."""

MARGINAL_BINS = 64
SIMILARITY_BINS = 200
PROFILE_K = (10, 20, 50, 100, 200)
"""Neighbourhood sizes of the local-dimension profile."""

_BLOCK = 1024  # rows of a distance matrix held at once

# How far two float32 inner products of the same rows of length 1 may lie apart. In matrix products
# of any shape, for 3 to 2048 dimensions, they were at most 11 steps from the exact one.
_ROUNDING = 32 * float(np.finfo(np.float32).eps)

# Two sets in one call may have different numbers of rows, so each has its own axis word.
First = Float32[np.ndarray, "first dim"]
Second = Float32[np.ndarray, "second dim"]
RightRows = tuple[Int64[np.ndarray, " queries"], Int64[np.ndarray, " queries"]]


def frechet_distance(first: First, second: Second) -> float:
    """Squared Wasserstein-2 distance of the two Gaussians with the sets' means and covariances.

    ``|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))``, 0 for equal sets, in squared units of the
    vectors. It sees nothing but mean and covariance, and is biased upward by small sets.

    Source: Dowson and Landau 1982; Heusel et al. 2017, arXiv 1706.08500; arXiv 2509.18620.
    """
    mean_gap = first.mean(0, dtype=np.float64) - second.mean(0, dtype=np.float64)
    C1 = np.atleast_2d(np.cov(first, rowvar=False, dtype=np.float64))
    C2 = np.atleast_2d(np.cov(second, rowvar=False, dtype=np.float64))
    # tr (C1 C2)^(1/2) = tr (R C2 R)^(1/2) with R = C1^(1/2): symmetric, so eigenvalues are real.
    R = _symmetric_root(C1)
    eigenvalues = np.linalg.eigvalsh(R @ C2 @ R)
    cross = float(np.sqrt(np.clip(eigenvalues, 0, None)).sum())
    distance = float(mean_gap @ mean_gap) + float(np.trace(C1) + np.trace(C2)) - 2 * cross
    return max(distance, 0.0)


def jensen_shannon(
    first: Float64[np.ndarray, " bins"], second: Float64[np.ndarray, " bins"]
) -> float:
    """Divergence of two histograms from their average, in bits: 0 if equal, 1 if disjoint.

    Args:
        first: Counts; any positive total.
        second: Likewise.

    Source: Lin 1991, "Divergence measures based on the Shannon entropy".
    """
    p, q = first / first.sum(), second / second.sum()
    middle = (p + q) / 2

    def relative_entropy(part: Float64[np.ndarray, " bins"]) -> float:
        there = part > 0
        return float(np.sum(part[there] * np.log2(part[there] / middle[there])))

    return (relative_entropy(p) + relative_entropy(q)) / 2


def marginal_divergence(first: First, second: Second) -> float:
    """Jensen-Shannon divergence of each dimension's histogram, mean over dimensions, in bits.

    64 equal bins between the smallest and largest value of both sets. The paper does not say how
    it binned; its limits (good below 0.02, mismatch above 0.05) are read with that in mind.
    """
    divergences = []
    for d in range(first.shape[1]):
        a, b = first[:, d], second[:, d]
        limits = (float(min(a.min(), b.min())), float(max(a.max(), b.max())))
        divergences.append(_histogram_divergence(a, b, MARGINAL_BINS, limits))
    return float(np.mean(divergences))


def similarity_divergence(
    first: Float32[np.ndarray, " first"], second: Float32[np.ndarray, " second"]
) -> float:
    """Jensen-Shannon divergence of two samples of inner products, in bits.

    200 equal bins over the range of both samples (:func:`pair_similarities` draws them). It sees
    structure that marginals cannot: independent dimensions with the right marginals fail it.
    """
    limits = (float(min(first.min(), second.min())), float(max(first.max(), second.max())))
    return _histogram_divergence(first, second, SIMILARITY_BINS, limits)


def pair_similarities(
    vectors: Vectors, tracks: Int64[np.ndarray, " batch"], pairs: int, rng: np.random.Generator
) -> Float32[np.ndarray, " pairs"]:
    """Inner products of random pairs of rows that belong to different tracks.

    Neighbours within a track are alike because their segments overlap; independent draws never
    do, so those pairs are left out. Fewer than ``pairs`` come back, by the share left out.
    """
    i, j = rng.integers(len(vectors), size=(2, pairs))
    apart = tracks[i] != tracks[j]
    products: Float32[np.ndarray, " pairs"] = np.einsum(
        "pd,pd->p", vectors[i[apart]], vectors[j[apart]]
    )
    return products


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifold:
    """How far the supports of two sets overlap, each as a union of k-nearest-neighbour balls.

    Args:
        precision: Share of candidates inside some judge's ball, 0 to 1.
        recall: Share of judges inside some candidate's ball, 0 to 1.
        density: Judges' balls that hold a candidate, over k, mean; about 1 for equal laws.
        coverage: Share of judges with a candidate in their ball, 0 to 1.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold(judge: First, candidate: Second, k: int = NEIGHBOURS) -> Manifold:
    """Precision, recall, density and coverage.

    A ball reaches to its centre's k-th nearest neighbour in its own set, itself not counted.

    Source: Kynkaanniemi et al. 2019, arXiv 1904.06991; Naeem et al. 2020, arXiv 2002.09797.
    """
    judge_radii = nearest_distances(judge, judge, k + 1)[:, k]
    candidate_radii = nearest_distances(candidate, candidate, k + 1)[:, k]
    covered = np.zeros(len(judge), dtype=bool)
    recalled = np.zeros(len(judge), dtype=bool)
    precise, held = 0, 0
    for rows, distances in _distance_blocks(candidate, judge):
        inside = distances <= judge_radii
        precise += int(inside.any(axis=1).sum())
        held += int(inside.sum())
        covered |= inside.any(axis=0)
        recalled |= (distances <= candidate_radii[rows, None]).any(axis=0)
    return Manifold(
        precision=precise / len(candidate),
        recall=float(recalled.mean()),
        density=held / (k * len(candidate)),
        coverage=float(covered.mean()),
    )


def nearest_distances(points: First, among: Second, k: int) -> Float32[np.ndarray, "first {k}"]:
    """Euclidean distances from each point to its k nearest of another set, nearest first."""
    found = np.empty((len(points), k), dtype=np.float32)
    for rows, distances in _distance_blocks(points, among):
        found[rows] = np.sort(np.partition(distances, k - 1, axis=1)[:, :k], axis=1)
    return found


def local_dimension(distances: Float32[np.ndarray, "points k"]) -> float:
    """Intrinsic dimension around points, from distances to their k nearest neighbours.

    The maximum-likelihood estimate at each point, averaged over points by its inverse. Points
    whose k-th neighbour is at distance 0 say nothing and are left out.

    Args:
        distances: Nearest first, at least 2 per point.

    Source: Levina and Bickel 2004, with the average of MacKay and Ghahramani 2005.
    """
    useful = distances[distances[:, -1] > 0].astype(np.float64)
    if len(useful) == 0:
        return 0.0
    ratios = np.maximum(useful[:, :-1] / useful[:, -1:], 1e-12)
    inverse = float(-np.log(ratios).mean())
    return 1 / inverse if inverse > 0 else math.inf


def count_better(
    queries: Float32[np.ndarray, "queries dim"],
    truth: Float32[np.ndarray, " queries"],
    distractors: Float32[np.ndarray, "rows dim"],
) -> Int64[np.ndarray, " queries"]:
    """How many distractors score at least as high as each query's true match.

    Args:
        queries: The degraded fingerprints.
        truth: Inner product of each query with its true match; from
            :func:`best_among_reference`, so that rounding hides no tie.
        distractors: Any number of rows; read in blocks, so a memory map will do.
    """
    counts = np.zeros(len(queries), dtype=np.int64)
    for start in range(0, len(distractors), _BLOCK * 8):
        scores = queries @ distractors[start : start + _BLOCK * 8].T
        counts += (scores >= truth[:, None]).sum(axis=1)
    return counts


def hit_chances(
    counts: Int64[np.ndarray, " queries"], distractors: int, sizes: Sequence[int]
) -> Float64[np.ndarray, "sizes queries"]:
    """The chance that each query is a hit among ``size`` distractors drawn from all of them.

    With ``m`` of ``D`` distractors above the true match, a random subset of N without
    replacement holds none of them with probability C(D - m, N) / C(D, N). So the mean over
    queries is the hit rate averaged over *all* subsets, with no draw made.

    Args:
        counts: From :func:`count_better`.
        distractors: D, how many there are.
        sizes: Each from 0 to D.
    """
    D = float(distractors)
    m = counts.astype(np.float64)
    rows = []
    for size in sizes:
        left = D - m - size
        log_chance = (
            gammaln(D - m + 1) - gammaln(np.maximum(left, 0) + 1) - gammaln(D + 1)
        ) + gammaln(D - size + 1)
        rows.append(np.where(left >= 0, np.exp(log_chance), 0.0))
    return np.array(rows).reshape(len(sizes), len(counts))


def best_among_reference(
    queries: Float32[np.ndarray, "queries dim"],
    reference: Float32[np.ndarray, "rows dim"],
    right: RightRows,
) -> tuple[Float32[np.ndarray, " queries"], Bool[np.ndarray, " queries"]]:
    """What beats each query's best match, and whether none in the reference does.

    Args:
        right: Of each query, where the rows begin and end that match it.

    Returns:
        The inner product from which on a wrong row counts as good as the best match: that of the
        match, less what rounding can do, so that a tie is never taken for a worse row; -inf where
        nothing matches. And whether no wrong row of ``reference`` reaches it: a tie counts as lost,
        and so does a query that nothing matches.
    """
    bar = np.empty(len(queries), dtype=np.float32)
    best = np.empty(len(queries), dtype=bool)
    longest = np.linalg.norm(reference, axis=1).max(initial=0)
    slack = np.float32(_ROUNDING) * longest * np.linalg.norm(queries, axis=1)
    rows, (first, stop) = np.arange(len(reference)), right
    for start in range(0, len(queries), _BLOCK):
        scores = queries[start : start + _BLOCK] @ reference.T
        block = slice(start, start + len(scores))
        matches = (first[block, None] <= rows) & (rows < stop[block, None])
        bar[block] = scores.max(axis=1, initial=-np.inf, where=matches) - slack[block]
        scores[matches] = -np.inf
        best[block] = scores.max(axis=1, initial=-np.inf) < bar[block]
    return bar, best


def _distance_blocks(
    points: First, among: Second
) -> Iterator[tuple[slice, Float32[np.ndarray, "block second"]]]:
    """Euclidean distances of a block of points to all of another set, block by block."""
    lengths = np.einsum("nd,nd->n", among, among)
    for start in range(0, len(points), _BLOCK):
        block = points[start : start + _BLOCK]
        squares = np.einsum("nd,nd->n", block, block)[:, None] + lengths - 2 * (block @ among.T)
        yield slice(start, start + len(block)), np.sqrt(np.maximum(squares, 0))


def _histogram_divergence(
    first: Float32[np.ndarray, " a"],
    second: Float32[np.ndarray, " b"],
    bins: int,
    limits: tuple[float, float],
) -> float:
    if limits[0] == limits[1]:
        return 0.0
    p, _ = np.histogram(first, bins, limits)
    q, _ = np.histogram(second, bins, limits)
    return jensen_shannon(p.astype(np.float64), q.astype(np.float64))


def _symmetric_root(C: Float64[np.ndarray, "dim dim"]) -> Float64[np.ndarray, "dim dim"]:
    eigenvalues, vectors = np.linalg.eigh(C)
    root: Float64[np.ndarray, "dim dim"] = (
        vectors * np.sqrt(np.clip(eigenvalues, 0, None))
    ) @ vectors.T
    return root
