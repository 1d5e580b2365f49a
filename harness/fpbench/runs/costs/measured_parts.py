"""Parts of a run that count what they do: fingerprinter, distractors and indexes."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Final, cast

from fpbench.plugin.fingerprinters import (
    AnyFingerprinter,
    Fingerprinter,
    Fingerprints,
    FingerprintSpec,
    Samples,
    Segments,
    TrackFingerprinter,
    Vectors,
)
from fpbench.plugin.indexes import BlockIndex, Candidates, GrowingIndex, Index
from fpbench.plugin.shared_indexes import SharedBlockIndex
from fpbench.results.costs import StageName
from fpbench.search.distractors import DistractorSource
from fpbench.search.shared_contents import share_contents

KEPT_ROWS = 100_000
"""Rows with which an index that searches block by block is timed afterwards."""

_KEPT_BYTES = 64 << 20  # of these rows, where they are long

Frame = Callable[[], AbstractContextManager[None]]
"""Opens a stage in which the time of an index counts."""


class MeasuredFingerprinter:
    """A fingerprinter that counts its fingerprints and the time in it.

    Attributes:
        rows: Fingerprints so far.
        audio_s: Audio of them, without overlap.
        wall_s: Time in the fingerprinter.
    """

    def __init__(self, fingerprinter: AnyFingerprinter) -> None:
        self._fingerprinter = fingerprinter
        self.rows, self.audio_s, self.wall_s = 0, 0.0, 0.0

    @property
    def spec(self) -> FingerprintSpec:
        return self._fingerprinter.spec

    def embed(self, segments: Segments, /) -> Vectors:
        start_s = time.perf_counter()
        vectors = cast(Fingerprinter, self._fingerprinter).embed(segments)
        self.wall_s += time.perf_counter() - start_s
        self.rows += len(segments)
        self.audio_s += len(segments) * self.spec.hop_s
        return vectors

    def fingerprint(self, samples: Samples, /) -> Fingerprints:
        start_s = time.perf_counter()
        fingerprints = cast(TrackFingerprinter, self._fingerprinter).fingerprint(samples)
        self.wall_s += time.perf_counter() - start_s
        self.rows += len(getattr(fingerprints, "start_s", ()))  # it is not checked yet
        self.audio_s += len(samples) / self.spec.sample_rate_hz
        return fingerprints


class MeasuredDistractors:
    """Distractors that count how many were made, and in which time.

    Attributes:
        made: Rows so far.
        wall_s: Time in which they were made, in whichever thread.
    """

    def __init__(self, source: DistractorSource) -> None:
        self._source = source
        self.made, self.wall_s = 0, 0.0

    @property
    def rows_available(self) -> int | None:
        return self._source.rows_available

    def rows(self, start: int, stop: int) -> Iterator[Vectors]:
        rows = self._source.rows(start, stop)
        while True:
            start_s = time.perf_counter()
            vectors = next(rows, None)
            self.wall_s += time.perf_counter() - start_s
            if vectors is None:
                return
            self.made += len(vectors)
            yield vectors


@dataclass(slots=True)
class MeasuredContents:
    """What was put into an index, or into one that several settings share.

    Args:
        most: Rows to keep, to time an index afterwards that searches block by block.
        added: Rows that are or were in it.
        filled: Rows of a block that are in it now.
        kept: The first rows.
        resident: Whether it holds these rows again.
    """

    most: int = KEPT_ROWS
    added: int = 0
    filled: int = 0
    kept: list[Vectors] = field(default_factory=list)
    resident: bool = False

    def count(self, block: Iterator[Vectors]) -> Iterator[Vectors]:
        """The rows of a block, which are counted, and of which the first are kept."""
        for vectors in block:
            self.added += len(vectors)
            most = min(self.most, _KEPT_BYTES // (4 * vectors.shape[1]))
            free = most - sum(map(len, self.kept))
            if free > 0:
                self.kept.append(vectors[:free])
            yield vectors


class MeasuredBlockIndex(BlockIndex):
    """An index that counts the rows that it searches, and keeps the first of them.

    Attributes:
        index: The index itself.
        contents: What was put into it.
        rows: Rows that it has searched so far.
        queries: The queries of the last search.
    """

    kind: Final = "block"

    def __init__(
        self, index: BlockIndex, training: Frame, searching: Frame, kept_rows: int = KEPT_ROWS
    ) -> None:
        self.index = index
        self._training, self._searching = training, searching
        self.contents = MeasuredContents(kept_rows)
        self.rows = 0
        self.queries: Vectors | None = None

    @property
    def exact(self) -> bool:
        return self.index.exact

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        return self.index.parameters

    @property
    def training_rows(self) -> int:
        return self.index.training_rows

    def train(self, vectors: Vectors, /) -> None:
        with self._training():
            self.index.train(vectors)

    def share(self, other: "MeasuredBlockIndex", /) -> None:
        self._shared.share(other._shared)
        self.contents = other.contents

    def search(self, queries: Vectors, block: Iterator[Vectors], k: int, /) -> Candidates:
        self.queries = queries
        before = self.contents.added
        with self._searching():
            found = self.index.search(queries, self.contents.count(block), k)
        self.rows += self.contents.added - before
        return found

    def fill(self, block: Iterator[Vectors], /) -> Iterator[int]:
        """Fill the index; the time of it counts for this one of those that share the rows."""
        fillings = self._shared.fill(self.contents.count(block))
        while True:
            with self._searching():
                self.contents.filled = next(fillings, 0)
            if not self.contents.filled:
                return
            yield self.contents.filled

    def search_filled(self, queries: Vectors, k: int, /) -> Candidates:
        self.queries = queries
        self.rows += self.contents.filled
        with self._searching():
            return self._shared.search_filled(queries, k)

    @property
    def _shared(self) -> SharedBlockIndex:
        """The index, of which a run asks this only if it is one that can share."""
        return cast(SharedBlockIndex, self.index)


class MeasuredGrowingIndex(GrowingIndex):
    """An index that counts the rows that are added to it.

    Attributes:
        index: The index itself.
        contents: What was put into it.
        queries: The queries of the last search.
    """

    kind: Final = "growing"

    def __init__(self, index: GrowingIndex, training: Frame, searching: Frame) -> None:
        self.index = index
        self._training, self._searching = training, searching
        self.contents = MeasuredContents()
        self.queries: Vectors | None = None

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        return self.index.parameters

    @property
    def training_rows(self) -> int:
        return self.index.training_rows

    @property
    def rows(self) -> int:
        """Rows in the index."""
        return self.contents.added

    def train(self, vectors: Vectors, /) -> None:
        with self._training():
            self.index.train(vectors)

    def share(self, other: "MeasuredGrowingIndex", /) -> None:
        share_contents(self.index, other.index)
        self.contents = other.contents

    def add(self, vectors: Vectors, /) -> None:
        with self._searching():
            self.index.add(vectors)
        self.contents.added += len(vectors)

    def search(self, queries: Vectors, k: int, /) -> Candidates:
        self.queries = queries
        with self._searching():
            return self.index.search(queries, k)


MeasuredIndex = MeasuredBlockIndex | MeasuredGrowingIndex


def measure_index(
    index: Index,
    of: str,
    measure: Callable[[StageName, str], AbstractContextManager[None]],
    *,
    kept_rows: int = KEPT_ROWS,
) -> MeasuredIndex:
    """An index that counts what it does.

    Args:
        index: The index itself.
        of: What its stages work on, as results have it.
        measure: Opens a stage.
        kept_rows: Rows to keep, to time it afterwards.
    """
    training, searching = partial(measure, "training", of), partial(measure, "searching", of)
    if index.kind == "block":
        return MeasuredBlockIndex(index, training, searching, kept_rows)
    return MeasuredGrowingIndex(index, training, searching)
