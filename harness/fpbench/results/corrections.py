"""What a hit rate would be with real distractors of many more tracks."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from fpbench.results.fields import Difference, Level, Rate, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A hit rate without most of the excess that comes from few tracks of distractors.

    Args:
        value: The rate, less ``excess``.
        excess: By how much the rate itself is too high, from leaving out one group of distractors
            after the other, or one track where groups are unknown.
        error: Standard error of ``value`` from the choice of these tracks.
        level: Confidence level of the interval.
        low: Lower end of the interval, which holds the error of the queries, the error of the
            tracks of distractors, and the whole excess.
        high: Upper end of the interval.
        method: Name of the method.
    """

    value: Rate
    excess: Difference
    error: Annotated[float, Meta(ge=0)]
    level: Level
    low: Rate
    high: Rate
    method: Words
