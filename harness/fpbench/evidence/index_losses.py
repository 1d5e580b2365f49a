"""The error of an index, apart from that of the fingerprints, paired query by query."""

from collections.abc import Iterator

import numpy as np

from fpbench.evidence.gaps import SearchedSizes
from fpbench.evidence.hit_rates import ranks_at
from fpbench.evidence.intervals import LEVEL, difference_interval
from fpbench.results.fields import HIT_RANKS, DistractorKind
from fpbench.results.index_losses import IndexLoss

EXACT = "exact"
"""Name of the index that all others are compared with."""


def index_losses(
    exact: SearchedSizes,
    other: SearchedSizes,
    *,
    index: str,
    distractors: DistractorKind,
    tolerance_s: float | None,
) -> Iterator[IndexLoss]:
    """What an index loses against exact search of the same queries in the same databases.

    Where the graph of one database stands against several databases of exact search, only the one
    that both have counts.

    Args:
        exact: Exact search.
        other: Search with the index.
        index: Name of the index.
        distractors: Kind of distractors of both.
        tolerance_s: Tolerance of a match.
    """
    groups = exact.evidence.clusters
    for size in sorted({*exact.sizes} & {*other.sizes}):
        of_exact, of_other = (
            dict(ranks_at(side.evidence, size, tolerance_s)) for side in (exact, other)
        )
        starts = [start for start in of_exact if start in of_other]
        if not starts:
            continue
        for k in HIT_RANKS:
            difference = np.zeros(len(groups), dtype=np.int64)
            for start in starts:
                difference += (of_other[start] < k).astype(np.int64) - (of_exact[start] < k)
            interval = difference_interval(difference, len(starts), groups, LEVEL)
            yield IndexLoss(
                index=index,
                distractors=distractors,
                metric=f"hr@{k}",
                tolerance_s=tolerance_s,
                n_distractors=size,
                databases=len(starts),
                value=int(difference.sum()) / (len(starts) * len(difference)),
                level=LEVEL,
                low=interval.low,
                high=interval.high,
                method=interval.method,
            )
