"""Numbers of events that come in clusters."""

import numpy as np
from jaxtyping import Float64, Int64


def compound_poisson_cdf(
    most: Int64[np.ndarray, " queries"],
    mean: Float64[np.ndarray, " queries"],
    sizes: Float64[np.ndarray, "queries sizes"],
) -> Float64[np.ndarray, " queries"]:
    """Probability of at most so many events, of clusters whose number is a Poisson number.

    Args:
        most: Number of events; the probability is 0 for a negative one.
        mean: Mean number of clusters.
        sizes: Probability that a cluster has 1, 2, ... events. Larger clusters have the rest, and
            there must be as many sizes as the largest number of events.

    Source: Panjer 1981, "Recursive evaluation of a family of compound distributions".
    """
    mean = np.maximum(mean, 0)
    exactly = [np.exp(-mean)]
    total: Float64[np.ndarray, " queries"] = np.where(most >= 0, exactly[0], 0.0)
    for events in range(1, int(most.max(initial=0)) + 1):
        terms = (size * sizes[:, size - 1] * exactly[-size] for size in range(1, events + 1))
        exactly.append(mean / events * np.sum(list(terms), axis=0))
        total = total + np.where(most >= events, exactly[-1], 0.0)
    return total
