"""The limits beyond which synthetic fingerprints are so unlike real ones that a result is wrong."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

FLOOR = "real"
"""Name of the real fingerprints that a generator is compared with, in reports."""

LARGEST_FRECHET = 5.0
"""Largest Frechet distance, as a multiple of its floor.

Bundled generators that are fitted to the system are at 0.7 to 1.3 in all runs of the board, and up
to 1.7 with only 16 tracks. Generators of another system are at 10 to 30.
"""

LARGEST_GAP = 0.1
"""Largest difference of a hit rate with synthetic distractors from that with as many real ones.

The Gaussian of PeakNetFP, the worst on the board, is at 0.08 in the right track.
"""

GAP_ERRORS = 3
"""Standard errors by which a gap must exceed :data:`LARGEST_GAP`: few queries prove nothing."""


def find_deviation(fidelity: Mapping[str, Any], name: str) -> str | None:
    """Say in words why draws are far from real fingerprints; None if they are within the limits.

    The Frechet distance shows a generator of another system, or one that was hardly fitted. It
    depends only on mean and covariance, so the gap in hit rate is also used where it was measured.

    Args:
        fidelity: The JSON of a :class:`fpbench.generators.fidelity_report.FidelityReport`.
        name: Name of the generator in it.
    """
    statistics = _table(fidelity.get("statistics"))
    distance, floor = (_number(_table(statistics.get(n)).get("frechet")) for n in (name, FLOOR))
    if distance is not None and floor is not None and distance > LARGEST_FRECHET * max(floor, 1e-6):
        ratio = f"{distance / floor:.0f} times" if floor > 0 else "far above"
        return f"its Frechet distance is {distance:.3g}, {ratio} the floor of {floor:.3g}"
    for block, where in (("hit_rates", ""), ("hit_rates_in_track", " in the right track")):
        found = _find_gap(_table(fidelity.get(block)), name)
        if found is not None:
            return found + where
    return None


def _find_gap(hit_rates: Mapping[str, Any], name: str) -> str | None:
    """The first gap beyond the limit, in words."""
    gaps, errors = (_table(hit_rates.get(key)).get(name) for key in ("gap", "gap_error"))
    columns = zip(*map(_list, (hit_rates.get("sizes"), gaps, errors)), strict=False)
    for size, gap, error in ((size, _number(gap), _number(error)) for size, gap, error in columns):
        # Where no error could be measured, there are too few tracks for a proof.
        if gap is None or error is None:
            continue
        half = GAP_ERRORS * error
        if is_gap_beyond(gap - half, gap + half):
            return describe_gap(size, gap)
    return None


def is_gap_beyond(low: float, high: float) -> bool:
    """Whether the whole interval of a gap in hit rate is beyond the limit."""
    return low > LARGEST_GAP or high < -LARGEST_GAP


def describe_gap(n_distractors: int, gap: float) -> str:
    """The words for a gap beyond the limit."""
    side = "above" if gap > 0 else "below"
    rate = f"{100 * abs(gap):.1f} points {side} that of real ones"
    return f"at {n_distractors} distractors its hit rate is {rate}"


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _number(value: object) -> float | None:
    """A finite number of a JSON document; None for anything else."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and math.isfinite(value) else None  # type: ignore[arg-type]
