"""Hit rates at any size, from the probability that one distractor scores at least as the match.

Synthetic distractors are independent draws. If one of them scores at least as the match with
probability p, and r wrong rows of the reference do, then among N distractors the match is within
the first k if at most k - 1 - r of them do: P[Binomial(N, p) <= k - 1 - r]. At these sizes that is
the Poisson distribution with the mean N p.

Runs of one track are not independent: several of them come before a match together. Tracks are, so
the number of tracks with any such run has the Poisson distribution, and each has a random number
of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int64

from fpbench.evidence.compound_poisson import compound_poisson_cdf
from fpbench.evidence.jackknife import student_quantile
from fpbench.evidence.lognormal_estimates import LogNormal, balanced_samples, estimates_of
from fpbench.results.fields import HIT_RANKS

CLUSTER_SIZES = HIT_RANKS[-1] - 1
"""Numbers of runs of one track that matter: with more before it, a match is no hit at any rank."""


@dataclass(frozen=True)
class Tail:
    """How rarely one distractor scores at least as the match of each query.

    Args:
        tolerances_s: Tolerance of each match; inf for any time in the right track.
        log_p: Natural logarithm of the probability, -inf for 0, in each independent replicate, of
            which there are at least two. The mean of the probabilities over replicates is unbiased.
            If distractors are runs of tracks, it is the number of tracks with any such run, by the
            number of all runs.
        thresholds: Scores, ascending, at which one distractor's probability is known for every
            query, besides that of its match; None in older evidence.
        threshold_log_p: As ``log_p``, of one distractor that scores at least each threshold.
        cluster_sizes: If distractors are runs of tracks, the probability that a track with any run
            that scores at least as the match has 1, 2, ... such runs, up to :data:`CLUSTER_SIZES`;
            None for independent distractors.
    """

    tolerances_s: Float64[np.ndarray, " tolerances"]
    log_p: Float64[np.ndarray, "queries tolerances replicates"]
    thresholds: Float64[np.ndarray, " thresholds"] | None = None
    threshold_log_p: Float32[np.ndarray, "queries thresholds replicates"] | None = None
    cluster_sizes: Float64[np.ndarray, "queries tolerances sizes"] | None = None

    def estimates(self, tolerance_s: float | None) -> LogNormal:
        """The probabilities for one tolerance.

        Raises:
            ValueError: The tail does not have this tolerance.
        """
        return self._estimates[self._place(tolerance_s)]

    @cached_property
    def threshold_estimates(self) -> LogNormal:
        """The probabilities at the thresholds.

        Raises:
            ValueError: The tail has no thresholds.
        """
        if self.threshold_log_p is None:
            raise ValueError("the tail has no thresholds")
        return estimates_of(self.threshold_log_p.astype(np.float64))

    @cached_property
    def _estimates(self) -> Sequence[LogNormal]:
        return [estimates_of(self.log_p[:, place]) for place in range(self.log_p.shape[1])]

    def hits(
        self, tolerance_s: float | None, rank: Int64[np.ndarray, " queries"], size: int, k: int
    ) -> "SimulatedHits":
        """How often each query's match is among the first k, with ``size`` distractors.

        Args:
            tolerance_s: Tolerance of the match.
            rank: How many rows of the reference rank before the match, from
                :meth:`fpbench.evidence.evidence.Evidence.ranks`.
            size: Number of distractors.
            k: Rank up to which a match is a hit.

        Raises:
            ValueError: The tail does not have this tolerance.
        """
        sizes = None
        if self.cluster_sizes is not None:
            sizes = self.cluster_sizes[:, self._place(tolerance_s)]
        return simulated_hits(self.estimates(tolerance_s), rank, size, k, sizes)

    def has(self, tolerance_s: float | None) -> bool:
        """Whether there are probabilities for this tolerance."""
        return bool((self.tolerances_s == (np.inf if tolerance_s is None else tolerance_s)).any())

    def _place(self, tolerance_s: float | None) -> int:
        wanted = np.inf if tolerance_s is None else tolerance_s
        (places,) = np.nonzero(self.tolerances_s == wanted)
        if len(places) != 1:
            raise ValueError(f"the tail has no tolerance of {wanted:g} s")
        return int(places[0])


class SimulatedHits(NamedTuple):
    """Probability that each query hits, and the error of the simulation.

    Args:
        hits: Estimate for each query, without the bias of a noisy probability. It may lie a little
            outside 0 to 1; the mean over queries is what it is for.
        up: The estimate with the simulated probability one standard error up.
        down: With the probability one standard error down. The simulations of two queries are
            independent.
    """

    hits: Float64[np.ndarray, " queries"]
    up: Float64[np.ndarray, " queries"]
    down: Float64[np.ndarray, " queries"]

    @property
    def error(self) -> float:
        """Standard error of the mean over queries that comes from the simulation alone."""
        return float(np.sqrt(self._variances.sum()) / len(self.hits))

    @property
    def of_samples(self) -> Float64[np.ndarray, " samples"]:
        """Mean over queries in each balanced sample of the error."""
        means: Float64[np.ndarray, " samples"] = np.where(
            balanced_samples(len(self.hits)), self.up, self.down
        ).mean(axis=1)
        return means

    def half_width(self, level: float) -> float:
        """Half the width of a confidence interval for the error of the simulation.

        Few queries may decide, those whose matches are about as rare as one distractor. So the
        degrees of freedom are those of a sum of unequal variances.

        Source: Satterthwaite 1946, "An approximate distribution of estimates of variance
            components".
        """
        squares = (self._variances**2).sum()
        freedom = self._variances.sum() ** 2 / squares if squares > 0 else 1.0
        return student_quantile(1 + freedom, level) * self.error

    @property
    def _variances(self) -> Float64[np.ndarray, " queries"]:
        variances: Float64[np.ndarray, " queries"] = ((self.up - self.down) / 2) ** 2
        return variances


def simulated_hits(
    estimates: LogNormal,
    rank: Int64[np.ndarray, " queries"],
    size: int,
    k: int,
    cluster_sizes: Float64[np.ndarray, "queries sizes"] | None = None,
) -> SimulatedHits:
    """:meth:`Tail.hits`, from the probabilities themselves.

    Args:
        estimates: From :meth:`Tail.estimates`.
        rank: As there.
        size: As there.
        k: As there.
        cluster_sizes: As :attr:`Tail.cluster_sizes`, for one tolerance.
    """

    def hits(p: Float64[np.ndarray, "..."]) -> Float64[np.ndarray, "..."]:
        if cluster_sizes is None:
            return poisson_cdf(k - 1 - rank, size * p)
        return compound_poisson_cdf(k - 1 - rank, size * p, cluster_sizes)

    return SimulatedHits(*(each.value_of(hits) for each in (estimates, *estimates.ends)))


def poisson_cdf(
    most: Int64[np.ndarray, " queries"], mean: Float64[np.ndarray, " queries"]
) -> Float64[np.ndarray, " queries"]:
    """Probability of at most so many events; 0 for a negative number."""
    term = np.exp(-np.maximum(mean, 0))
    total = np.where(most >= 0, term, 0.0)
    for events in range(1, int(most.max(initial=0)) + 1):
        term = term * mean / events
        total = total + np.where(most >= events, term, 0.0)
    return total
