"""How points beyond the searched sizes were simulated."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from fpbench.results.fields import Count, Level, Metric, Name, Positive, Rate


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
class TailInfo:
    """How the points beyond the searched sizes were simulated.

    Args:
        index: Name of the exact index whose evidence the simulation starts from.
        replicates: Independent simulations of each query.
        particles: Particles of each replicate.
        moves: Steps of every particle at each level.
        keep: Share of particles above the next level.
        searched: Number of searched distractors that it starts from.
        decoded: Number of fingerprints that the generator made for it.
        levels: Levels of the query that needed most.
        accepted: Share of accepted steps.
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
