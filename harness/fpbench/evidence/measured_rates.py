"""Rates of wrong decisions at one database size, with intervals over groups of tracks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from fpbench.evidence.accept_shares import SHARES, AcceptShares
from fpbench.evidence.decisions import Rates
from fpbench.evidence.intervals import FEWEST_GROUPS, LEVEL
from fpbench.evidence.jackknife import left_out_variance, student_quantile
from fpbench.evidence.simulated_decisions import DecisionTail
from fpbench.results.decisions import DetCurve, ErrorRate, RejectsAt

_Statistics = Float64[np.ndarray, " statistics"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All rates of one size.

    Args:
        accepts_at_smallest: False accepts at the threshold of the smallest size; None if unknown.
        shares: Shares of false accepts, and which of them are refused.
        rejects_at: False rejects at the allowed shares, in their order.
    """

    equal_error_rate: ErrorRate
    accepts_at_smallest: ErrorRate | None
    shares: AcceptShares
    rejects_at: Sequence[ErrorRate]

    @property
    def rejects(self) -> list[RejectsAt]:
        """False rejects at the shares that tables show."""
        found = dict(zip(self.shares.allowed, self.rejects_at, strict=True))
        return [
            RejectsAt(false_accepts=share, false_rejects=found[share])
            for share in SHARES
            if share in found
        ]

    @property
    def det(self) -> DetCurve:
        """False rejects at all shares."""
        return DetCurve(
            false_accepts=list(self.shares.allowed),
            false_rejects=[rate.value for rate in self.rejects_at],
            low=[rate.low for rate in self.rejects_at if rate.low is not None],
            high=[rate.high for rate in self.rejects_at if rate.high is not None],
        )


def measure_rates(
    here: Rates, smallest: Rates, smallest_share: float | None, groups: int
) -> Measured:
    """The rates of searched databases.

    Args:
        here: Decisions at the size.
        smallest: Decisions at the smallest size.
        smallest_share: Share of false accepts that sets the threshold there; None for no threshold.
        groups: Number of parts that the jackknife leaves out, or of too few groups.

    Source: Kott 2001, "The delete-a-group jackknife", equation 1.
    """
    shares = AcceptShares.of(here, groups)
    values = _statistics(here, smallest, shares.allowed, smallest_share)
    half = _half_width(here, smallest, shares.allowed, smallest_share, groups)
    equal, accepts, *rejects = _error_rates(values, half, None)
    return Measured(
        equal_error_rate=equal,
        accepts_at_smallest=None if smallest_share is None else accepts,
        shares=shares,
        rejects_at=rejects,
    )


def simulate_rates(
    tail: DecisionTail, size: int, smallest: Rates, smallest_share: float | None
) -> Measured | None:
    """The rates with ``size`` distractors, of which no database was searched.

    Balanced samples of the simulation's error give that of the rates.

    Args:
        tail: Tail of the search.
        size: Number of distractors.
        smallest: As in :func:`measure_rates`; also the next one.
        smallest_share: Threshold at the smallest size.

    Returns:
        None if both rates are equal at a lower threshold than the tail knows, in the whole or
        without some group or in some sample. Shares of false accepts of which it does not
        know the threshold are left out likewise.
    """
    (here, sampled), groups = tail.decisions(size), tail.parts.groups
    shares = AcceptShares.of(here, groups)
    values = _statistics(here, smallest, shares.allowed, smallest_share)
    samples = np.stack(
        [_statistics(sample, smallest, shares.allowed, smallest_share) for sample in sampled]
    )
    half = _half_width(here, smallest, shares.allowed, smallest_share, groups)
    # A rate is known only if its errors are: nothing of it may lie below the known thresholds.
    known = ~np.isnan(values + samples.sum(axis=0) + (0 if half is None else half))
    if not known[0]:
        return None
    error = np.where(known, samples.std(axis=0), 0.0)
    if half is not None:
        half = np.where(known, np.hypot(half, student_quantile(len(samples), LEVEL) * error), 0.0)
    rates = _error_rates(np.where(known, values, 0.0), half, error)
    equal, accepts, *rejects = rates
    return Measured(
        equal_error_rate=equal,
        accepts_at_smallest=accepts if smallest_share is not None and known[1] else None,
        shares=shares.only(known[2:]),
        rejects_at=[rate for rate, is_known in zip(rejects, known[2:], strict=True) if is_known],
    )


def _statistics(
    here: Rates, smallest: Rates, shares: Sequence[float], smallest_share: float | None
) -> _Statistics:
    """Equal error rate, false accepts at the smallest size's threshold, and false rejects."""
    accepts = 0.0
    if smallest_share is not None:
        accepts = here.false_accepts(smallest.threshold(smallest_share))
    return np.concatenate([[here.equal_error_rate(), accepts], here.rejects_at(shares)])


def _half_width(
    here: Rates,
    smallest: Rates,
    shares: Sequence[float],
    smallest_share: float | None,
    groups: int,
) -> _Statistics | None:
    """Half the width of the intervals over groups, NaN where unknown; None for too few groups."""
    if groups < FEWEST_GROUPS:
        return None
    without = np.stack(
        [
            _statistics(here.without(part), smallest.without(part), shares, smallest_share)
            for part in range(groups)
        ]
    )
    half: _Statistics = student_quantile(groups, LEVEL) * np.sqrt(left_out_variance(without))
    return half


def _error_rates(
    values: _Statistics, half: _Statistics | None, simulation: _Statistics | None
) -> list[ErrorRate]:
    # Without the bias of the simulation's noise, a rate near 0 or 1 may lie a little beyond.
    values = values.clip(0, 1)
    errors = [None] * len(values) if simulation is None else simulation.tolist()
    if half is None:
        return [
            ErrorRate(value=value, low=None, high=None, simulation_error=error)
            for value, error in zip(values.tolist(), errors, strict=True)
        ]
    return [
        ErrorRate(
            value=value,
            low=max(0.0, value - width),
            high=min(1.0, value + width),
            simulation_error=error,
        )
        for value, width, error in zip(values.tolist(), half.tolist(), errors, strict=True)
    ]
