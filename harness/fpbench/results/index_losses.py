"""What approximate search loses, apart from what the fingerprints lose."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from fpbench.results.fields import (
    Count,
    Difference,
    DistractorKind,
    Level,
    Metric,
    Name,
    Positive,
    Seconds,
    Words,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexLoss:
    """Hit rate of an index minus that of exact search, among the same fingerprints.

    Args:
        index: Name of the index.
        distractors: Kind of distractors.
        metric: ``hr@1``, ``hr@3`` or ``hr@10``.
        tolerance_s: Tolerance of a match; None accepts any time in the right track.
        n_distractors: Number of distractors.
        databases: Number of databases of this size that both have searched.
        value: The difference, mean over these databases; negative where the index loses.
        level: Confidence level of its interval, which is paired over queries.
        low: Lower end of the interval.
        high: Upper end of the interval.
        method: Name of the method.
        query_length_s: Length of the queries; None if it is that of ``queries``.
    """

    index: Name
    distractors: DistractorKind
    metric: Metric
    tolerance_s: Annotated[float, Meta(ge=0)] | None
    n_distractors: Count
    databases: Positive
    value: Difference
    level: Level
    low: Difference
    high: Difference
    method: Words
    query_length_s: Seconds | None = None
