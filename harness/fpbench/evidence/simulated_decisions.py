"""Decisions by a threshold among more distractors than were searched.

If one synthetic distractor scores at least t with probability p, then the best of N does with
probability 1 - (1 - p)^N. At these sizes that is 1 - exp(-N p).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64

from fpbench.evidence.decisions import Decisions, Parts, Scores
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.lognormal_estimates import LogNormal, balanced_samples
from fpbench.evidence.tails import Tail

LEVELS = 48
"""Thresholds of a tail."""

_NEARLY_ALL = 0.95  # share of accepted trials at the lowest threshold
_STEPS = 8  # between two of them; log p bends little in between
_LEAST_LOG_P = -80.0  # stands for a probability of 0


def choose_thresholds(
    evidence: Evidence, tolerances_s: Sequence[float | None]
) -> Float64[np.ndarray, " thresholds"]:
    """The scores at which a tail must be known for decisions at every size beyond the evidence.

    They begin where nearly all trials are accepted among the first block: every threshold that
    accepts fewer there, or as many in a larger database, is higher. They end at the best match of
    all: above it, everything is rejected.

    Returns:
        Equally spaced scores; none if matches do not score that high.
    """
    parts = Parts.of_evidence(evidence)
    first = int(evidence.edges[1])
    scores = Scores.of_evidence(evidence, first, None)
    lowest = Decisions.of(scores, parts).threshold(_NEARLY_ALL)
    highest = max(float(evidence.match_scores(one).max()) for one in tolerances_s)
    if not np.isfinite(lowest) or not lowest < highest:
        return np.zeros(0)
    return np.linspace(lowest, highest, LEVELS)


@dataclass(frozen=True)
class SimulatedDecisions:
    """The expected rates in databases of one size, at a grid of thresholds.

    Args:
        thresholds: The grid, ascending. What lies below it is unknown; nothing that is accepted
            above it is right.
        accepted: For each part of the jackknife, the sum over its trials of the probability that
            one is accepted.
        trial_count: Number of trials of each part.
        rejected: For each part, the sum over its queries of the probability of a false reject.
        query_count: Number of queries of each part.
    """

    thresholds: Float64[np.ndarray, " thresholds"]
    accepted: Float64[np.ndarray, "parts thresholds"]
    trial_count: Float64[np.ndarray, " parts"]
    rejected: Float64[np.ndarray, "parts thresholds"]
    query_count: Float64[np.ndarray, " parts"]

    def without(self, part: int) -> "SimulatedDecisions":
        """As :meth:`fpbench.evidence.decisions.Rates.without`."""
        kept = np.arange(len(self.query_count)) != part
        return SimulatedDecisions(
            self.thresholds,
            self.accepted * kept[:, None],
            self.trial_count * kept,
            self.rejected * kept[:, None],
            self.query_count * kept,
        )

    @property
    def trials(self) -> int:
        """Number of impostor trials."""
        return int(self.trial_count.sum())

    def threshold(self, false_accepts: float) -> float:
        """As :meth:`fpbench.evidence.decisions.Rates.threshold`.

        Returns:
            -inf for a threshold that is lower than all known ones, inf for one that is higher than
            every match.
        """
        accepts, thresholds = self._accepts, self.thresholds
        after = int(np.searchsorted(-accepts, -false_accepts))  # the first with at most the share
        if after == 0:
            return float(thresholds[0]) if accepts[0] == false_accepts else -np.inf
        if after == len(thresholds):
            return np.inf
        share = (accepts[after - 1] - false_accepts) / (accepts[after - 1] - accepts[after])
        return float(thresholds[after - 1] + share * (thresholds[after] - thresholds[after - 1]))

    def false_accepts(self, threshold: float) -> float:
        """As :meth:`fpbench.evidence.decisions.Rates.false_accepts`."""
        if not self.thresholds[0] <= threshold <= self.thresholds[-1]:
            return np.nan
        return float(np.interp(threshold, self.thresholds, self._accepts))

    def accepted_by_part(self, threshold: float) -> tuple[np.ndarray, np.ndarray]:
        """As :meth:`fpbench.evidence.decisions.Rates.accepted_by_part`."""
        accepted = [np.interp(threshold, self.thresholds, one) for one in self.accepted]
        return np.array(accepted), self.trial_count

    def rejects_at(self, shares: Sequence[float]) -> Float64[np.ndarray, " shares"]:
        """As :meth:`fpbench.evidence.decisions.Rates.rejects_at`; NaN where unknown."""
        thresholds = np.array([self.threshold(share) for share in shares])
        rejects = np.interp(thresholds, self.thresholds, self._rejects, right=1.0)
        known: Float64[np.ndarray, " shares"] = np.where(np.isneginf(thresholds), np.nan, rejects)
        return known

    def equal_error_rate(self) -> float:
        """As :meth:`fpbench.evidence.decisions.Rates.equal_error_rate`; NaN where unknown."""
        more = self._accepts - self._rejects  # falls from one threshold to the next
        after = int(np.searchsorted(-more, 0.0))
        if after == 0:
            return np.nan
        if after == len(more):  # they cross where everything is rejected
            return float((self._accepts[-1] + 1) / 2)
        share = more[after - 1] / (more[after - 1] - more[after])
        ends = self._accepts[after - 1 : after + 1]
        return float(ends[0] + share * (ends[1] - ends[0]))

    @cached_property
    def _accepts(self) -> Float64[np.ndarray, " thresholds"]:
        rates: Float64[np.ndarray, " thresholds"] = (
            self.accepted.sum(axis=0) / self.trial_count.sum()
        )
        return rates

    @cached_property
    def _rejects(self) -> Float64[np.ndarray, " thresholds"]:
        rates: Float64[np.ndarray, " thresholds"] = (
            self.rejected.sum(axis=0) / self.query_count.sum()
        )
        return rates


class _Probabilities(NamedTuple):
    """Probabilities at each threshold, also with the simulation one standard error up or down."""

    value: Float64[np.ndarray, "rows thresholds"]
    up: Float64[np.ndarray, "rows thresholds"]
    down: Float64[np.ndarray, "rows thresholds"]

    def sample(self, is_up: Bool[np.ndarray, " rows"]) -> Float64[np.ndarray, "rows thresholds"]:
        """The probabilities with some rows up, and all others down."""
        return np.where(is_up[:, None], self.up, self.down)


@dataclass(frozen=True, kw_only=True)
class DecisionTail:
    """The tail of one search, as far as decisions need it.

    Args:
        evidence: Evidence with a tail that has thresholds.
        tolerance_s: Tolerance of a match.
        parts: What the jackknife leaves out.
        absent_only: Whether queries that the database does not hold are the only impostors.
    """

    evidence: Evidence
    tolerance_s: float | None
    parts: Parts
    absent_only: bool = False

    def decisions(self, size: int) -> tuple[SimulatedDecisions, Iterator[SimulatedDecisions]]:
        """The expected decisions with ``size`` distractors.

        Returns:
            The decisions, and those in balanced samples of the simulation's error.
        """
        accepts, rejects = self._probabilities(size)
        return self._sum(accepts.value, rejects.value), self._samples(accepts, rejects)

    def _samples(
        self, accepts: _Probabilities, rejects: _Probabilities
    ) -> Iterator[SimulatedDecisions]:
        queries = len(rejects.value)
        absent = 0 if self.evidence.absent is None else len(self.evidence.absent.query_track)
        for is_up in balanced_samples(queries + absent):
            of_trials = is_up[queries:] if self.absent_only else is_up
            yield self._sum(accepts.sample(of_trials), rejects.sample(is_up[:queries]))

    def _sum(
        self,
        accepts: Float64[np.ndarray, "trials thresholds"],
        rejects: Float64[np.ndarray, "queries thresholds"],
    ) -> SimulatedDecisions:
        parts = self.parts
        return SimulatedDecisions(
            thresholds=_refine(self._known_thresholds),
            accepted=_sums(accepts, parts.trial, parts.count),
            trial_count=np.bincount(parts.trial, minlength=parts.count).astype(np.float64),
            rejected=_sums(rejects, parts.query, parts.count),
            query_count=np.bincount(parts.query, minlength=parts.count).astype(np.float64),
        )

    def _probabilities(self, size: int) -> tuple[_Probabilities, _Probabilities]:
        """Probability that each trial is accepted, and that each query is rejected."""
        accepts = [_accept_probabilities(*trials, size) for trials in self._trials]
        together = _Probabilities(*map(np.concatenate, zip(*accepts, strict=True)))
        return together, self._reject_probabilities(size)

    @cached_property
    def _trials(self) -> Sequence[tuple[Bool[np.ndarray, "trials thresholds"], LogNormal]]:
        """At each threshold, whether a reference row accepts a trial, and whether a distractor."""
        absent = self.evidence.absent
        of_queries = [] if self.absent_only else [self.evidence]
        return [
            self._trials_of(one) for one in (*of_queries, *([] if absent is None else [absent]))
        ]

    @property
    def _tail(self) -> Tail:
        if self.evidence.tail is None:
            raise ValueError("the evidence has no tail")
        return self.evidence.tail

    @property
    def _known_thresholds(self) -> Float64[np.ndarray, " thresholds"]:
        if self._tail.thresholds is None:
            raise ValueError("the tail has no thresholds")
        return self._tail.thresholds

    def _trials_of(
        self, evidence: Evidence
    ) -> tuple[Bool[np.ndarray, "trials thresholds"], LogNormal]:
        tail, foreign = evidence.tail, evidence.foreign_score
        if tail is None or foreign is None:
            raise ValueError("the evidence has no thresholds of its tail")
        known = tail.threshold_estimates
        fine = LogNormal(
            *(
                np.stack([_refine(row) for row in np.maximum(each, _LEAST_LOG_P)])
                for each in (known.log_p, known.variance)
            )
        )
        return foreign[:, None] >= _refine(self._known_thresholds), fine

    def _reject_probabilities(self, size: int) -> _Probabilities:
        """Probability of each query that its match does not come first, or below the threshold."""
        estimates = self._tail.estimates(self.tolerance_s)
        first = self.evidence.ranks(range(0), self.tolerance_s) == 0
        score: Float32[np.ndarray, " queries"] = self.evidence.match_scores(self.tolerance_s)
        accepted = first[:, None] & (score[:, None] >= _refine(self._known_thresholds))
        return _Probabilities(
            *(
                1 - each.value_of(lambda p: np.exp(-size * p))[:, None] * accepted
                for each in (estimates, *estimates.ends)
            )
        )


def _accept_probabilities(
    is_foreign: Bool[np.ndarray, "trials thresholds"], one: LogNormal, size: int
) -> _Probabilities:
    """Probability of each trial to be accepted, by a reference row or a distractor."""
    return _Probabilities(
        *(
            np.where(is_foreign, 1.0, each.value_of(lambda p: -np.expm1(-size * p)))
            for each in (one, *one.ends)
        )
    )


def _refine(known: Float64[np.ndarray, " known"]) -> Float64[np.ndarray, " thresholds"]:
    """Values at the thresholds of a tail, with more of them in between."""
    places = np.arange((len(known) - 1) * _STEPS + 1) / _STEPS
    fine: Float64[np.ndarray, " thresholds"] = np.interp(places, np.arange(len(known)), known)
    return fine


def _sums(
    values: Float64[np.ndarray, "rows thresholds"], part: np.ndarray, count: int
) -> Float64[np.ndarray, "parts thresholds"]:
    """The sum of the rows of each part."""
    columns = values.shape[1]
    places = part[:, None] * columns + np.arange(columns)
    sums = np.bincount(places.ravel(), values.ravel(), count * columns)
    return sums.reshape(count, columns)
