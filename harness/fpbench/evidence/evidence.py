"""Evidence: the candidates that a search keeps, and the rank of the true match among them.

For each query, a search keeps the best candidates, by key, of the reference and of each block of
distractors. A database of a given size is the reference and some consecutive blocks, of which the
last may be cut. Its shortlist is the merge of their candidates, ranked by exact score. All of this
is arithmetic: nothing is searched again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from fpbench.evidence.candidates import (
    best_match_rank,
    empty_candidates,
    keep_first_rows,
    smallest_columns,
)
from fpbench.evidence.distractor_tracks import DistractorTracks
from fpbench.evidence.tails import Tail
from fpbench.evidence.truth import matches
from fpbench.plugin.indexes import Candidates

QueryColumns = Mapping[str, Sequence[str | int | float]]
"""Columns of a table of queries, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The candidates of one search that decomposes (a :class:`fpbench.BlockIndex`).

    Queries of several fingerprints may be searched fingerprint by fingerprint
    (:class:`fpbench.search.sequences.PositionwiseIndex`). Then each query has as many rows of
    candidates, which follow each other, and the shortlists of its rows are joined.

    Args:
        query_track: Track, or cluster, that each query was made from.
        reference: The candidates of the reference, one or more per row than those of a block. The
            extra ones show ties at the end of a shortlist, which count against the system. Where
            keys are whole numbers, more matches may share one key than there are extra ones.
        distance_s: Distance of the reference's candidates from the query's true time; inf in other
            tracks.
        match_score: Score of each query with the reference row nearest to its true time, whether
            or not the search returned that row; -inf where the reference has no row of its track.
        edges: Where blocks begin and end in the sequence of distractors.
        blocks: The candidates of each block; ids count from the start of the block.
        queries: What is known about each query, by name of the column: ``track``, ``start_s``, and
            what its degradations drew; None in older evidence.
        foreign_score: Best score of each query with a row of another reference track, -inf if there
            is no other track; None in older evidence.
        query_group: Group of the track of each query; None if no groups are known.
        tail: How rarely a distractor scores at least as the match, for sizes that are not searched;
            None if it was not simulated.
        absent: Of queries from recordings that the database does not hold, in the same search;
            ``query_track`` is then their recording. None if there are none.
        distractor_tracks: Tracks and groups of real distractors; None for synthetic ones, for
            ready-made ones without tracks, and in older evidence.
    """

    query_track: Int64[np.ndarray, " queries"]
    reference: Candidates
    distance_s: Float64[np.ndarray, "rows k"]
    match_score: Float32[np.ndarray, " queries"]
    edges: Int64[np.ndarray, " edges"]
    blocks: Sequence[Candidates]
    queries: QueryColumns | None = field(default=None, repr=False)
    foreign_score: Float32[np.ndarray, " queries"] | None = field(default=None, repr=False)
    query_group: Int64[np.ndarray, " queries"] | None = field(default=None, repr=False)
    tail: Tail | None = field(default=None, repr=False)
    distractor_tracks: DistractorTracks | None = field(default=None, repr=False)
    absent: "Evidence | None" = field(default=None, repr=False)
    _known_ranks: dict[tuple[range, float | None, int | None], Int64[np.ndarray, " queries"]] = (
        field(default_factory=dict, init=False, repr=False)
    )

    @property
    def clusters(self) -> Int64[np.ndarray, " queries"]:
        """What intervals are over: the group of each query, or its track if it is unknown."""
        return self.query_track if self.query_group is None else self.query_group

    @property
    def shortlist(self) -> int:
        """Candidates in a shortlist, which are as many as a block has for each row."""
        return int(self.blocks[0].ids.shape[1] if self.blocks else self.reference.ids.shape[1] - 1)

    @property
    def rows_per_query(self) -> int:
        """Rows of candidates that belong to one query."""
        return len(self.reference.ids) // max(len(self.query_track), 1)

    def ranks(
        self, blocks: range, tolerance_s: float | None, stop: int | None = None
    ) -> Int64[np.ndarray, " queries"]:
        """How many candidates rank before the true match, with the distractors of some blocks.

        Args:
            blocks: Numbers of the blocks; an empty range means the reference alone.
            tolerance_s: A row of the right track matches if it starts at most this far from the
                true time; None means anywhere in the track.
            stop: Number of the distractor at which the database ends, within the last block; None
                means after that block.

        Returns:
            0 is a hit at rank 1; the length of the query's shortlists means that they hold no
            match.
        """
        database = (blocks, tolerance_s, stop)
        if database not in self._known_ranks:
            *_, last = self.growing_ranks(blocks, tolerance_s, stop)
            last.flags.writeable = False
            self._known_ranks[database] = last
        return self._known_ranks[database]

    def part(self, queries: slice) -> "Evidence":
        """The evidence of some of the queries, without what is known of them besides."""
        of_rows = slice(
            *(
                None if end is None else end * self.rows_per_query
                for end in (queries.start, queries.stop)
            )
        )

        def some(candidates: Candidates) -> Candidates:
            ids, keys, scores = candidates.ids, candidates.keys, candidates.scores
            return Candidates(ids[of_rows], keys[of_rows], scores[of_rows])

        foreign = self.foreign_score
        return Evidence(
            query_track=self.query_track[queries],
            reference=some(self.reference),
            distance_s=self.distance_s[of_rows],
            match_score=self.match_score[queries],
            edges=self.edges,
            blocks=[some(block) for block in self.blocks],
            foreign_score=None if foreign is None else foreign[queries],
        )

    def match_scores(self, tolerance_s: float | None) -> Float32[np.ndarray, " queries"]:
        """The best score of a match among the reference's candidates; -inf if there is none."""
        match = matches(self.distance_s, tolerance_s)
        scores = np.where(match, self.reference.scores, np.float32(-np.inf))
        of_queries = scores.reshape(len(self.query_track), -1)
        best: Float32[np.ndarray, " queries"] = of_queries.max(axis=1, initial=-np.inf)
        return best

    def growing_ranks(
        self, blocks: range, tolerance_s: float | None, stop: int | None = None
    ) -> Iterator[Int64[np.ndarray, " queries"]]:
        """:meth:`ranks` for the reference alone, then with one block after the other."""
        match = matches(self.distance_s, tolerance_s)
        best = _Shortlist.of_reference(self.reference, match, self.shortlist)
        yield best.ranks(self.rows_per_query)
        for number in blocks:
            first, after = self.edges[number : number + 2].tolist()
            block = self.blocks[number]
            if stop is not None and stop < after:
                block = keep_first_rows(block, stop - first)
            best = best.with_block(block, first)
            yield best.ranks(self.rows_per_query)

    def best_distractors(
        self, blocks: range, stop: int | None = None
    ) -> Float32[np.ndarray, " queries"]:
        """The best score of each query among the distractors of some blocks.

        Args:
            blocks: Numbers of the blocks.
            stop: As in :meth:`ranks`.
        """
        highest = np.full(len(self.query_track), -np.inf, dtype=np.float32)
        for number in blocks:
            first, after = self.edges[number : number + 2].tolist()
            block = self.blocks[number]
            if stop is not None and stop < after:
                block = keep_first_rows(block, stop - first)
            scores = block.scores.reshape(len(highest), -1)
            highest = np.maximum(highest, scores.max(axis=1, initial=-np.inf))
        return highest


@dataclass(frozen=True, slots=True, kw_only=True)
class GrownEvidence:
    """The candidates of one index that grows in place (a :class:`fpbench.GrowingIndex`).

    Args:
        query_track: As in :class:`Evidence`.
        match_score: As in :class:`Evidence`.
        sizes: Numbers of distractors at which the index was searched, ascending.
        candidates: The candidates of the whole database at each size.
        distances_s: Their distances, as in :class:`Evidence`; inf for distractors.
        queries: As in :class:`Evidence`.
        query_group: As in :class:`Evidence`.
    """

    query_track: Int64[np.ndarray, " queries"]
    match_score: Float32[np.ndarray, " queries"]
    sizes: Sequence[int]
    candidates: Sequence[Candidates]
    distances_s: Sequence[Float64[np.ndarray, "queries k"]]
    queries: QueryColumns | None = field(default=None, repr=False)
    query_group: Int64[np.ndarray, " queries"] | None = field(default=None, repr=False)

    @property
    def clusters(self) -> Int64[np.ndarray, " queries"]:
        """As :attr:`Evidence.clusters`."""
        return self.query_track if self.query_group is None else self.query_group

    def ranks(self, size: int, tolerance_s: float | None) -> Int64[np.ndarray, " queries"]:
        """As :meth:`Evidence.ranks`, with the first ``size`` distractors."""
        at = self.sizes.index(size)
        match = matches(self.distances_s[at], tolerance_s)
        return best_match_rank(self.candidates[at].scores, match)


class DistractorRange(NamedTuple):
    """The distractors of one database: those of ``blocks``, up to number ``stop``."""

    blocks: range
    stop: int


def disjoint_databases(edges: Int64[np.ndarray, " edges"], size: int) -> list[DistractorRange]:
    """Databases of one size that share no distractors, in order.

    Each begins where a block begins, and its last block may be cut: rows of a block are
    exchangeable, and the best candidates of its first part are those of the block that lie in it.
    A block keeps only its best candidates, so the part may have more that rank before the match.
    They cannot turn a miss into a hit: they exist only where all candidates of the block rank
    before the match, and then the whole blocks of the database hold about as many of those. That
    is why no block may be longer than the database.

    Args:
        edges: Where blocks begin and end.
        size: Number of distractors. A size that is no edge was no size of the run, and there are
            no databases of it.
    """
    if size not in edges[1:]:
        return []
    lengths, last_edge = np.diff(edges), int(edges[-1])
    found: list[DistractorRange] = []
    free = 0
    for number, start in enumerate(edges[:-1].tolist()):
        stop = start + size
        if start < free or stop > last_edge:
            continue
        after = int(np.searchsorted(edges, stop))
        if max(lengths[number], lengths[after - 1]) <= size:
            found.append(DistractorRange(range(number, after), stop))
            free = stop
    return found


def whole_block_databases(edges: Int64[np.ndarray, " edges"], size: int) -> list[DistractorRange]:
    """:func:`disjoint_databases` without cut blocks, as the first estimator chose them."""
    numbers = {int(edge): number for number, edge in enumerate(edges)}
    found: list[DistractorRange] = []
    free = 0
    for number, edge in enumerate(edges.tolist()):
        if number >= free and edge + size in numbers:
            free = numbers[edge + size]
            found.append(DistractorRange(range(number, free), edge + size))
    return found


@dataclass(frozen=True, slots=True)
class _Shortlist:
    """The candidates with the k smallest keys so far.

    At equal keys matches come last. The others come in the order of the database, so the division
    of distractors into blocks changes nothing.

    Args:
        ids: Rows of the reference count up from 0, distractors count down from -2.
        match: Which candidates match.
    """

    ids: Int64[np.ndarray, "rows k"]
    keys: Float32[np.ndarray, "rows k"]
    scores: Float32[np.ndarray, "rows k"]
    match: Bool[np.ndarray, "rows k"]

    @classmethod
    def of_reference(
        cls, reference: Candidates, match: Bool[np.ndarray, "rows columns"], k: int
    ) -> "_Shortlist":
        whole = cls(reference.ids, reference.keys, reference.scores, match)
        empty = empty_candidates(len(reference.ids), k)
        return cls._best((whole._only(~match), whole._only(match), _distractors(empty, 0)), k)

    def with_block(self, block: Candidates, first_id: int) -> "_Shortlist":
        wrong, right = self._only(~self.match), self._only(self.match)
        return self._best((wrong, _distractors(block, first_id), right), self.keys.shape[1])

    def ranks(self, rows_per_query: int) -> Int64[np.ndarray, " queries"]:
        """The rank of each query's best match in the joined shortlists of its rows."""
        if rows_per_query == 1:
            return best_match_rank(self.scores, self.match)
        joined = (len(self.ids) // rows_per_query, -1)
        ids, scores = self.ids.reshape(joined), self.scores.reshape(joined)
        once = np.where(_is_repeat(ids), np.float32(-np.inf), scores)
        return best_match_rank(once, self.match.reshape(joined))

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


def _distractors(block: Candidates, first_id: int) -> _Shortlist:
    ids = np.where(block.ids < 0, -1, -2 - first_id - block.ids)
    return _Shortlist(ids, block.keys, block.scores, np.zeros(block.ids.shape, dtype=bool))


def _is_repeat(ids: Int64[np.ndarray, "queries columns"]) -> Bool[np.ndarray, "queries columns"]:
    """Where a row holds an id that it also holds further left."""
    order = np.argsort(ids, axis=1, kind="stable")
    ordered = np.take_along_axis(ids, order, axis=1)
    repeat_in_order = np.zeros(ids.shape, dtype=bool)
    repeat_in_order[:, 1:] = ordered[:, 1:] == ordered[:, :-1]
    is_repeat = np.empty_like(repeat_in_order)
    np.put_along_axis(is_repeat, order, repeat_in_order, axis=1)
    return is_repeat
