"""The error of a gap in hit rate: queries, real distractors and draws might have been others.

All three are samples. Leaving out one group of queries, one group of real distractors or one block
of draws at a time shows how much each of them matters. docs/explanation/fidelity.md shows how close
the stated error is to the true one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from fpbench.generators.fidelity import hit_chances

FEWEST_CLUSTERS = 6
"""Minimum groups for an error: among five, no two-sided sign test can reach 5 %."""

MOST_CLUSTERS = 50
"""Groups of distractors are put together until there are as many, to save time (Kott 2001)."""

DRAW_BLOCKS = 20
"""Of independent draws any blocks will do; runs of a track are in one block or two."""


@dataclass(frozen=True, slots=True)
class ClusteredCounts:
    """How many distractors of each cluster beat each query, and how many there are.

    Args:
        better: Distractors that score at least as high as the true match.
        rows: All distractors of each cluster.
    """

    better: Int64[np.ndarray, "clusters queries"]
    rows: Int64[np.ndarray, " clusters"]

    @property
    def total(self) -> int:
        """Number of all distractors."""
        return int(self.rows.sum())

    def select(self, clusters: Int64[np.ndarray, " some"]) -> "ClusteredCounts":
        """The counts of some clusters."""
        return ClusteredCounts(self.better[clusters], self.rows[clusters])

    def merge(self, merged: Int64[np.ndarray, " clusters"]) -> "ClusteredCounts":
        """The counts of larger clusters, which have numbers from 0."""
        n_merged = int(merged.max()) + 1
        better = np.zeros((n_merged, self.better.shape[1]), dtype=np.int64)
        np.add.at(better, merged, self.better)
        rows = np.zeros(n_merged, dtype=np.int64)
        np.add.at(rows, merged, self.rows)
        return ClusteredCounts(better, rows)

    def hits(
        self, sizes: Sequence[int], allowed: Int64[np.ndarray, " queries"]
    ) -> Float64[np.ndarray, "sizes queries"]:
        """Chances of a hit among distractors drawn from all; see :func:`hit_chances`."""
        return hit_chances(self.better.sum(axis=0), self.total, sizes, allowed)

    def influences(
        self, size: int, allowed: Int64[np.ndarray, " queries"]
    ) -> Float64[np.ndarray, "clusters queries"]:
        """What leaving out each cluster does to the chance that each query hits.

        The database gets as much smaller as a cluster is part of all. Its hits among the other
        clusters are compared with those among all clusters at the smaller size, so that the effect
        is that of other distractors and not that of fewer.
        """
        better, total = self.better.sum(axis=0), self.total
        effects = np.empty(self.better.shape)
        for cluster, (beaten, rows) in enumerate(zip(self.better, self.rows, strict=True)):
            smaller = [round(size * (total - int(rows)) / total)]
            without = hit_chances(better - beaten, total - int(rows), smaller, allowed)
            effects[cluster] = (without - hit_chances(better, total, smaller, allowed))[0]
        return effects


def merge_clusters(
    cluster: Int64[np.ndarray, " rows"], most: int = MOST_CLUSTERS
) -> Int64[np.ndarray, " rows"]:
    """Numbers of clusters from 0, of which there are at most ``most``."""
    _, member = np.unique(cluster, return_inverse=True)
    merged: Int64[np.ndarray, " rows"] = member % most
    return merged


def perfect_gap(influences: Float64[np.ndarray, "groups queries"]) -> float | None:
    """The gap that a perfect generator would have, because real distractors come from few groups.

    Rows of one group beat the same queries, so that real distractors from few groups beat fewer of
    them than as many independent ones, and the gap is negative.

    Args:
        influences: Of each group of real distractors, from :meth:`ClusteredCounts.influences`.

    Returns:
        The jackknife estimate; None for fewer than :data:`FEWEST_CLUSTERS` groups.

    Source: the bias of Quenouille 1956, "Notes on bias in estimation".
    """
    if len(influences) < FEWEST_CLUSTERS:
        return None
    return -(len(influences) - 1) * float(influences.mean())


def draw_blocks(rows: int, *, independent: bool = True) -> Int64[np.ndarray, " rows"]:
    """The block of each draw; there are fewer than :data:`DRAW_BLOCKS` only if rows are.

    Args:
        independent: Whether draws are independent; otherwise a block has neighbouring rows.
    """
    numbers = np.arange(rows)
    blocks: Int64[np.ndarray, " rows"] = (
        numbers % DRAW_BLOCKS if independent else numbers * DRAW_BLOCKS // max(rows, DRAW_BLOCKS)
    )
    return blocks


def gap_error(
    gap: Float64[np.ndarray, " queries"],
    real: Float64[np.ndarray, "groups queries"],
    draws: Float64[np.ndarray, "blocks queries"],
    cluster: Int64[np.ndarray, " queries"],
) -> float | None:
    """The standard error of a gap in hit rate, over queries, real distractors and draws.

    The spread over groups of queries contains that which queries and distractors share: which
    distractor is near which query. It is also in the spread over groups of distractors, so it is
    taken out once.

    Args:
        gap: Gap of each query.
        real: Influence of each group of real distractors, from :meth:`ClusteredCounts.influences`.
        draws: Influence of each block of draws.
        cluster: Group of each query.

    Returns:
        None if there are fewer than :data:`FEWEST_CLUSTERS` groups of queries or of real
        distractors, or if nothing differs.

    Source: the delete-a-group jackknife, Kott 2001; for samples that are crossed, Cameron, Gelbach
        and Miller 2011, "Robust inference with multiway clustering".
    """
    _, member = np.unique(cluster, return_inverse=True)
    sizes = np.bincount(member).astype(np.float64)
    if min(len(sizes), len(real)) < FEWEST_CLUSTERS:
        return None
    variance = _query_variance(np.bincount(member, weights=gap), sizes)
    for influences in (real, draws):
        variance += _distractor_variance(influences, member, sizes)
    return math.sqrt(variance) or None


def _query_variance(
    sums: Float64[np.ndarray, " groups"], sizes: Float64[np.ndarray, " groups"]
) -> float:
    """The jackknife variance of a mean over queries, of which those of one group are alike."""
    without = (sums.sum() - sums) / (sizes.sum() - sizes)
    return _jackknife(without - without.mean())


def _distractor_variance(
    influences: Float64[np.ndarray, "clusters queries"],
    member: Int64[np.ndarray, " queries"],
    sizes: Float64[np.ndarray, " groups"],
) -> float:
    """The variance from the choice of distractors that all groups of queries have in common."""
    groups = len(sizes)
    of_groups = np.stack([np.bincount(member, each, groups) for each in influences]) / sizes.sum()
    of_groups -= of_groups.mean(axis=0)
    whole = of_groups.sum(axis=1)
    own = of_groups - whole[:, None] * (sizes / sizes.sum())
    shared = _jackknife(own) * groups / (groups - 1)
    return max(0.0, _jackknife(whole) - shared)


def _jackknife(deviations: np.ndarray) -> float:
    clusters = len(deviations)
    return (clusters - 1) / clusters * float(np.sum(np.square(deviations)))
