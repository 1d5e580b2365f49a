"""Queries that one of two systems finds and the other does not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from fpbench.evidence.evidence import Evidence, GrownEvidence, QueryColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedRanks:
    """Ranks of the true matches for two systems, in the database that begins at distractor 0.

    Args:
        tolerance_s: Tolerance of a match.
        n_distractors: Number of distractors of both; they may differ if they are all real ones.
        first: Rank of each query, from 0.
        second: The same for the second system.
        shortlists: The rank that means "not in the shortlist", for both.
    """

    tolerance_s: float | None
    n_distractors: tuple[int, int]
    first: Int64[np.ndarray, " queries"]
    second: Int64[np.ndarray, " queries"]
    shortlists: tuple[int, int]

    def flipped(self) -> Int64[np.ndarray, " flipped"]:
        """The numbers of the queries that exactly one system finds at rank 1."""
        return np.flatnonzero((self.first == 0) != (self.second == 0))

    def ranks_of(self, query: int) -> tuple[int | None, int | None]:
        """Both ranks of a query, from 1; None if it is not in the shortlist."""
        ranks = int(self.first[query]), int(self.second[query])
        one, other = (
            None if rank >= none else rank + 1
            for rank, none in zip(ranks, self.shortlists, strict=True)
        )
        return one, other


def flipped_records(
    ranks: Sequence[PairedRanks], columns: QueryColumns | None
) -> Iterator[dict[str, str | int | float | None]]:
    """One flat dictionary for each flipped query, with what is known about it.

    Args:
        ranks: At each size and tolerance.
        columns: Track, start time and degradations of all queries; None for older evidence.
    """
    for at in ranks:
        for query in at.flipped().tolist():
            first, second = at.ranks_of(query)
            yield {
                "tolerance_s": at.tolerance_s,
                "n_distractors_first": at.n_distractors[0],
                "n_distractors_second": at.n_distractors[1],
                "query": query,
                **{name: column[query] for name, column in (columns or {}).items()},
                "rank_first": first,
                "rank_second": second,
            }


def shortlist_length(evidence: Evidence | GrownEvidence) -> int:
    """The rank that means "not in the shortlist"."""
    if isinstance(evidence, GrownEvidence):
        return int(evidence.candidates[0].ids.shape[1])
    return evidence.shortlist * evidence.rows_per_query
