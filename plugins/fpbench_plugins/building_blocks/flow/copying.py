"""Measures during a fit whether a flow learns its fingerprints by heart."""

from itertools import pairwise

import numpy as np
from jaxtyping import Float32

from fpbench import Vectors
from fpbench.generators.fidelity import nearest_distances

_SAMPLE = 5_000  # learnt rows, among which nearest neighbours are looked for
_BLOCKS = 10  # of the learnt rows, each as long as several tracks
_CONTROLS = 200  # rows from each block


class CopyingTest:
    """Compares how near draws are to learnt rows with how near real rows of other tracks are.

    Rows of one tenth of the learnt rows, and so of some tracks, are compared with a sample of the
    other nine tenths: this is the distance of real music to tracks that it is not from. A flow that
    generalises draws at such distances; one that learns by heart draws nearer ones.

    Held-out rows are not used: they are of few tracks, whose distance to the learnt ones differs
    more between tracks than between flows.

    Args:
        learn: Rows that the flow learns from, in the order of tracks.

    Source: Meehan et al. 2020, "A non-parametric test to detect data-copying in generative
        models", arXiv 2004.05675: the U statistic, with tracks in place of independent rows.
    """

    def __init__(self, learn: Float32[np.ndarray, "rows dim"], rng: np.random.Generator) -> None:
        edges = np.linspace(0, len(learn), _BLOCKS + 1).astype(int)
        rows = min(_SAMPLE, len(learn) - int(np.diff(edges).max()))
        self._learnt = learn[np.sort(rng.choice(len(learn), rows, replace=False))]
        distances = []
        for start, stop in pairwise(edges):
            length = stop - start
            picked = np.sort(rng.choice(length, min(_CONTROLS, length), replace=False))
            others = np.sort(rng.choice(len(learn) - length, rows, replace=False))
            others += length * (others >= start)
            distances.append(_nearest(learn[start + picked], learn[others]))
        self._of_real = np.sort(np.concatenate(distances))

    def copied(self, draws: Vectors) -> float:
        """Probability that a draw is nearer to learnt rows than a real row of other tracks is.

        Returns:
            0 to 1. Below 0.5 draws are farther, as those of a Gaussian are. 0.5 is best; of rows
            that are copied it is near 1.
        """
        distances = _nearest(draws, self._learnt)
        # A tie counts half.
        below = np.searchsorted(self._of_real, distances, side="left")
        not_above = np.searchsorted(self._of_real, distances, side="right")
        return 1 - float((below + not_above).mean()) / (2 * len(self._of_real))


def _nearest(
    rows: Float32[np.ndarray, "rows dim"], others: Float32[np.ndarray, "others dim"]
) -> Float32[np.ndarray, " rows"]:
    nearest: Float32[np.ndarray, " rows"] = nearest_distances(rows, others, 1)[:, 0]
    return nearest
