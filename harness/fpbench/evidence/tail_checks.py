"""Compares a simulated tail with what was searched."""

from collections.abc import Sequence

import numpy as np

from fpbench.evidence.evidence import Evidence
from fpbench.evidence.hit_rates import hits_of_curves, simulate_hits
from fpbench.results.fields import HIT_RANKS
from fpbench.results.tails import TailCheck


def check_tail(
    evidence: Evidence, sizes: Sequence[int], tolerance_s: float | None
) -> list[TailCheck]:
    """Simulate the largest searched size, beside what was searched.

    Args:
        evidence: Evidence with a simulated tail.
        sizes: The searched sizes of its curves, ascending.
        tolerance_s: Tolerance of a match.
    """
    size = sizes[-1]
    searched = hits_of_curves(evidence, sizes, tolerance_s)
    checks = []
    for k in HIT_RANKS:
        simulated = simulate_hits(evidence, size, tolerance_s, k)
        hits = np.clip(simulated.hits, 0, 1)
        # A query hits in a random database with this probability, almost independently of others.
        choice = np.sqrt((hits * (1 - hits)).sum() / searched[k, size].databases) / len(hits)
        checks.append(
            TailCheck(
                metric=f"hr@{k}",
                tolerance_s=tolerance_s,
                n_distractors=size,
                searched=searched[k, size].rate,
                simulated=float(hits.mean()),
                error=float(np.hypot(choice, simulated.error)),
            )
        )
    return checks
