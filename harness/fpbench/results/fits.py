"""Hit rates of several fits of a generator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from fpbench.results.fields import Level, Metric, Name, Positive, Rate, Seconds, Sha256, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRates:
    """A hit rate with synthetic distractors of each fit, and their mean.

    Args:
        index: Name of the search index.
        metric: ``hr@1``, ``hr@3`` or ``hr@10``.
        tolerance_s: Tolerance of a match; None accepts any time in the right track.
        n_distractors: Number of distractors.
        values: The rate of each fit; the first is that of the curve.
        value: Their mean.
        error: Standard error of the mean from the choice of the fits.
        level: Confidence level of the interval.
        low: Lower end of the interval, which holds the error of the queries and of the fits.
        high: Upper end of the interval.
        method: Name of the method.
        query_length_s: Length of the queries; None if it is that of ``queries``.
    """

    index: Name
    metric: Metric
    tolerance_s: Annotated[float, Meta(ge=0)] | None
    n_distractors: Positive
    values: Annotated[Sequence[Rate], Meta(min_length=2, max_length=20)]
    value: Rate
    error: Annotated[float, Meta(ge=0)]
    level: Level
    low: Rate
    high: Rate
    method: Words
    query_length_s: Seconds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorFits:
    """Several fits of the generator, with other seeds and to other halves of the tracks.

    Args:
        weights_sha256: Hash of the file of each fitted generator; the first is that of the curves,
            gaps and fidelity.
        rates: For every index, metric, tolerance and size of the curves with synthetic distractors.
    """

    weights_sha256: Annotated[Sequence[Sha256], Meta(min_length=2, max_length=20)]
    rates: Annotated[Sequence[FitRates], Meta(max_length=10_000)]
