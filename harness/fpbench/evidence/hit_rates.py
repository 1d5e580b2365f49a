"""From evidence to curves: pure arithmetic."""

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
"""Distractors at which curves are read off if nobody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveLabels:
    """What a curve says about itself besides its points.

    Args:
        seed: Of the intervals' resampling.
        hop_s: Turns fingerprints into hours of audio.
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
    """HR@1, @3 and @10 at every size, with intervals over tracks.

    Args:
        evidence: Blocks, which give several repeats of the smaller sizes, or a grown index, which
            gives one of each.
        sizes: Distractors, rising; 0 is the reference alone.
        labels: Copied into the curves.
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
    """The rank of the true match in each database of a size, by where its distractors begin."""
    if isinstance(evidence, GrownEvidence):
        yield 0, evidence.ranks(size, tolerance_s)
    elif size == 0:
        yield 0, evidence.ranks(range(0), tolerance_s)
    else:
        for run in repeats(evidence.edges, size):
            yield int(evidence.edges[run.start]), evidence.ranks(run, tolerance_s)


def _point(
    hits: Bool[np.ndarray, "repeats queries"],
    track: Int64[np.ndarray, " queries"],
    size: int,
    k: int,
    labels: CurveLabels,
) -> Point:
    rates = hits.mean(axis=1)
    of_query: Int64[np.ndarray, " queries"] = hits.sum(axis=0)
    rng = rng_at(labels.seed, Stream.BOOTSTRAP, size, k)
    low, high = interval_over_tracks(of_query, len(hits), track, rng, LEVEL)
    return Point(
        n_distractors=size,
        n_reference=labels.n_reference,
        hours=(size + labels.n_reference) * labels.hop_s / 3600,
        value=int(of_query.sum()) / hits.size,
        std=float(rates.std(ddof=1)) if len(rates) > 1 else None,
        repeats=len(rates),
        n_queries=hits.shape[1],
        ci=Interval(level=LEVEL, low=low, high=high, method=METHOD),
    )
