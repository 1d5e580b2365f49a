"""Decisions by a threshold on the best score: false accepts and false rejects."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from fpbench.results.fields import Count, DistractorKind, Level, Positive, Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRate:
    """A rate of wrong decisions, with its interval.

    Args:
        value: The rate.
        low: Lower end of the interval; None for fewer than five tracks.
        high: Upper end of the interval.
    """

    value: Rate
    low: Rate | None
    high: Rate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectsAt:
    """The share of queries that are falsely rejected, at a share of false accepts."""

    false_accepts: Rate
    false_rejects: ErrorRate


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAccepts:
    """Decisions by a threshold on the best score, at one database size.

    Args:
        index: Name of the search index.
        tolerance_s: Tolerance of a match; None accepts any time in the right track.
        n_distractors: Number of distractors.
        databases: Number of databases of this size.
        equal_error_rate: Where false accepts and false rejects are equally frequent.
        rejects: False rejects at 10, 1 and 0.1 % of false accepts, as far as there are queries
            enough.
        accepts_at_smallest: False accepts at the threshold that gives one of a hundred at the
            smallest size; None if there are too few queries.
        level: Confidence level of the intervals.
        method: Method of the intervals.
    """

    distractors: DistractorKind
    index: str
    tolerance_s: Annotated[float, Meta(ge=0)] | None
    n_distractors: Count
    databases: Positive
    equal_error_rate: ErrorRate
    rejects: Sequence[RejectsAt]
    accepts_at_smallest: ErrorRate | None
    level: Level
    method: str
