"""Queries of several fingerprints: exact search for a run is exact search for one long vector."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int64

from fpbench.evidence.candidates import empty_candidates, merge_candidates
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.indexes import BlockIndex, Candidates
from fpbench.search.scores import products_at
from fpbench.search.shared_contents import search_together, share_contents

PIECE_BYTES = 256 << 20  # of runs that are in memory at once


class PositionwiseIndex(BlockIndex):
    """Searches runs: each fingerprint of a query proposes runs, and whole runs are scored.

    The j-th fingerprint of a query is searched among the j-th fingerprints of all runs. That is the
    same as searching all fingerprints and taking the run that begins j rows before each candidate.
    Row ``i * length + j`` of the candidates belongs to fingerprint j of query i. Its keys are those
    of single fingerprints, its scores are those of whole runs.

    Args:
        index: An index of single fingerprints.
        length: Fingerprints in a run; queries and rows are runs as :class:`Runs` gives them.

    Source: Chang et al. 2021, section 3.3, and the evaluation script that the NAFP family shares.
    """

    kind: Final = "block"

    def __init__(self, index: BlockIndex, length: int) -> None:
        self._index = index
        self.length = length

    @property
    def exact(self) -> bool:
        return False

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        return self._index.parameters

    @property
    def training_rows(self) -> int:
        return self._index.training_rows

    def train(self, vectors: Vectors, /) -> None:
        self._index.train(self.row_at(0, vectors))

    def share(self, other: "PositionwiseIndex", /) -> None:
        """Share what is trained with another index, for :func:`search_runs`."""
        share_contents(self._index, other._index)

    def search(self, queries: Vectors, block: Iterator[Vectors], k: int, /) -> Candidates:
        (candidates,) = search_runs([self], queries, block, k)
        return candidates

    def single(self) -> BlockIndex:
        """The index of single fingerprints."""
        return self._index

    def row_at(
        self, j: int, runs: Float32[np.ndarray, "runs longer"]
    ) -> Float32[np.ndarray, "runs dim"]:
        """The j-th fingerprint of each run, with its original norm."""
        dim = runs.shape[1] // self.length
        return runs[:, j * dim : (j + 1) * dim] * np.float32(math.sqrt(self.length))


def search_runs(
    indexes: Sequence[PositionwiseIndex], queries: Vectors, block: Iterator[Vectors], k: int
) -> list[Candidates]:
    """The candidates of each of several indexes, of one length, that share their contents."""
    first = indexes[0]
    best = [[empty_candidates(len(queries), k)] * first.length for _ in indexes]
    first_id = 0
    for runs in _pieces(block):
        for j in range(first.length):
            single = iter([first.row_at(j, runs)])
            inner = [index.single() for index in indexes]
            near_of_each = search_together(inner, first.row_at(j, queries), single, k)
            for near, own in zip(near_of_each, best, strict=True):
                scores = products_at(queries, runs, near.ids)
                ids = np.where(near.ids < 0, -1, near.ids + first_id)
                own[j] = merge_candidates(own[j], Candidates(ids, near.keys, scores))
        first_id += len(runs)
    return [_interleave(own, k) for own in best]


def _interleave(of_positions: Sequence[Candidates], k: int) -> Candidates:
    """Candidates of each position in turn, query by query."""
    columns = zip(*((c.ids, c.keys, c.scores) for c in of_positions), strict=True)
    return Candidates(*(np.stack(parts, axis=1).reshape(-1, k) for parts in columns))


def _pieces(block: Iterator[Vectors]) -> Iterator[Vectors]:
    piece: list[Vectors] = []
    for chunk in block:
        if piece and sum(part.nbytes for part in piece) + chunk.nbytes > PIECE_BYTES:
            yield np.concatenate(piece)
            piece = []
        piece.append(chunk)
    if piece:
        yield np.concatenate(piece)


class Runs:
    """Runs of consecutive fingerprints; indexing reads each run as one long vector.

    The score of a run is the mean of the inner products of its rows (Chang et al. 2021). The
    concatenated rows, divided by the square root of their number, have exactly that inner product.
    Their norm is 1 if the norm of each row is 1.

    Args:
        vectors: May be a memory map; only the rows of the indexed runs are read.
        starts: The first row of each run, ascending.
        length: Rows in a run.
    """

    def __init__(
        self,
        vectors: Float32[np.ndarray, "rows dim"],
        starts: Int64[np.ndarray, " runs"],
        length: int,
    ) -> None:
        self._vectors = vectors
        self._starts = starts
        self._length = length

    def __reduce__(self) -> tuple[Any, ...]:
        """Runs with their fingerprints: a file of a memory map may not be where they are sent."""
        return type(self), (np.asarray(self._vectors), self._starts, self._length)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of runs, and dimensions of their vectors."""
        return len(self._starts), self._length * self._vectors.shape[1]

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, which: Any) -> Vectors:
        """The runs at an index that NumPy accepts for one axis."""
        starts = self._starts[which]
        rows = starts[:, None] + np.arange(self._length)
        return concatenate_runs(self._vectors[rows])

    def single(self) -> "SingleRows":
        """The fingerprints of all runs, each once."""
        offsets = np.arange(self._length)
        row = np.unique(self._starts[:, None] + offsets)
        run = np.searchsorted(self._starts, row, side="right") - 1
        every = len(row) == len(self._vectors)
        return SingleRows(self._vectors if every else self._vectors[row], row, run)


class SingleRows(NamedTuple):
    """Fingerprints without regard to queries of several.

    Args:
        vectors: The fingerprints.
        row: Number of each among all, also those that are not used.
        run: A run, or a row of the database, that each is part of.
    """

    vectors: Vectors
    row: Int64[np.ndarray, " rows"]
    run: Int64[np.ndarray, " rows"]


Rows = Float32[np.ndarray, "rows dim"] | Runs


def concatenate_runs(
    runs: Float32[np.ndarray, "runs length dim"],
) -> Float32[np.ndarray, "runs longer"]:
    """Each run as one vector, so that the inner product of two vectors is the score of two runs."""
    n, length, dim = runs.shape
    return runs.reshape(n, length * dim) * np.float32(1 / math.sqrt(length))


def run_starts(
    track: Int64[np.ndarray, " rows"], usable: Bool[np.ndarray, " rows"], length: int
) -> Int64[np.ndarray, " runs"]:
    """First rows of the runs that lie within one track and have only usable rows.

    Args:
        track: Track of each row; the rows of a track are adjacent and in order of time.
        usable: Whether a row may be part of a run; a silent row, for example, may not.
        length: Rows in a run.
    """
    last = len(track) - length + 1
    if last <= 0:
        return np.zeros(0, dtype=np.int64)
    unusable = np.concatenate([[0], np.cumsum(~usable)])
    whole = unusable[length:] == unusable[:last]
    return np.flatnonzero(whole & (track[:last] == track[length - 1 :]))


def select_runs(
    vectors: Float32[np.ndarray, "all dim"], starts: Int64[np.ndarray, " rows"], length: int
) -> Rows:
    """The runs that begin at ``starts``; the memory map itself if these are all of its rows."""
    if length > 1:
        return Runs(vectors, starts, length)
    return vectors if len(starts) == len(vectors) else vectors[starts]
