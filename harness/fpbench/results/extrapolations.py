"""How points beyond the searched sizes were extrapolated."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from fpbench.results.fields import DistractorKind, Metric, Name, Positive, Rate, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoTails:
    """The hit rate at one size by each model of the tail; the point is their mean.

    Args:
        n_distractors: Number of distractors.
        exponential: Hit rate with exponential tails of ln(distance).
        pareto: Hit rate with generalised Pareto tails of one shape.
    """

    n_distractors: Positive
    exponential: Rate
    pareto: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtrapolationCheck:
    """The largest searched size, extrapolated from a tenth of it, beside what was searched.

    Args:
        n_from: Number of distractors that it is extrapolated from.
        repeats: Number of databases of that size, over which the mean is.
        searched: The hit rate that was searched.
        extrapolated: The extrapolated hit rate.
        error: Standard error of the searched one from the choice of its distractors.
    """

    n_from: Positive
    repeats: Positive
    searched: Rate
    extrapolated: Rate
    error: Annotated[float, Meta(ge=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtrapolationInfo:
    """How one curve was extrapolated beyond its searched sizes, or why it was not.

    Args:
        index: Name of the index.
        distractors: Kind of distractors.
        metric: ``hr@1``, ``hr@3`` or ``hr@10``.
        tolerance_s: Tolerance of a match; None accepts any time in the right track.
        n_from: Largest searched number of distractors, from which the curve goes on.
        repeats: Number of databases of that size, over which points are means.
        rows: Median over queries of the number of distractors that the tail is estimated from; None
            if nothing was estimated.
        shape: Common shape of the generalised Pareto tails, mean over repeats; 0 is exponential.
        scales: Quartiles over queries of their scales.
        tails: Both hit rates behind each extrapolated point.
        check: The same from a tenth of the distractors, which are searched already.
        refused: Why the curve does not go on to all sizes beyond; None if it does.
        query_length_s: Length of the queries; None if it is that of ``queries``.
    """

    index: Name
    distractors: DistractorKind
    metric: Metric
    tolerance_s: Annotated[float, Meta(ge=0)] | None
    n_from: Positive
    repeats: Positive
    rows: Annotated[float, Meta(ge=0)] | None = None
    shape: float | None = None
    scales: Sequence[Annotated[float, Meta(ge=0)]] = ()
    tails: Sequence[TwoTails] = ()
    check: ExtrapolationCheck | None = None
    refused: str | None = None
    query_length_s: Seconds | None = None
