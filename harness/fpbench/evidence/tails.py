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

from fpbench.evidence.jackknife import left_out_variance, student_quantile


@dataclass(frozen=True, slots=True)
class Tail:
    """How rarely one distractor scores at least as the match of each query.

    Args:
        tolerances_s: Tolerance of each match; inf for any time in the right track.
        log_p: Natural logarithm of the probability, -inf for 0, in each independent replicate. The
            mean of the probabilities over replicates is unbiased.
        thresholds: Scores, ascending, at which one distractor's probability is known for every
            query, besides that of its match; None in older evidence.
        threshold_log_p: As ``log_p``, of one distractor that scores at least each threshold.
    """

    tolerances_s: Float64[np.ndarray, " tolerances"]
    log_p: Float64[np.ndarray, "queries tolerances replicates"]
    thresholds: Float64[np.ndarray, " thresholds"] | None = None
    threshold_log_p: Float32[np.ndarray, "queries thresholds replicates"] | None = None

    def probabilities(self, tolerance_s: float | None) -> Float64[np.ndarray, "queries replicates"]:
        """The probabilities for one tolerance.

        Raises:
            ValueError: The tail does not have this tolerance.
        """
        wanted = np.inf if tolerance_s is None else tolerance_s
        (places,) = np.nonzero(self.tolerances_s == wanted)
        if len(places) != 1:
            raise ValueError(f"the tail has no tolerance of {wanted:g} s")
        probabilities: Float64[np.ndarray, "queries replicates"] = np.exp(self.log_p[:, places[0]])
        return probabilities

    def has(self, tolerance_s: float | None) -> bool:
        """Whether there are probabilities for this tolerance."""
        return bool((self.tolerances_s == (np.inf if tolerance_s is None else tolerance_s)).any())


class SimulatedHits(NamedTuple):
    """Probability that each query hits, and the error of the simulation.

    Args:
        hits: Estimate for each query, without the bias of the replicates' mean. It may lie a little
            outside 0 to 1; the mean over queries is what it is for.
        error: Standard error of the mean over queries that comes from the simulation alone.
        without: Mean over queries with one replicate left out after the other.
    """

    hits: Float64[np.ndarray, " queries"]
    error: float
    without: Float64[np.ndarray, " replicates"]

    def half_width(self, level: float) -> float:
        """Half the width of a confidence interval for the error of the simulation."""
        return student_quantile(len(self.without), level) * self.error


def simulated_hits(
    probabilities: Float64[np.ndarray, "queries replicates"],
    rank: Int64[np.ndarray, " queries"],
    size: int,
    k: int,
) -> SimulatedHits:
    """How often each query's match is among the first k, with ``size`` distractors.

    The hit rate is convex in p, so that the mean of noisy replicates would be too high. The
    jackknife over replicates takes this bias out, and gives the error.

    Args:
        probabilities: From :meth:`Tail.probabilities`.
        rank: How many rows of the reference rank before the match, from
            :meth:`fpbench.evidence.evidence.Evidence.ranks`.
        size: Number of distractors.
        k: Rank up to which a match is a hit.

    Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", sections 10.5 and 11.2.
    """
    replicates = probabilities.shape[1]
    total = probabilities.sum(axis=1)
    whole = poisson_cdf(k - 1 - rank, size * total / replicates)
    without = np.stack(
        [
            poisson_cdf(k - 1 - rank, size * (total - one) / (replicates - 1))
            for one in probabilities.T
        ]
    )
    hits = replicates * whole - (replicates - 1) * without.mean(axis=0)
    rates = without.mean(axis=1)
    return SimulatedHits(hits, float(np.sqrt(left_out_variance(rates))), rates)


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
