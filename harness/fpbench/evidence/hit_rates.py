"""Hit-rate curves, computed from evidence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64

from fpbench.evidence.bootstrap import METHOD, interval_over_tracks
from fpbench.evidence.evidence import Evidence, GrownEvidence, repeats
from fpbench.randomness import Stream, rng_at
from fpbench.results.document import Curve, DistractorKind, Interval, Point

HIT_RANKS = (1, 3, 10)
LEVEL = 0.95
DEFAULT_SIZES = (10_000, 100_000, 1_000_000)
"""Numbers of distractors at which a curve has points by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveLabels:
    """The fields of a curve besides its points, and what computing the points needs.

    Args:
        hop_s: Time between fingerprints, which turns their number into hours of audio.
        seed: Seed of the resampling for confidence intervals.
    """

    distractors: DistractorKind
    index: str
    index_parameters: Mapping[str, int | float | str]
    tolerance_s: float | None
    query_length_s: float
    n_reference: int
    hop_s: float
    seed: int


def hit_rate_curves(
    evidence: Evidence | GrownEvidence, sizes: Sequence[int], labels: CurveLabels
) -> list[Curve]:
    """HR@1, HR@3 and HR@10 at every size, with confidence intervals over tracks.

    Args:
        evidence: Evidence of blocks gives several repeats of the smaller sizes, evidence of a
            grown index gives one of each size.
        sizes: Numbers of distractors, ascending; 0 means the reference alone.
        labels: The other fields of the curves.
    """
    points: dict[int, list[Point]] = {k: [] for k in HIT_RANKS}
    for size in sizes:
        ranks = np.stack([r for _, r in ranks_at(evidence, size, labels.tolerance_s)])
        for k in HIT_RANKS:
            points[k].append(_point(ranks < k, evidence.query_track, size, k, labels))
    return [
        Curve(
            distractors=labels.distractors,
            index=labels.index,
            index_parameters=labels.index_parameters,
            metric=f"hr@{k}",
            tolerance_s=labels.tolerance_s,
            query_length_s=labels.query_length_s,
            points=points[k],
        )
        for k in HIT_RANKS
    ]


def ranks_at(
    evidence: Evidence | GrownEvidence, size: int, tolerance_s: float | None
) -> Iterator[tuple[int, Int64[np.ndarray, " queries"]]]:
    """Ranks of the true match in each database of one size.

    Yields:
        The number of the database's first distractor, and the rank for each query.
    """
    if isinstance(evidence, GrownEvidence):
        yield 0, evidence.ranks(size, tolerance_s)
    elif size == 0:
        yield 0, evidence.ranks(range(0), tolerance_s)
    else:
        for blocks in repeats(evidence.edges, size):
            yield int(evidence.edges[blocks.start]), evidence.ranks(blocks, tolerance_s)


def _point(
    hits: Bool[np.ndarray, "repeats queries"],
    track: Int64[np.ndarray, " queries"],
    size: int,
    k: int,
    labels: CurveLabels,
) -> Point:
    rates = hits.mean(axis=1)
    hits_per_query: Int64[np.ndarray, " queries"] = hits.sum(axis=0)
    rng = rng_at(labels.seed, Stream.BOOTSTRAP, size, k)
    low, high = interval_over_tracks(hits_per_query, len(hits), track, rng, LEVEL)
    return Point(
        n_distractors=size,
        n_reference=labels.n_reference,
        hours=(size + labels.n_reference) * labels.hop_s / 3600,
        value=int(hits_per_query.sum()) / hits.size,
        std=float(rates.std(ddof=1)) if len(rates) > 1 else None,
        repeats=len(rates),
        n_queries=hits.shape[1],
        ci=Interval(level=LEVEL, low=low, high=high, method=METHOD),
    )
