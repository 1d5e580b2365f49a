"""Drawn distractors as the rows of a database: slices are drawn, single rows are kept in a file."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import Literal

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.cache import Store
from fpbench.files import make_folder
from fpbench.plugin.fingerprinters import Vectors
from fpbench.randomness import Stream, rng_at
from fpbench.search.distractors import CHUNK, DistractorSource


@dataclass(frozen=True, slots=True)
class KeptRows:
    """Stretches of the rows of a database, one after the other.

    Args:
        vectors: Their rows; a memory map.
        first: First row of each stretch in the database, ascending.
        stop: The row after its last one.
        place: Place of its first row in ``vectors``.
        size: Rows from here on are not of the sequence.
    """

    vectors: Float32[np.ndarray, "kept dim"] = field(repr=False)
    first: Int64[np.ndarray, " stretches"] = field(repr=False)
    stop: Int64[np.ndarray, " stretches"] = field(repr=False)
    place: Int64[np.ndarray, " stretches"] = field(repr=False)
    size: int

    def places(self, ids: Int64[np.ndarray, "*some"]) -> Int64[np.ndarray, "*some"]:
        """Places of rows of the database among those that are kept.

        Those of rows from ``size`` on mean nothing.

        Raises:
            ValueError: A row is not kept.
        """
        stretch = np.searchsorted(self.first, ids, side="right") - 1
        lost = (ids < self.size) & ((stretch < 0) | (ids >= self.stop[stretch]))
        if lost.any():
            raise ValueError(f"row {ids[lost][0]} is not kept")
        places: Int64[np.ndarray, "*some"] = self.place[stretch] + ids - self.first[stretch]
        return places


class DrawnRows:
    """The first rows of a sequence of distractors, of which no more than a chunk is in memory.

    A slice is drawn anew whenever it is read. Single rows can be taken from those that
    :meth:`keep` keeps.

    Args:
        source: The sequence.
        shape: Number of rows, and dimensions.
        kept: Rows that can be taken.
    """

    def __init__(
        self, source: DistractorSource, shape: tuple[int, int], kept: KeptRows | None = None
    ) -> None:
        self.source, self.shape, self.kept = source, shape, kept

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, which: slice) -> Vectors:
        start, stop, _ = which.indices(len(self))
        none = np.zeros((0, self.shape[1]), dtype=np.float32)
        return np.concatenate([none, *self.source.rows(start, stop)])

    def keep(
        self, starts: Int64[np.ndarray, " stretches"], length: int, size: int, store: Store
    ) -> "DrawnRows":
        """The same rows, of which some stretches can be taken.

        They are in a file that vanishes with its last use. It grows with the number of stretches,
        up to all rows.

        Args:
            starts: First row of each stretch; may be negative.
            length: Rows in a stretch.
            size: Rows from this number on are left out.
            store: Its folder is that of the file.
        """
        first, stop = _join(starts, length, size)
        vectors = write_rows(self._read_chunks(first, stop, size), self.shape[1], store)
        place = np.cumsum(stop - first) - (stop - first)
        return DrawnRows(self.source, self.shape, KeptRows(vectors, first, stop, place, size))

    def _read_chunks(
        self, first: Int64[np.ndarray, " joined"], stop: Int64[np.ndarray, " joined"], size: int
    ) -> Iterator[Vectors]:
        """The rows of some stretches, chunk by chunk; chunks without any are not drawn."""
        for begin in range(0, size if len(first) else 0, CHUNK):
            rows = np.arange(begin, min(begin + CHUNK, size))
            stretch = np.searchsorted(first, rows, side="right") - 1
            wanted = (stretch >= 0) & (rows < stop[stretch])
            if wanted.any():
                yield self[begin : begin + len(rows)][wanted]

    def take(
        self,
        ids: Int64[np.ndarray, "*some"],
        axis: int,
        out: Float32[np.ndarray, "*some dim"],
        mode: Literal["clip"],
    ) -> None:
        """Copy rows that are kept, as :meth:`numpy.ndarray.take` does."""
        if self.kept is None:
            raise ValueError("no rows are kept")
        self.kept.vectors.take(self.kept.places(ids), axis, out=out, mode=mode)

    def sample(self, size: int, most: int, seed: int) -> Vectors:
        """The first so many rows, or those of random chunks of them, if these are fewer.

        Args:
            size: Number of the first rows.
            most: Largest number of rows to give.
            seed: Seed of the choice of chunks.
        """
        if size <= most:
            return self[:size]
        order = rng_at(seed, Stream.INDEX_TRAINING, size).permutation(-(-size // CHUNK))
        chosen = np.sort(order[: 1 + -(-most // CHUNK)]).tolist()  # one of them may be cut
        rows = [self[number * CHUNK : min((number + 1) * CHUNK, size)] for number in chosen]
        return np.concatenate(rows)[:most]


def write_rows(pieces: Iterable[Vectors], dim: int, store: Store) -> Vectors:
    """Rows in a file of the cache's folder that vanishes with its last use, as a memory map."""
    count = 0
    with TemporaryFile(dir=make_folder(store.root)) as file:
        for rows in pieces:
            file.write(np.ascontiguousarray(rows).data)
            count += len(rows)
        if count == 0:
            return np.zeros((0, dim), dtype=np.float32)
        file.flush()
        return np.memmap(file, dtype=np.float32, mode="r", shape=(count, dim))


def _join(
    starts: Int64[np.ndarray, " stretches"], length: int, size: int
) -> tuple[Int64[np.ndarray, " joined"], Int64[np.ndarray, " joined"]]:
    """First rows and ends of the stretches below ``size``, of which those that touch are one."""
    starts = np.unique(starts)
    first, stop = np.clip(starts, 0, size), np.clip(starts + length, 0, size)
    first, stop = first[first < stop], stop[first < stop]
    if len(first) == 0:
        return first, stop
    apart = np.flatnonzero(first[1:] > stop[:-1])
    return first[np.append(0, apart + 1)], stop[np.append(apart, len(stop) - 1)]
