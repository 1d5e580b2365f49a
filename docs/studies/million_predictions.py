"""Hit rates that were predicted from smaller searches, against those that were searched."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from million_gaps import T_PARTS, Hits

from fpbench import load_results


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """A predicted hit rate at rank 1, against the searched one; both from 0 to 1.

    Args:
        distractors: ``synthetic``, which are simulated.
        searched_to: Largest size that it starts from.
        size: The predicted size.
        searched: The hit rate of the search.
        difference: Predicted minus searched.
        half_width: Of its 95 % interval.
    """

    distractors: str
    searched_to: int
    size: int
    searched: float
    difference: float
    half_width: float


def compare_simulated(
    path: Path, searched: Mapping[int, Hits], tolerance_s: float | None
) -> Iterator[Prediction]:
    """The points of a simulation.

    Args:
        path: Its result.
        searched: Hits of the search of the same generator's draws.
        tolerance_s: Tolerance of a match.
    """
    (result,) = load_results(path)
    for curve in result.curves:
        if curve.metric != "hr@1" or curve.tolerance_s != tolerance_s:
            continue
        for point in curve.points:
            if point.found == "simulated" and point.simulation_error is not None:
                hits = searched[point.n_distractors]
                rate = float(hits.whole.mean())
                variance = point.simulation_error**2 + hits.variance()
                yield Prediction(
                    distractors="synthetic",
                    searched_to=max(result.config["sizes"]),
                    size=point.n_distractors,
                    searched=rate,
                    difference=point.value - rate,
                    half_width=T_PARTS * math.sqrt(variance),
                )
