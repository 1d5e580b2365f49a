"""The tails of searched distractors: the rows that score best with each query."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int64

from fpbench.evidence.evidence import Evidence

MOST_ROWS = 10_000_000
"""Rows of the evidence in use: the noise of this many is drawn again in some ten seconds."""


class Seeds(NamedTuple):
    """Rows above a level for each query and replicate, repeated where they are too few.

    Args:
        rows: Their numbers in the sequence of distractors.
        scores: Their scores.
        level: The level of each query.
    """

    rows: Int64[np.ndarray, "queries replicates particles"]
    scores: Float32[np.ndarray, "queries replicates particles"]
    level: Float32[np.ndarray, " queries"]


@dataclass(frozen=True, slots=True)
class SearchedTail:
    """The distractors that score best with each query, complete above a score.

    A row belongs to the replicate that its number leaves modulo the number of replicates: rows are
    independent draws, so that replicates are independent, too.

    Args:
        rows: Number of each candidate in the sequence of distractors; -1 where there is none.
        scores: Scores of the candidates; -inf where there is none.
        complete: All rows that score more than this are among the candidates.
        searched: Number of rows that were searched.
    """

    rows: Int64[np.ndarray, "queries candidates"]
    scores: Float32[np.ndarray, "queries candidates"]
    complete: Float32[np.ndarray, " queries"]
    searched: int

    @classmethod
    def of_evidence(cls, evidence: Evidence) -> "SearchedTail":
        """The tail of the blocks that lie in the first :data:`MOST_ROWS` rows."""
        count = max(1, int(np.searchsorted(evidence.edges, MOST_ROWS, side="right")) - 1)
        blocks, edges = evidence.blocks[:count], evidence.edges[: count + 1].tolist()
        rows = [np.where(b.ids < 0, -1, b.ids + edges[i]) for i, b in enumerate(blocks)]
        # A block keeps its best candidates, and may have more rows with the score of the last one.
        last = [np.where((b.ids < 0).any(axis=1), -np.inf, b.scores.min(axis=1)) for b in blocks]
        return cls(
            np.concatenate(rows, axis=1),
            np.concatenate([block.scores for block in blocks], axis=1),
            np.max(last, axis=0).astype(np.float32),
            edges[-1],
        )

    def part(self, queries: slice) -> "SearchedTail":
        """The tails of some queries."""
        return SearchedTail(
            self.rows[queries], self.scores[queries], self.complete[queries], self.searched
        )

    def seeds(self, replicates: int, particles: int) -> Seeds:
        """The best rows of each query: so many for each replicate, or fewer where not known.

        A replicate without a row above the level has a probability of 0 there, and keeps it. It
        gets rows of another one. One that has too many or too few leaves out or repeats some by
        their number, which does not depend on the score: the best ones, which candidates begin
        with, would make what is simulated from there too probable.
        """
        place = min(replicates * particles, self.scores.shape[1] - 1)
        level = np.maximum(-np.partition(-self.scores, place, axis=1)[:, place], self.complete)
        chosen = np.empty((len(level), replicates, particles), dtype=np.int64)
        for query, above in enumerate(self.scores > level[:, None]):
            members = np.flatnonzero(above) if above.any() else self.scores[query].argmax()[None]
            members = members[np.argsort(self.rows[query, members])]
            owner = self.rows[query, members] % replicates
            for number in range(replicates):
                own = members[owner == number]
                chosen[query, number] = np.resize(own if len(own) else members, particles)
        flat = chosen.reshape(len(level), -1)
        rows, scores = (
            np.take_along_axis(array, flat, axis=1).reshape(chosen.shape)
            for array in (self.rows, self.scores)
        )
        return Seeds(rows, scores, level)

    def log_p(
        self, thresholds: Float32[np.ndarray, " queries"], replicates: int, *, above: bool = False
    ) -> Float64[np.ndarray, "queries replicates"]:
        """Logarithm of the share of rows that score at least a threshold, in each replicate.

        Where candidates are not complete down to the threshold, it is the share of those that are.

        Args:
            above: Whether rows that score exactly the threshold do not count.
        """
        limit = np.maximum(thresholds, self.complete)[:, None]
        counted = self.scores > limit
        if not above:
            counted |= (self.scores == limit) & (limit > self.complete[:, None])
        shares = []
        for number in range(replicates):
            searched = len(range(number, self.searched, replicates))
            shares.append((counted & (self.rows % replicates == number)).sum(axis=1) / searched)
        with np.errstate(divide="ignore"):
            logarithm: Float64[np.ndarray, "queries replicates"] = np.log(np.stack(shares, axis=1))
        return logarithm
