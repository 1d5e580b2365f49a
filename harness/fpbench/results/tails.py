"""How points beyond the searched sizes were simulated."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from fpbench.results.fields import Count, Level, Metric, Name, Positive, Rate, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class TailCheck:
    """The simulation at the largest searched size, beside what was searched.

    Args:
        metric: ``hr@1``, ``hr@3`` or ``hr@10``.
        tolerance_s: Tolerance of a match; None accepts any time in the right track.
        n_distractors: Largest searched number of distractors.
        searched: The hit rate that was searched.
        simulated: The simulated hit rate.
        error: Standard error of their difference, from the simulation and from the choice of the
            searched distractors.
    """

    metric: Metric
    tolerance_s: Annotated[float, Meta(ge=0)] | None
    n_distractors: Positive
    searched: Rate
    simulated: Rate
    error: Annotated[float, Meta(ge=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfSize:
    """The database size at which a simulated hit rate is half of what it is at a million.

    Args:
        metric: ``hr@1``.
        tolerance_s: Tolerance of a match; None accepts any time in the right track.
        start: Number of distractors at which the rate is halved.
        value: Simulated hit rate there.
        size: Number of distractors at which half of it is left; None if that is beyond the largest
            simulated size.
        low: Lower end of the 95 % interval over groups; None if there is none: fewer than five
            groups, or one without which half is beyond the largest size.
        high: Upper end; None, too, if it is beyond the largest simulated size.
    """

    metric: Metric
    tolerance_s: Annotated[float, Meta(ge=0)] | None
    start: Positive
    value: Rate
    size: Annotated[float, Meta(gt=0)] | None
    low: Annotated[float, Meta(gt=0)] | None
    high: Annotated[float, Meta(gt=0)] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TailInfo:
    """How the points beyond the searched sizes were simulated.

    Args:
        index: Name of the exact index whose evidence the simulation starts from.
        replicates: Independent simulations of each query; their difference shows the error.
        particles: Particles of each replicate.
        moves: Steps of every particle at each level.
        keep: Share of particles above the next level.
        searched: Number of searched distractors that it starts from, or that it is compared with
            if it starts from others.
        drawn: Number of independent runs that were drawn to start from, for queries of several
            fingerprints; 0 where it starts from searched distractors.
        decoded: Number of fingerprints that the generator made for it.
        levels: Levels of the query that needed most.
        accepted: Share of accepted steps.
        half_sizes: For each tolerance, where HR@1 is half of what it is at a million; empty in
            older results, and where no query hits at a million.
        query_length_s: Length of the queries; None if it is that of ``queries``.
    """

    index: Name
    replicates: Positive
    particles: Positive
    moves: Positive
    keep: Level
    searched: Positive
    decoded: Count
    levels: Count
    accepted: Rate
    checks: Sequence[TailCheck]
    half_sizes: Sequence[HalfSize] = ()
    drawn: Count = 0
    query_length_s: Seconds | None = None
