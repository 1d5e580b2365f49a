"""Shares of false accepts that enough queries are behind."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from fpbench.evidence.decisions import Rates
from fpbench.evidence.intervals import FEWEST_GROUPS
from fpbench.evidence.jackknife import jackknife_variance
from fpbench.results.decisions import RefusedShare

SHARES = (0.1, 0.01, 0.001)
"""Shares of false accepts at which tables give false rejects."""

DET_SHARES = (
    *(0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1),
    *(0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
)
"""Shares of false accepts at which the curve has points. It contains :data:`SHARES`."""

FEWEST_ACCEPTED = 10
"""Effective queries behind a share: then its standard error is less than a third of it."""


@dataclass(frozen=True, slots=True)
class AcceptShares:
    """Shares of false accepts, divided by whether they can be measured.

    A share is the smaller, the fewer queries are accepted. Queries of one group are alike, so that
    they count as fewer independent ones: as many as would know the share with the same error.

    Args:
        allowed: Shares of :data:`DET_SHARES`, ascending, at least 10 / effective queries.
        refused: Those of :data:`SHARES` that are less.
    """

    allowed: Sequence[float]
    refused: Sequence[RefusedShare]

    @classmethod
    def of(cls, rates: Rates, groups: int) -> "AcceptShares":
        """The shares of one database size.

        Args:
            rates: Decisions by any threshold.
            groups: Number of groups. With too few to know how alike their queries are, each query
                counts as one.
        """
        allowed: list[float] = []
        refused: list[RefusedShare] = []
        design_effect, enough = 1.0, True
        for share in reversed(DET_SHARES):
            if share * rates.trials >= FEWEST_ACCEPTED and groups >= FEWEST_GROUPS:
                design_effect = _design_effect(rates, share)
            effective = rates.trials / design_effect
            # Where a share is refused, a smaller one is known even less.
            enough = enough and share * effective >= FEWEST_ACCEPTED - 1e-9
            if enough:
                allowed.append(share)
            elif share in SHARES:
                needed = math.ceil(FEWEST_ACCEPTED / share * design_effect - 1e-9)
                refused.append(
                    RefusedShare(
                        false_accepts=share, effective_queries=effective, needed_queries=needed
                    )
                )
        return cls(allowed[::-1], refused)

    def only(self, known: Bool[np.ndarray, " allowed"]) -> "AcceptShares":
        """Without the shares that are not known."""
        pairs = zip(self.allowed, known.tolist(), strict=True)
        return AcceptShares([share for share, is_known in pairs if is_known], self.refused)

    @property
    def smallest(self) -> float | None:
        """The smallest of :data:`SHARES` that can be measured; None if there is none."""
        return min((share for share in self.allowed if share in SHARES), default=None)


def _design_effect(rates: Rates, share: float) -> float:
    """Variance of a share of false accepts, against that of as many independent queries."""
    accepted, trials = rates.accepted_by_part(rates.threshold(share))
    rate = float(accepted.sum() / trials.sum())
    if not 0 < rate < 1:
        return 1.0
    independent = rate * (1 - rate) / rates.trials
    return max(1.0, jackknife_variance(accepted, trials) / independent)
