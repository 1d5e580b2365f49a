"""FAISS indexes that search a database block by block, with one trained quantiser.

A compressed distance depends on the query, the code and the trained quantiser, but not on other
rows. So the k nearest rows of the database are found by merging the k nearest of each block.

Inverted lists are searched by FAISS for few queries, and list by list for many: see
:mod:`fpbench_plugins.faiss_indexes.inverted_lists`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from jaxtyping import Float32, Int64

from fpbench import BlockIndex, Candidates, Vectors
from fpbench.evidence.candidates import empty_candidates, merge_candidates
from fpbench.search.scores import FLOATS_AT_ONCE, paired_products
from fpbench_plugins.faiss_indexes.errors import translate_faiss_errors
from fpbench_plugins.faiss_indexes.inverted_lists import Decode, are_many, search_lists
from fpbench_plugins.faiss_indexes.neighbours import neighbours, require_finite
from fpbench_plugins.faiss_indexes.settings import (
    IndexSettings,
    Value,
    list_parameters,
    train_index,
)
from fpbench_plugins.faiss_indexes.sizes import size_bytes

ADDED_AT_ONCE = 50_000  # in every addition, FAISS's threads wait for each other several times
MOST_ROWS = 500_000  # kept uncompressed for their exact scores: 256 MB with 128 dims


Chunk = Float32[np.ndarray, "_ dim"]  # lengths differ, which Vectors does not allow within one call


@dataclass(slots=True)
class Contents:
    """What settings share that differ in the search alone.

    Args:
        index: The index of FAISS; None if it is not trained.
        chunks: The rows in it, uncompressed, while a block is searched.
        kept_bytes: Size of a row that :meth:`FaissBlockIndex.keep` holds.
    """

    index: Any = None
    chunks: Sequence[Chunk] = field(default=(), repr=False)
    kept_bytes: float = 0.0


class FaissBlockIndex(BlockIndex):
    """Implements :class:`fpbench.BlockIndex`. Its ``keys`` are FAISS's distances.

    Args:
        settings: Settings of the index.
        decode: Decodes an inverted list, of an index that has such.
    """

    kind: Final = "block"
    exact = False

    def __init__(self, settings: IndexSettings, decode: Decode | None = None) -> None:
        self._settings = settings
        self._decode = decode
        self._contents = Contents()

    @property
    def parameters(self) -> Mapping[str, Value]:
        return list_parameters(self._settings)

    @property
    def search_parameters(self) -> Collection[str]:
        return self._settings.search_parameters

    @property
    def training_rows(self) -> int:
        return self._settings.training_rows

    def share(self, other: "FaissBlockIndex", /) -> None:
        self._contents = other._contents

    def train(self, vectors: Vectors, /) -> None:
        self._contents.index = train_index(self._settings, vectors)

    def search(self, queries: Vectors, block: Iterator[Vectors], k: int, /) -> Candidates:
        require_finite(queries, "query")
        if self._contents.index is None:  # of a kind that needs no training
            self.train(queries)
        best = empty_candidates(len(queries), k)
        first_id = 0
        for rows in self.fill(block):
            # Rows that come later are of use only if they are nearer than the k nearest so far.
            found = self._search_contents(queries, k, within=best.keys[:, -1])
            ids = np.where(found.ids < 0, -1, found.ids + first_id)
            best = merge_candidates(best, Candidates(ids, found.keys, found.scores))
            first_id += rows
        return best

    def fill(self, block: Iterator[Vectors], /) -> Iterator[int]:
        for chunks in self._fill_index(block):
            self._contents.chunks = chunks
            yield self._contents.index.ntotal
        self._contents.chunks = ()
        self._contents.index.reset()

    def search_filled(self, queries: Vectors, k: int, /) -> Candidates:
        require_finite(queries, "query")
        return self._search_contents(queries, k)

    def keep(self, rows: Iterator[Vectors], /) -> None:
        contents = self._contents
        contents.index.reset()
        empty_bytes = size_bytes(contents.index)
        for chunk in rows:
            require_finite(chunk, "database vector", contents.index.ntotal)
            self._add(chunk)
        contents.kept_bytes = (size_bytes(contents.index) - empty_bytes) / contents.index.ntotal

    def bytes_per_fingerprint(self) -> float:
        """Those of what grows with the rows: codes and numbers, but no centroids."""
        return self._contents.kept_bytes

    def search_kept(self, queries: Vectors, k: int, /) -> Candidates:
        ids, keys = self._neighbours(queries, k)
        return Candidates(ids, keys, np.float32(1) - keys / np.float32(2))

    def _search_contents(
        self, queries: Vectors, k: int, within: Float32[np.ndarray, " queries"] | None = None
    ) -> Candidates:
        ids, keys = self._neighbours(queries, k, decode=self._decode, within=within)
        return Candidates(ids, keys, exact_scores(queries, self._contents.chunks, ids))

    def _neighbours(
        self,
        queries: Vectors,
        k: int,
        decode: Decode | None = None,
        within: Float32[np.ndarray, " queries"] | None = None,
    ) -> tuple[Int64[np.ndarray, "queries k"], Float32[np.ndarray, "queries k"]]:
        index = self._contents.index
        with translate_faiss_errors(self._settings, f"search {{}} for {len(queries)} queries"):
            self._settings.set_search(index)
            if decode is not None and are_many(queries, index):
                return search_lists(index, decode, queries, k, within)
            return neighbours(index, queries, k)

    def _fill_index(self, block: Iterator[Vectors]) -> Iterator[Sequence[Chunk]]:
        """Fill the index with up to ``MOST_ROWS`` rows, yield their chunks, and start again."""
        index = self._contents.index
        kept: list[Chunk] = []
        rows, before = 0, 0
        joined: Chunk | None = None  # used again: writing to new memory takes six times as long
        index.reset()
        for chunk in block:
            require_finite(chunk, "database vector", before + rows)
            kept.append(chunk)
            rows += len(chunk)
            waiting = rows - index.ntotal
            if waiting >= ADDED_AT_ONCE or rows >= MOST_ROWS:
                joined = last_rows(kept, waiting, joined)
                self._add(joined[:waiting])
            if rows >= MOST_ROWS:
                yield kept
                kept, rows, before = [], 0, before + rows
                index.reset()
        if rows > 0:
            if rows > index.ntotal:
                waiting = rows - index.ntotal
                self._add(last_rows(kept, waiting, joined)[:waiting])
            yield kept

    def _add(self, vectors: Vectors) -> None:
        index = self._contents.index
        step = f"add {len(vectors)} vectors to {index.ntotal} of {{}}"
        with translate_faiss_errors(self._settings, step):
            index.add(vectors)


def last_rows(chunks: Sequence[Chunk], rows: int, joined: Chunk | None) -> Chunk:
    """An array that begins with the last chunks, which together have ``rows`` rows.

    Args:
        joined: What an earlier call returned, whose memory is used again if it is large enough.
    """
    first = len(chunks)
    while sum(map(len, chunks[first:])) < rows:
        first -= 1
    if joined is None or len(joined) < rows:
        joined = np.empty((rows, chunks[0].shape[1]), dtype=np.float32)
    np.concatenate(chunks[first:], out=joined[:rows])
    return joined


def exact_scores(
    queries: Float32[np.ndarray, "queries dim"],
    chunks: Sequence[Chunk],
    ids: Int64[np.ndarray, "queries k"],
) -> Float32[np.ndarray, "queries k"]:
    """Exact scores of the rows that ``ids`` name; -inf where an id is -1.

    Args:
        ids: Row numbers that count through all chunks.
    """
    scores = np.full(ids.shape, -np.inf, dtype=np.float32)
    flat = ids.ravel()
    order = np.argsort(flat, kind="stable")
    by_id = flat[order]
    pairs_at_once = max(FLOATS_AT_ONCE // queries.shape[1], 1)
    first = 0
    for chunk in chunks:
        begin, end = np.searchsorted(by_id, [first, first + len(chunk)])
        for start in range(begin, end, pairs_at_once):
            pairs = order[start : min(start + pairs_at_once, end)]
            rows = chunk[flat[pairs] - first]
            scores.flat[pairs] = paired_products(queries[pairs // ids.shape[1]], rows)
        first += len(chunk)
    return scores
