"""Hit rates at any size, from the probability that one distractor scores at least as the match.

Synthetic distractors are independent draws. If one of them scores at least as the match with
probability p, and r wrong rows of the reference do, then among N distractors the match is within
the first k if at most k - 1 - r of them do: P[Binomial(N, p) <= k - 1 - r]. At these sizes that is
the Poisson distribution with the mean N p.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int64

from fpbench.evidence.jackknife import student_quantile
from fpbench.evidence.lognormal_estimates import LogNormal, balanced_samples, estimates_of


@dataclass(frozen=True, slots=True)
class Tail:
    """How rarely one distractor scores at least as the match of each query.

    Args:
        tolerances_s: Tolerance of each match; inf for any time in the right track.
        log_p: Natural logarithm of the probability, -inf for 0, in each independent replicate, of
            which there are at least two. The mean of the probabilities over replicates is unbiased.
        thresholds: Scores, ascending, at which one distractor's probability is known for every
            query, besides that of its match; None in older evidence.
        threshold_log_p: As ``log_p``, of one distractor that scores at least each threshold.
    """

    tolerances_s: Float64[np.ndarray, " tolerances"]
    log_p: Float64[np.ndarray, "queries tolerances replicates"]
    thresholds: Float64[np.ndarray, " thresholds"] | None = None
    threshold_log_p: Float32[np.ndarray, "queries thresholds replicates"] | None = None

    def estimates(self, tolerance_s: float | None) -> LogNormal:
        """The probabilities for one tolerance.

        Raises:
            ValueError: The tail does not have this tolerance.
        """
        wanted = np.inf if tolerance_s is None else tolerance_s
        (places,) = np.nonzero(self.tolerances_s == wanted)
        if len(places) != 1:
            raise ValueError(f"the tail has no tolerance of {wanted:g} s")
        return estimates_of(self.log_p[:, places[0]])

    def has(self, tolerance_s: float | None) -> bool:
        """Whether there are probabilities for this tolerance."""
        return bool((self.tolerances_s == (np.inf if tolerance_s is None else tolerance_s)).any())


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
    estimates: LogNormal, rank: Int64[np.ndarray, " queries"], size: int, k: int
) -> SimulatedHits:
    """How often each query's match is among the first k, with ``size`` distractors.

    Args:
        estimates: From :meth:`Tail.estimates`.
        rank: How many rows of the reference rank before the match, from
            :meth:`fpbench.evidence.evidence.Evidence.ranks`.
        size: Number of distractors.
        k: Rank up to which a match is a hit.
    """

    def hits(p: Float64[np.ndarray, "..."]) -> Float64[np.ndarray, "..."]:
        return poisson_cdf(k - 1 - rank, size * p)

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
