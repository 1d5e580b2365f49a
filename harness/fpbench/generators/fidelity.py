"""Statistics of two sets of vectors: how similar synthetic fingerprints are to real ones.

Each statistic compares a set of *judges*, real fingerprints of tracks that no generator was fitted
to, with a set of *draws*. No value is meaningful alone: all depend on the number of rows, and real
fingerprints come in tracks. Compare each value with that of a second real set, of other tracks and
of the same size, as :mod:`fpbench.generators.fidelity_report` does.

The statistics are our own, because they are what fpbench is trusted for, and because libraries of
such scores measure images with networks of theirs.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64

from fpbench.plugin.fingerprinters import Vectors

NEIGHBOURS = 5
"""k of precision, recall, density and coverage, as published."""

MARGINAL_BINS = 64
SIMILARITY_BINS = 200
PROFILE_K = (10, 20, 50, 100, 200)
"""Neighbourhood sizes of the local-dimension profile."""

_BLOCK = 1024  # rows of a distance matrix in memory at once

_NO_MATCH = 1 << 40  # more wrong rows than any reference has

# Maximum difference of two float32 inner products of the same rows of length 1. In matrix products
# of any shape, for 3 to 2048 dimensions, the error was at most 11 steps of float32.
_ROUNDING = 32 * float(np.finfo(np.float32).eps)

# The two sets of a call may have different numbers of rows, so each has its own axis name.
First = Float32[np.ndarray, "first dim"]
Second = Float32[np.ndarray, "second dim"]
MatchRows = tuple[Int64[np.ndarray, " queries"], Int64[np.ndarray, " queries"]]


def frechet_distance(first: First, second: Second) -> float:
    """Squared Wasserstein-2 distance of the two Gaussians with the sets' means and covariances.

    ``|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))``, 0 for equal sets, in squared units of the
    vectors. It depends only on mean and covariance, and small sets bias it upwards.

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
    """Jensen-Shannon divergence of two histograms in bits: 0 if equal, 1 if disjoint.

    Args:
        first: Counts with any positive total.
        second: Counts with any positive total.

    Source: Lin 1991, "Divergence measures based on the Shannon entropy".
    """
    p, q = first / first.sum(), second / second.sum()
    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    return min(max(divergence, 0.0), 1.0)  # rounding may leave the limits


def marginal_divergence(first: First, second: Second) -> float:
    """Jensen-Shannon divergence of each dimension's histogram, mean over dimensions, in bits.

    A histogram has 64 equal bins between the smallest and the largest value of both sets. The paper
    does not give its bins, so apply its limits (good below 0.02, mismatch above 0.05) with care.
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

    The histograms have 200 equal bins over the range of both samples, which come from
    :func:`pair_similarities`. It detects structure that marginals do not show, such as dependence
    between dimensions.
    """
    limits = (float(min(first.min(), second.min())), float(max(first.max(), second.max())))
    return _histogram_divergence(first, second, SIMILARITY_BINS, limits)


def pair_similarities(
    vectors: Vectors, tracks: Int64[np.ndarray, " batch"], pairs: int, rng: np.random.Generator
) -> Float32[np.ndarray, " pairs"]:
    """Inner products of random pairs of rows that belong to different tracks.

    Pairs within a track are left out: they are similar because their segments overlap, which
    independent draws do not. The result therefore has fewer than ``pairs`` products.
    """
    i, j = rng.integers(len(vectors), size=(2, pairs))
    different = tracks[i] != tracks[j]
    products: Float32[np.ndarray, " pairs"] = np.einsum(
        "pd,pd->p", vectors[i[different]], vectors[j[different]]
    )
    return products


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifold:
    """Overlap of the supports of two sets, each a union of k-nearest-neighbour balls.

    Args:
        precision: Share of draws in the ball of at least one judge, 0 to 1.
        recall: Share of judges in the ball of at least one draw, 0 to 1.
        density: Number of judges' balls that contain a draw, divided by k, mean over draws; about 1
            for equal distributions of independent rows, and less if rows of judges are in tracks.
        coverage: Share of judges with at least one draw in their ball, 0 to 1.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold(judges: First, draws: Second, k: int = NEIGHBOURS) -> Manifold:
    """Compute precision, recall, density and coverage.

    A ball reaches to the k-th nearest neighbour of its centre in the same set, without the centre.

    Source: Kynkaanniemi et al. 2019, arXiv 1904.06991; Naeem et al. 2020, arXiv 2002.09797.
    """
    judge_radii, draw_radii = _ball_radii(judges, k), _ball_radii(draws, k)
    in_draw_ball = np.zeros(len(judges), dtype=bool)
    has_draw = np.zeros(len(judges), dtype=bool)
    draws_in_balls, pairs = 0, 0
    for rows, distances in _distance_blocks(draws, judges):
        inside = distances <= judge_radii
        draws_in_balls += int(inside.any(axis=1).sum())
        pairs += int(inside.sum())
        has_draw |= inside.any(axis=0)
        in_draw_ball |= (distances <= draw_radii[rows, None]).any(axis=0)
    return Manifold(
        precision=draws_in_balls / len(draws),
        recall=float(in_draw_ball.mean()),
        density=pairs / (k * len(draws)),
        coverage=float(has_draw.mean()),
    )


def nearest_distances(points: First, others: Second, k: int) -> Float32[np.ndarray, "first {k}"]:
    """Euclidean distances from each point to its k nearest in another set, nearest first.

    They are lengths of differences: those of equal vectors are equal on every processor, and 0 from
    each other. The errors of a matrix product, which only chooses the k, are not in them.
    """
    nearest = np.empty((len(points), k), dtype=np.float32)
    for rows, distances in _distance_blocks(points, others):
        chosen = np.argpartition(distances, k - 1, axis=1)[:, :k]
        for point, ids, measured in zip(points[rows], chosen, nearest[rows], strict=True):
            apart = others[ids].astype(np.float64) - point
            measured[:] = np.sort(np.sqrt(np.einsum("kd,kd->k", apart, apart)))
    return nearest


def local_dimension(distances: Float32[np.ndarray, "points k"]) -> float:
    """Intrinsic dimension around points, from distances to their k nearest neighbours.

    It is the maximum-likelihood estimate at each point, averaged over points by its inverse. Points
    whose k-th neighbour is at distance 0 give no estimate and are left out.

    Args:
        distances: Distances of at least 2 neighbours per point, nearest first.

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
    cluster: Int64[np.ndarray, " rows"],
) -> Int64[np.ndarray, "clusters queries"]:
    """Number of distractors of each cluster that score at least as high as each query's true match.

    Args:
        queries: Fingerprints of the queries.
        truth: Inner product of each query with its true match, from :func:`best_among_reference`,
            which allows for rounding, so that no tie is missed.
        distractors: Any number of rows, read in blocks, so a memory map will do.
        cluster: Number of each distractor's cluster, from 0.
    """
    clusters, n_queries = int(cluster.max(initial=-1)) + 1, len(queries)
    counts = np.zeros(clusters * n_queries, dtype=np.int64)
    for start in range(0, len(distractors), _BLOCK * 8):
        block = slice(start, start + _BLOCK * 8)
        query, row = np.nonzero(queries @ distractors[block].T >= truth[:, None])
        counts += np.bincount(cluster[block][row] * n_queries + query, minlength=len(counts))
    return counts.reshape(clusters, n_queries)


def hit_chances(
    counts: Int64[np.ndarray, " queries"],
    distractors: int,
    sizes: Sequence[int],
    allowed: Int64[np.ndarray, " queries"],
) -> Float64[np.ndarray, "sizes queries"]:
    """Probability that each query is a hit among ``size`` distractors drawn from all of them.

    If ``m`` of ``D`` distractors score above the true match, a random subset of N distractors
    without replacement has ``j`` of them with probability C(m, j) C(D - m, N - j) / C(D, N). The
    mean over queries is therefore the hit rate averaged over *all* subsets, without sampling.

    Args:
        counts: m of each query.
        distractors: Number D of all distractors.
        sizes: Values of N, each from 0 to D.
        allowed: Largest j of a hit for each query; below 0, the query misses.
    """
    different, place = np.unique(counts, return_inverse=True)
    m = different.astype(np.float64)[:, None]
    j = np.arange(int(allowed.max(initial=0)) + 1, dtype=np.float64)
    chances = np.zeros((len(sizes), len(counts)))
    if j.size == 0:
        return chances
    for row, size in enumerate(sizes):
        log_ways = _log_binomial(m, j) + _log_binomial(distractors - m, size - j)
        up_to = np.exp(log_ways - _log_binomial(float(distractors), float(size))).cumsum(axis=1)
        chances[row] = np.minimum(up_to[place, np.maximum(allowed, 0)], 1.0)
    chances[:, allowed < 0] = 0
    return chances


def _log_binomial(n: np.ndarray | float, k: np.ndarray | float) -> np.ndarray:
    """Logarithm of the binomial coefficient; -inf where there is no way to choose."""
    from scipy.special import gammaln

    k, rest = np.broadcast_arrays(np.asarray(k), np.asarray(n) - np.asarray(k))
    ways = gammaln(k + rest + 1) - gammaln(np.maximum(k, 0) + 1) - gammaln(np.maximum(rest, 0) + 1)
    log: np.ndarray = np.where((k >= 0) & (rest >= 0), ways, -np.inf)
    return log


def best_among_reference(
    queries: Float32[np.ndarray, "queries dim"],
    reference: Float32[np.ndarray, "rows dim"],
    matches: MatchRows,
) -> tuple[Float32[np.ndarray, " queries"], Int64[np.ndarray, " queries"]]:
    """Score of each query's best match, and how many other rows of the reference reach it.

    Args:
        queries: Fingerprints of the queries.
        reference: Fingerprints of the reference.
        matches: First row that matches each query, and the row after the last one.

    Returns:
        The inner product with the best match, minus the possible rounding error, so that no tie is
        missed; -inf if no row matches. And the number of other rows of ``reference`` that score at
        least as much, which for a query without a match is larger than that of all rows.
    """
    truth = np.empty(len(queries), dtype=np.float32)
    better = np.empty(len(queries), dtype=np.int64)
    longest = np.linalg.norm(reference, axis=1).max(initial=0)
    rounding = np.float32(_ROUNDING) * longest * np.linalg.norm(queries, axis=1)
    rows, (first, stop) = np.arange(len(reference)), matches
    for start in range(0, len(queries), _BLOCK):
        scores = queries[start : start + _BLOCK] @ reference.T
        block = slice(start, start + len(scores))
        is_match = (first[block, None] <= rows) & (rows < stop[block, None])
        truth[block] = scores.max(axis=1, initial=-np.inf, where=is_match) - rounding[block]
        reaches = (scores >= truth[block, None]) & ~is_match
        better[block] = reaches.sum(axis=1)
    better[first == stop] = _NO_MATCH
    return truth, better


def _ball_radii(points: First, k: int) -> Float32[np.ndarray, " first"]:
    """Distance from each point to its k-th nearest in the same set, without the point itself.

    It comes from products of the same kind as the distances that it is compared with, so that a
    point at the edge of a ball of an equal set is inside.
    """
    radii = np.empty(len(points), dtype=np.float32)
    for rows, distances in _distance_blocks(points, points):
        radii[rows] = np.partition(distances, k, axis=1)[:, k]
    return radii


def _distance_blocks(
    points: First, others: Second
) -> Iterator[tuple[slice, Float32[np.ndarray, "block second"]]]:
    """Euclidean distances of all points to all of another set, in blocks of points."""
    lengths = np.einsum("nd,nd->n", others, others)
    for start in range(0, len(points), _BLOCK):
        block = points[start : start + _BLOCK]
        squares = np.einsum("nd,nd->n", block, block)[:, None] + lengths - 2 * (block @ others.T)
        yield slice(start, start + len(block)), np.sqrt(np.maximum(squares, 0))


def _histogram_divergence(
    first: Float32[np.ndarray, " a"],
    second: Float32[np.ndarray, " b"],
    bins: int,
    limits: tuple[float, float],
) -> float:
    if limits[0] == limits[1]:
        return 0.0
    # In float64: float32 may have fewer values between the limits than there are bins.
    p, _ = np.histogram(first.astype(np.float64), bins, limits)
    q, _ = np.histogram(second.astype(np.float64), bins, limits)
    return jensen_shannon(p.astype(np.float64), q.astype(np.float64))


def _relative_entropy(p: Float64[np.ndarray, " bins"], q: Float64[np.ndarray, " bins"]) -> float:
    """Of p from q, in bits; q is positive wherever p is."""
    used = p > 0
    return float(np.sum(p[used] * np.log2(p[used] / q[used])))


def _symmetric_root(C: Float64[np.ndarray, "dim dim"]) -> Float64[np.ndarray, "dim dim"]:
    eigenvalues, vectors = np.linalg.eigh(C)
    root: Float64[np.ndarray, "dim dim"] = (
        vectors * np.sqrt(np.clip(eigenvalues, 0, None))
    ) @ vectors.T
    return root
