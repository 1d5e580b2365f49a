"""The gap between hit rates with synthetic and with real distractors, paired query by query."""

from collections.abc import Sequence
from dataclasses import dataclass

from fpbench.evidence.bootstrap import interval_over_tracks
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.few_tracks import Excess, few_tracks
from fpbench.evidence.hit_rates import difference_of_hits, hits_of_curves
from fpbench.evidence.intervals import LEVEL, NONE, GroupInterval, difference_interval, widen
from fpbench.randomness import Stream, rng_at
from fpbench.results.document import ESTIMATOR, Gap
from fpbench.results.fields import HIT_RANKS, Estimator

_GAP = 1  # at the end of the address, so that no other interval has the same draws


@dataclass(frozen=True, slots=True)
class SearchedSizes:
    """The evidence of one search, and the sizes of its curves."""

    evidence: Evidence | GrownEvidence
    sizes: Sequence[int]


def hit_rate_gaps(
    real: SearchedSizes,
    synthetic: SearchedSizes,
    *,
    index: str,
    tolerance_s: float | None,
    seed: int,
    estimator: Estimator = ESTIMATOR,
) -> list[Gap]:
    """The gap of HR@1, HR@3 and HR@10 at every size that both curves have, 0 excluded.

    A query that is hard among real distractors is usually hard among synthetic ones, so the gap has
    a smaller error than either rate. Its interval is over groups of tracks, or over tracks. If the
    tracks of the real distractors are known, it also has the error from their choice, and the
    excess of the real rate that comes from their number, see :mod:`fpbench.evidence.few_tracks`.

    Args:
        real: Search among real distractors.
        synthetic: Search of the same queries, with the same index.
        index: Name of the index.
        tolerance_s: Tolerance of a match.
        seed: Seed of the run, which intervals of estimator 2 need.
        estimator: Of the result; estimator 1 had no gaps.
    """
    of_real, of_synthetic = (
        hits_of_curves(side.evidence, side.sizes, tolerance_s) for side in (real, synthetic)
    )
    group, few = real.evidence.clusters, few_tracks(real.evidence, tolerance_s)
    gaps = []
    for k in HIT_RANKS:
        for size in sorted({*real.sizes} & {*synthetic.sizes} - {0}):
            difference, databases = difference_of_hits(of_synthetic[k, size], of_real[k, size])
            value = int(difference.sum()) / (databases * len(difference))
            if estimator == 2:
                rng = rng_at(seed, Stream.BOOTSTRAP, size, k, 0, _GAP)
                interval = interval_over_tracks(
                    difference, databases, group, rng, LEVEL, limits=(-1.0, 1.0)
                )
            else:
                interval = difference_interval(difference, databases, group, LEVEL)
                if few is not None:
                    interval = _widen(interval, value, few.excesses(size)[k])
            gaps.append(
                Gap(
                    index=index,
                    metric=f"hr@{k}",
                    tolerance_s=tolerance_s,
                    n_distractors=size,
                    value=value,
                    level=LEVEL,
                    low=interval.low,
                    high=interval.high,
                    method=interval.method,
                )
            )
    return gaps


def _widen(interval: GroupInterval, value: float, excess: Excess) -> GroupInterval:
    """The interval with the error of few tracks of distractors, which queries do not show."""
    if interval.method == NONE:
        return interval
    below, above = value - interval.low, interval.high - value
    ends = widen(value, below, above, excess.half_width(LEVEL), (-1.0, 1.0))
    return GroupInterval(*ends, f"{interval.method}, and error of few tracks of distractors")
