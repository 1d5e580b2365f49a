"""Hit rates that were predicted from smaller searches, against those that were searched."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from million_gaps import T_PARTS, Hits, over_tracks

from fpbench import load_results
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.extrapolation import Extrapolation

STARTS = (10_000, 100_000)  # distractors that the extrapolation knows


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """A predicted hit rate at rank 1, against the searched one; both from 0 to 1.

    Args:
        distractors: ``real``, which are extrapolated, or ``synthetic``, which are simulated.
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


def extrapolate(
    evidence: Evidence, searched: Mapping[int, Hits], tolerance_s: float | None
) -> Iterator[Prediction]:
    """Predict each size from the first distractors alone, as many as in :data:`STARTS`.

    Args:
        evidence: Of the search of real distractors.
        searched: Its hits at each size.
        tolerance_s: Tolerance of a match.
    """
    for start in sorted({*STARTS} & {*searched}):
        first = Extrapolation(_first(evidence, start), [s for s in searched if s <= start])
        for size in (size for size in searched if size > start):
            found, real = first.hits(size, tolerance_s, 1), searched[size]
            difference = found.hits - real.whole
            of_queries, t_tracks = over_tracks(difference, evidence.query_track)
            shared = real.shared_variance()
            yield Prediction(
                distractors="real",
                searched_to=start,
                size=size,
                searched=float(real.whole.mean()),
                difference=float(difference.mean()),
                half_width=math.sqrt(
                    t_tracks**2 * of_queries + T_PARTS**2 * shared + found.apart**2
                ),
            )


def _first(evidence: Evidence, size: int) -> Evidence:
    """The evidence of the first distractors."""
    (blocks,) = np.flatnonzero(evidence.edges == size)
    return replace(evidence, edges=evidence.edges[: blocks + 1], blocks=evidence.blocks[:blocks])


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
