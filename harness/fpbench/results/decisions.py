"""Decisions by a threshold on the best score: false accepts and false rejects."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from fpbench.results.fields import (
    Count,
    DistractorKind,
    Found,
    Level,
    Name,
    Positive,
    Rate,
    Seconds,
    Words,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRate:
    """A rate of wrong decisions, with its interval.

    Args:
        value: The rate.
        low: Lower end of the interval; None for fewer than five groups.
        high: Upper end of the interval.
        simulation_error: Standard error that comes from the simulation alone; None if the rate was
            searched.
    """

    value: Rate
    low: Rate | None
    high: Rate | None
    simulation_error: Annotated[float, Meta(ge=0)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectsAt:
    """The share of queries that are falsely rejected, at a share of false accepts."""

    false_accepts: Rate
    false_rejects: ErrorRate


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedShare:
    """A share of false accepts that too few queries are behind.

    Args:
        false_accepts: The share.
        effective_queries: As many independent queries would know the share as well.
        needed_queries: Queries of as many groups more, of which ten effective ones would be
            accepted.
    """

    false_accepts: Rate
    effective_queries: Annotated[float, Meta(ge=0)]
    needed_queries: Positive


@dataclass(frozen=True, slots=True, kw_only=True)
class DetCurve:
    """False rejects at ascending shares of false accepts (detection error tradeoff).

    Args:
        low: Lower ends of the intervals of false rejects; empty for fewer than five groups.
        high: Upper ends.
    """

    false_accepts: Sequence[Rate]
    false_rejects: Sequence[Rate]
    low: Sequence[Rate]
    high: Sequence[Rate]


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentDecisions:
    """The same rates where only recordings that the database does not hold are impostors.

    Args:
        queries: Queries that were cut from these recordings.
        recordings: Number of these recordings.
        equal_error_rate: As of :class:`FalseAccepts`; also the next three.
        refused: Shares of false accepts that too few of these queries are behind.
    """

    queries: Positive
    recordings: Positive
    equal_error_rate: ErrorRate
    rejects: Sequence[RejectsAt]
    accepts_at_smallest: ErrorRate | None
    smallest_share: Rate = 0.01
    refused: Sequence[RefusedShare] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAccepts:
    """Decisions by a threshold on the best score, at one database size.

    Impostors are all queries, each without its own track in the database, and recordings that the
    database does not hold.

    Args:
        index: Name of the search index.
        tolerance_s: Tolerance of a match; None accepts any time in the right track.
        n_distractors: Number of distractors.
        databases: Number of databases of this size.
        equal_error_rate: Where false accepts and false rejects are equally frequent.
        rejects: False rejects at 10, 1 and 0.1 % of false accepts, as far as there are queries
            enough.
        accepts_at_smallest: False accepts at the threshold that gives ``smallest_share`` at the
            smallest size; None if there are too few queries, or if the simulated tail does not
            reach down to that threshold.
        level: Confidence level of the intervals.
        method: Method of the intervals.
        found: ``searched``: the databases were searched. ``simulated``: the rates follow from the
            probability that one synthetic distractor scores at least as the threshold.
        smallest_share: The smallest share of ``rejects`` at the smallest size, or one of a hundred.
        refused: Shares of false accepts that too few queries are behind.
        det: Curve of false rejects against false accepts; None in older results, and where the
            search has curves at enough other sizes.
        absent: Recordings that the database does not hold, by themselves; None if there are none.
        query_length_s: Length of the queries; None if it is that of ``queries``.
    """

    distractors: DistractorKind
    index: Name
    tolerance_s: Annotated[float, Meta(ge=0)] | None
    n_distractors: Count
    databases: Positive
    equal_error_rate: ErrorRate
    rejects: Sequence[RejectsAt]
    accepts_at_smallest: ErrorRate | None
    level: Level
    method: Words
    found: Found = "searched"
    smallest_share: Rate = 0.01
    refused: Sequence[RefusedShare] = ()
    det: DetCurve | None = None
    absent: AbsentDecisions | None = None
    query_length_s: Seconds | None = None
