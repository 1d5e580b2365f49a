"""What a search left behind, and how often the right recording comes first according to it.

A *cell* is the best few rows, by key, of one part of the database for every query. The reference
is a cell and so is each block of distractors. A database of some size is the reference with a run
of consecutive blocks; its shortlist is the merge of their cells, ranked by exact score. All of
this is arithmetic: nothing is searched again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from fpbench.evidence.candidates import best_match_rank, empty_candidates, smallest_columns
from fpbench.evidence.truth import matches
from fpbench.plugin.indexes import Candidates


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The cells of one search that decomposes (a :class:`fpbench.BlockIndex`).

    Queries of several fingerprints may be searched fingerprint by fingerprint
    (:mod:`fpbench.positions`): then cells have as many rows for each query, one after the other,
    whose shortlists are put together.

    Args:
        query_track: Which track each query was made from.
        reference: The reference's cell, wider than the blocks' by one or more: then ties at the
            border of a shortlist can be seen, and be counted against the system, as far as there
            are columns. More right rows than that may share one key where keys are whole numbers.
        distance_s: Of the reference's candidates from the query's true time; inf in other tracks.
        match_score: Of each query with the reference row nearest to its true time, found or not;
            -inf where the reference has no row of that track.
        edges: Where blocks begin and end in the sequence of distractors.
        blocks: Their cells; ids count from each block's beginning.
    """

    query_track: Int64[np.ndarray, " queries"]
    reference: Candidates
    distance_s: Float64[np.ndarray, "rows k"]
    match_score: Float32[np.ndarray, " queries"]
    edges: Int64[np.ndarray, " edges"]
    blocks: Sequence[Candidates]

    @property
    def shortlist(self) -> int:
        """How many rows of the whole database each row of a cell proposes."""
        return int(self.blocks[0].ids.shape[1] if self.blocks else self.reference.ids.shape[1] - 1)

    @property
    def positions(self) -> int:
        """How many rows of a cell belong to one query."""
        return len(self.reference.ids) // max(len(self.query_track), 1)

    def ranks(self, run: range, tolerance_s: float | None) -> Int64[np.ndarray, " queries"]:
        """How many rows come before the true match, with the distractors of some blocks.

        Args:
            run: Numbers of the blocks; an empty run is the reference alone.
            tolerance_s: A row of the right track matches if it starts at most this far from the
                true time; None means anywhere in the track.

        Returns:
            0 is a hit at rank 1; the length of all shortlists means that no match is in them.
        """
        *_, last = self.growing_ranks(run, tolerance_s)
        return last

    def growing_ranks(
        self, run: range, tolerance_s: float | None
    ) -> Iterator[Int64[np.ndarray, " queries"]]:
        """:meth:`ranks` for the reference alone, then with one block after the other."""
        match = matches(self.distance_s, tolerance_s)
        best = _Shortlist.of_reference(self.reference, match, self.shortlist)
        yield best.ranks(self.positions)
        for number in run:
            best = best.with_block(self.blocks[number], int(self.edges[number]))
            yield best.ranks(self.positions)

    def best_distractors(self, run: range) -> Float32[np.ndarray, " queries"]:
        """The best score that a query reaches in blocks that hold no right answer."""
        best = _distractors(empty_candidates(len(self.reference.ids), self.shortlist), 0)
        for number in run:
            best = best.with_block(self.blocks[number], int(self.edges[number]))
        scores = best.scores.reshape(len(self.query_track), -1)
        highest: Float32[np.ndarray, " queries"] = scores.max(axis=1, initial=-np.inf)
        return highest


@dataclass(frozen=True, slots=True, kw_only=True)
class GrownEvidence:
    """The answers of one index that was grown in place (a :class:`fpbench.GrowingIndex`).

    Args:
        sizes: Distractors in the database, rising.
        cells: The answers of the whole database at each size.
        distances_s: As in :class:`Evidence`, for each cell; distractors are infinitely far.
    """

    query_track: Int64[np.ndarray, " queries"]
    match_score: Float32[np.ndarray, " queries"]
    sizes: Sequence[int]
    cells: Sequence[Candidates]
    distances_s: Sequence[Float64[np.ndarray, "queries k"]]

    def ranks(self, size: int, tolerance_s: float | None) -> Int64[np.ndarray, " queries"]:
        """As :meth:`Evidence.ranks`, with the first ``size`` distractors."""
        at = self.sizes.index(size)
        return best_match_rank(self.cells[at].scores, matches(self.distances_s[at], tolerance_s))


def repeats(edges: Int64[np.ndarray, " edges"], size: int) -> list[range]:
    """Disjoint runs of consecutive blocks that hold ``size`` distractors each, front to back."""
    places = {int(edge): number for number, edge in enumerate(edges)}
    runs: list[range] = []
    free = 0
    for number, edge in enumerate(edges.tolist()):
        if number >= free and edge + size in places:
            free = places[edge + size]
            runs.append(range(number, free))
    return runs


def false_accept_rate(best_distractors: Float32[np.ndarray, " queries"], threshold: float) -> float:
    """How many queries without a right answer would still be told that there is one.

    Args:
        best_distractors: From :meth:`Evidence.best_distractors`.
        threshold: Scores at or above it are accepted.
    """
    return float((best_distractors >= np.float32(threshold)).mean())


@dataclass(frozen=True, slots=True)
class _Shortlist:
    """The k smallest keys so far.

    At equal keys matches come last. Others come in the order of the database, so that the way
    distractors are cut into blocks changes nothing.

    Args:
        ids: Of the reference from 0 upwards, of distractors from -2 downwards.
    """

    ids: Int64[np.ndarray, "rows k"]
    keys: Float32[np.ndarray, "rows k"]
    scores: Float32[np.ndarray, "rows k"]
    match: Bool[np.ndarray, "rows k"]

    @classmethod
    def of_reference(
        cls, cell: Candidates, match: Bool[np.ndarray, "rows columns"], k: int
    ) -> "_Shortlist":
        whole = cls(cell.ids, cell.keys, cell.scores, match)
        empty = empty_candidates(len(cell.ids), k)
        return cls._best((whole._only(~match), whole._only(match), _distractors(empty, 0)), k)

    def with_block(self, cell: Candidates, first_id: int) -> "_Shortlist":
        wrong, right = self._only(~self.match), self._only(self.match)
        return self._best((wrong, _distractors(cell, first_id), right), self.keys.shape[1])

    def ranks(self, positions: int) -> Int64[np.ndarray, " queries"]:
        """Of each query's best match, in the shortlists of its positions put together."""
        if positions == 1:
            return best_match_rank(self.scores, self.match)
        together = (len(self.ids) // positions, -1)
        ids, scores = self.ids.reshape(together), self.scores.reshape(together)
        once = np.where(_is_repeat(ids), np.float32(-np.inf), scores)
        return best_match_rank(once, self.match.reshape(together))

    def _only(self, mask: Bool[np.ndarray, "rows k"]) -> "_Shortlist":
        return _Shortlist(
            self.ids,
            np.where(mask, self.keys, np.float32(np.inf)),
            np.where(mask, self.scores, np.float32(-np.inf)),
            mask & self.match,
        )

    @classmethod
    def _best(cls, parts: Sequence["_Shortlist"], k: int) -> "_Shortlist":
        ids = np.concatenate([part.ids for part in parts], axis=1)
        keys = np.concatenate([part.keys for part in parts], axis=1)
        scores = np.concatenate([part.scores for part in parts], axis=1)
        match = np.concatenate([part.match for part in parts], axis=1)
        best = smallest_columns(keys, k)
        return cls(
            *(np.take_along_axis(array, best, axis=1) for array in (ids, keys, scores, match))
        )


def _distractors(cell: Candidates, first_id: int) -> _Shortlist:
    ids = np.where(cell.ids < 0, -1, -2 - first_id - cell.ids)
    return _Shortlist(ids, cell.keys, cell.scores, np.zeros(cell.ids.shape, dtype=bool))


def _is_repeat(ids: Int64[np.ndarray, "queries columns"]) -> Bool[np.ndarray, "queries columns"]:
    """Where a row holds an id that stands further left already."""
    order = np.argsort(ids, axis=1, kind="stable")
    ordered = np.take_along_axis(ids, order, axis=1)
    again = np.zeros(ids.shape, dtype=bool)
    again[:, 1:] = ordered[:, 1:] == ordered[:, :-1]
    seen = np.empty_like(again)
    np.put_along_axis(seen, order, again, axis=1)
    return seen
