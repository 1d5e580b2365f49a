"""Hits, rates and curves of an authors' protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64

from fpbench.evidence.intervals import LEVEL, rate_interval
from fpbench.evidence.protocol_evidence import ProtocolEvidence
from fpbench.results.document import Curve, Interval, Point
from fpbench.results.fields import DistractorKind
from fpbench.results.protocols import ProtocolRate, Rules


@dataclass(frozen=True, slots=True)
class ProtocolMetric:
    """What a metric of an authors' script counts.

    Args:
        k: Number of best starts that are looked at.
        tolerance_hops: Largest distance from the right start in fingerprints; None accepts any
            start in the right track.
    """

    k: int
    tolerance_hops: int | None


METRICS: Mapping[str, ProtocolMetric] = {
    "top1_exact": ProtocolMetric(1, 0),
    "top1_near": ProtocolMetric(1, 1),
    "top1_within_4": ProtocolMetric(1, 4),
    "top3_exact": ProtocolMetric(3, 0),
    "top10_exact": ProtocolMetric(10, 0),
    "track": ProtocolMetric(1, None),
    "segment_exact": ProtocolMetric(1, 0),
    "segment_near": ProtocolMetric(1, 1),
    "segment_far": ProtocolMetric(1, None),
    "top1_song": ProtocolMetric(1, None),
    "top3_song": ProtocolMetric(3, None),
    "top10_song": ProtocolMetric(10, None),
}
"""Metrics by the names of the authors' scripts."""


def count_near_starts(
    starts: Int64[np.ndarray, "*shape places"], truth: Int64[np.ndarray, "*shape"], metric: str
) -> Bool[np.ndarray, "*shape"]:
    """Whether one of the first k starts is near enough to the right one.

    Args:
        starts: Rows of the best starts, best first; -1 for none.
        truth: Row of the right start.
        metric: A key of :data:`METRICS` with a tolerance.

    Raises:
        ValueError: The metric asks for the right track, whatever the start.
    """
    wanted = METRICS[metric]
    if wanted.tolerance_hops is None:
        raise ValueError(f"{metric} is not about starts")
    first = starts[..., : wanted.k]
    apart = np.abs(first - truth[..., None])
    found: Bool[np.ndarray, "*shape"] = ((first >= 0) & (apart <= wanted.tolerance_hops)).any(-1)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolLabels:
    """What curves of a protocol have besides their points, and what computing the points needs.

    Args:
        query_lengths_s: Length of a query, for each length of the evidence.
        rules: Rules by which the curves count hits.
    """

    distractors: DistractorKind
    index: str
    query_lengths_s: Sequence[float]
    n_reference: int
    hop_s: float
    rules: Rules


def protocol_curves(evidence: ProtocolEvidence, labels: ProtocolLabels) -> list[Curve]:
    """A curve for each length and metric, with intervals over groups of tracks."""
    curves: dict[tuple[int, int, int | None], Curve] = {}
    for column, length_s in enumerate(labels.query_lengths_s):
        for name, hits in evidence.metrics(labels.rules).items():
            metric = METRICS[name]
            hops = metric.tolerance_hops
            curves.setdefault(
                (column, metric.k, hops),
                Curve(
                    distractors=labels.distractors,
                    index=labels.index,
                    metric=f"hr@{metric.k}",
                    tolerance_s=None if hops is None else hops * labels.hop_s,
                    query_length_s=length_s,
                    points=[
                        _point(hits[evidence.sizes == size, :, column], size, evidence, labels)
                        for size in np.unique(evidence.sizes).tolist()
                    ],
                ),
            )
    return list(curves.values())


def protocol_rates(evidence: ProtocolEvidence, labels: ProtocolLabels) -> list[ProtocolRate]:
    """Every rate under the name that it has in the authors' script, by either rules."""
    return [
        ProtocolRate(
            index=labels.index,
            metric=name,
            segments=int(evidence.segments[column]),
            query_length_s=length_s,
            n_distractors=size,
            value=float(hits[evidence.sizes == size, :, column].mean()),
            rules=rules,
            distractors=labels.distractors,
        )
        for size in np.unique(evidence.sizes).tolist()
        for (rules, name), hits in evidence.hits.items()
        for column, length_s in enumerate(labels.query_lengths_s)
    ]


def _point(
    hits: Bool[np.ndarray, "repeats queries"],
    size: int,
    evidence: ProtocolEvidence,
    labels: ProtocolLabels,
) -> Point:
    repeats, rates = len(hits), hits.mean(axis=1)
    found = rate_interval(hits.sum(axis=0, dtype=np.int64), repeats, evidence.clusters, LEVEL)
    return Point(
        n_distractors=size,
        n_reference=labels.n_reference,
        hours=(size + labels.n_reference) * labels.hop_s / 3600,
        value=float(hits.mean()),
        std=float(rates.std(ddof=1)) if repeats > 1 else None,
        repeats=repeats,
        n_queries=hits.shape[1],
        ci=Interval(level=LEVEL, low=found.low, high=found.high, method=found.method),
    )
