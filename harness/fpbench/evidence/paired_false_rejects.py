"""False rejects of two systems at equal shares of false accepts, for the same queries."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fpbench.evidence.accept_shares import SHARES, AcceptShares
from fpbench.evidence.decisions import Decisions, Parts, Scores
from fpbench.evidence.intervals import FEWEST_GROUPS
from fpbench.evidence.jackknife import left_out_variance, student_quantile


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedRejects:
    """False rejects of two systems at one share of false accepts.

    Args:
        rates: Rates of both.
        low: Lower end of the interval of their difference, first minus second; -1 for too few
            groups.
        high: Upper end; 1 for too few groups.
    """

    false_accepts: float
    rates: tuple[float, float]
    low: float
    high: float


def paired_false_rejects(
    scores: tuple[Scores, Scores], parts: Parts, level: float
) -> Iterator[PairedRejects]:
    """Compare false rejects at the shares of false accepts that both systems have queries for.

    Each system has a threshold of its own. The interval leaves out one part of the queries at a
    time, for both systems the same, and sets both thresholds anew.

    Args:
        scores: Scores of the same queries in as many databases.
        parts: What the jackknife leaves out.
        level: Confidence level.

    Source: Kott 2001, "The delete-a-group jackknife", equation 1.
    """
    one, other = (Decisions.of(each, parts) for each in scores)
    allowed = [AcceptShares.of(each, parts.groups).allowed for each in (one, other)]
    shares = [share for share in SHARES if all(share in each for each in allowed)]
    rates = np.stack([one.rejects_at(shares), other.rejects_at(shares)])
    half = np.full(len(shares), np.inf)
    if parts.groups >= FEWEST_GROUPS:
        without = np.stack(
            [
                one.without(part).rejects_at(shares) - other.without(part).rejects_at(shares)
                for part in range(parts.count)
            ]
        )
        half = student_quantile(parts.count, level) * np.sqrt(left_out_variance(without))
    for share, (first, second), width in zip(shares, rates.T.tolist(), half.tolist(), strict=True):
        yield PairedRejects(
            false_accepts=share,
            rates=(first, second),
            low=max(-1.0, first - second - width),
            high=min(1.0, first - second + width),
        )
