"""The nearest rows of databases of several sizes to single fingerprints, found block by block.

A database is the first so many distractors and the reference, in this order. Its nearest rows are
the merge of those of its blocks, which are kept in the cache, so that memory does not grow with the
database and a killed run resumes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.cache import Store
from fpbench.evidence.candidates import empty_candidates, merge_candidates
from fpbench.hashing import code_key, content_key
from fpbench.plugin.blame import blame
from fpbench.plugin.checked import search_checked
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.indexes import BlockIndex, Candidates, GrowingIndex
from fpbench.prefetch import prefetch
from fpbench.progress import Stage
from fpbench.randomness import Stream, rng_at
from fpbench.search.blocks import CandidateStore
from fpbench.search.concatenation import Concatenation
from fpbench.search.drawn_rows import DrawnRows
from fpbench.search.named_indexes import NamedIndex

BLOCK_ROWS = 1_000_000
"""Largest number of distractors in a block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSearch:
    """A search of single fingerprints in databases of several sizes.

    Args:
        create: Makes an empty index; one that grows can be filled only once.
        queries: The fingerprints.
        distractors: Rows that come first, in this order; may be a memory map, or drawn.
        reference: Rows that come after them.
        key: Key of queries, distractors and reference.
        k: Rows to find for each fingerprint.
        retrain: Whether the index is trained anew on the distractors of each size, or once on those
            of the largest.
        most_training: Largest number of distractors to train on; of more, a random part is taken.
            Of drawn ones, it is no larger than the index needs.
        seed: Seed of that part.
        training: Rows to train on instead of the distractors that are searched; their number stands
            for them in cache keys, beside the key of the searched ones.
        trained: Indexes that are trained already, by their identity, and the rows that they were
            trained on; for several searches with one index.
    """

    create: Callable[[], NamedIndex]
    queries: Float32[np.ndarray, "used dim"]
    distractors: Float32[np.ndarray, "distractors dim"] | DrawnRows
    reference: Float32[np.ndarray, "reference dim"]
    key: str
    k: int
    retrain: bool
    most_training: int
    seed: int
    store: Store
    device: str
    training: Float32[np.ndarray, "training dim"] | DrawnRows | None = None
    trained: dict[int, int] = field(default_factory=dict)

    def database(
        self, size: int, starts: Int64[np.ndarray, " stretches"] | None = None, length: int = 1
    ) -> Concatenation:
        """The database with so many distractors.

        Args:
            size: Number of distractors.
            starts: First rows of the stretches that can be taken of drawn distractors; may be
                negative.
            length: Rows in a stretch.
        """
        distractors = self.distractors
        if isinstance(distractors, DrawnRows) and starts is not None:
            distractors = distractors.keep(starts, length, size, self.store)
        return Concatenation(distractors, self.reference, size)

    def _rows(self, size: int, start: int, stop: int) -> Iterator[Vectors]:
        """Rows [start, stop) of the database with so many distractors, read ahead."""
        return prefetch(Concatenation(self.distractors, self.reference, size).chunks(start, stop))

    def nearest(
        self, sizes: Sequence[int], stage: Stage
    ) -> Iterator[tuple[int, Int64[np.ndarray, "used k"]]]:
        """Each size, and the ids of the nearest rows in its database; -1 where there are fewer.

        Args:
            sizes: Numbers of distractors, ascending.
            stage: Shows progress.
        """
        named = self.create()
        index = named.index
        if index.kind == "growing":
            for size in sizes:
                yield size, self._search_grown(self.create(), size, stage)
            return
        trained_on = [sizes[-1]] * len(sizes)
        if self.retrain and index.training_rows > 0:
            trained_on = list(sizes)
        for size, trained in zip(sizes, trained_on, strict=True):
            until = [one for one in sizes if one <= size]
            yield size, self._search_blocks(named, index, until, trained=trained, stage=stage)

    def _search_blocks(
        self,
        named: NamedIndex,
        index: BlockIndex,
        sizes: Sequence[int],
        *,
        trained: int,
        stage: Stage,
    ) -> Int64[np.ndarray, "used k"]:
        """The nearest rows in the database of the last size; the others are edges of blocks."""
        size = sizes[-1]
        blocks = self._candidates(named, trained)
        of_reference = self._candidates(named, trained, of_reference=True)
        edges = block_edges(sizes)
        rows = len(self.reference)
        missing = any(not blocks.holds(*block) for block in pairwise(edges))
        if missing or not of_reference.holds(0, rows):
            self._train(index, named, trained, stage)
        best = empty_candidates(len(self.queries), self.k)
        with stage(f"{named.name}, {size:,} distractors") as report:
            for start, stop in pairwise(edges):
                found = blocks.read(start, stop)
                if found is None:
                    chunks = self._rows(size, start, stop)
                    found = self._search(index, named, chunks, stop - start)
                    blocks.write(start, stop, found)
                best = merge_candidates(best, _shift(found, start))
                report(stop / (size + rows), f"{stop:,} distractors")
            found = of_reference.read(0, rows)
            if found is None:
                chunks = self._rows(0, 0, rows)
                found = self._search(index, named, chunks, rows)
                of_reference.write(0, rows, found)
            report(1.0, "reference")
        return merge_candidates(best, _shift(found, size)).ids

    def _search(
        self, index: BlockIndex, named: NamedIndex, chunks: Iterator[Vectors], rows: int
    ) -> Candidates:
        return search_checked(
            lambda: index.search(self.queries, chunks, self.k),
            named.plugin,
            shape=(len(self.queries), self.k),
            rows=rows,
        )

    def _search_grown(
        self, named: NamedIndex, size: int, stage: Stage
    ) -> Int64[np.ndarray, "used k"]:
        index = named.index
        if index.kind != "growing":
            raise ValueError(f"index '{named.name}' searches block by block")
        store = self._candidates(named, size)
        all_rows = size + len(self.reference)
        found = store.read(0, all_rows)
        if found is None:
            self._train(index, named, size, stage)
            with stage(f"{named.name}, {size:,} distractors") as report:
                done = 0
                for rows in self._rows(size, 0, all_rows):
                    with blame(named.plugin, f"adding {len(rows)} rows"):
                        index.add(rows)
                    done += len(rows)
                    report(done / all_rows, f"{done:,} rows")
                found = search_checked(
                    lambda: index.search(self.queries, self.k),
                    named.plugin,
                    shape=(len(self.queries), self.k),
                    rows=all_rows,
                )
            store.write(0, all_rows, found)
        return found.ids

    def _train(
        self, index: BlockIndex | GrowingIndex, named: NamedIndex, size: int, stage: Stage
    ) -> None:
        """Train on the distractors of a size, in their order; on the reference if there are none.

        All of them are handed over, as the authors' scripts do: the library chooses a part, and the
        same part of the same rows. Of drawn ones, which are in no matrix, it gets such a part.
        """
        rows, count = (self.distractors, size) if size else (self.reference, len(self.reference))
        if self.training is not None:
            rows, count = self.training, len(self.training)
        if index.training_rows == 0 or self.trained.get(id(index)) == count:
            return
        self.trained[id(index)] = count
        if isinstance(rows, DrawnRows):
            rows = rows.sample(count, min(index.training_rows, self.most_training), self.seed)
        elif count > self.most_training:
            order = rng_at(self.seed, Stream.INDEX_TRAINING).permutation(count)
            rows = rows[np.sort(order[: self.most_training])]
        else:
            rows = rows[:count]
        with stage(f"{named.name}: training") as report:
            report(0.0, f"{len(rows):,} rows")
            with blame(named.plugin, f"training on {len(rows)} rows"):
                index.train(np.asarray(rows))

    def _candidates(
        self, named: NamedIndex, trained: int, *, of_reference: bool = False
    ) -> CandidateStore:
        key = content_key(
            code=code_key(__name__),
            index=named.name,
            source=named.code,
            parameters=named.parameters,
            rows=self.key,
            trained=trained if named.index.training_rows else 0,
            most_training=self.most_training,
            training=None if self.training is None else len(self.training),
            of_reference=of_reference,
            seed=self.seed,
            grown=named.index.kind == "growing",
            device=self.device,
        )
        return CandidateStore(store=self.store, key=key, k=self.k)


def block_edges(sizes: Sequence[int]) -> list[int]:
    """Where blocks begin and end: at every size, and so that no block has too many rows.

    Args:
        sizes: Numbers of distractors, ascending.
    """
    edges = [0]
    for size in sizes:
        start = edges[-1]
        parts = -(-(size - start) // BLOCK_ROWS)
        edges += [start + (size - start) * part // parts for part in range(1, parts + 1)]
    return edges


def _shift(found: Candidates, first: int) -> Candidates:
    ids = np.where(found.ids < 0, -1, found.ids + first)
    return Candidates(ids, found.keys, found.scores)
