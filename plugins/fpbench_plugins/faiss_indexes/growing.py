"""FAISS indexes that hold the whole database, such as graphs, and are searched at each size."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import faiss
import numpy as np

from fpbench import Candidates, GrowingIndex, Vectors
from fpbench_plugins.faiss_indexes.errors import translate_faiss_errors
from fpbench_plugins.faiss_indexes.neighbours import neighbours, require_finite
from fpbench_plugins.faiss_indexes.settings import (
    IndexSettings,
    Value,
    list_parameters,
    train_index,
)
from fpbench_plugins.faiss_indexes.sizes import size_bytes


@dataclass(slots=True)
class Contents:
    """What settings share that differ in the search alone: the index of FAISS, None at first."""

    index: Any = None


class FaissGrowingIndex(GrowingIndex):
    """Implements :class:`fpbench.GrowingIndex`. Scores are 1 - d/2 for FAISS's distance d."""

    kind: Final = "growing"

    def __init__(self, settings: IndexSettings) -> None:
        self._settings = settings
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

    def share(self, other: "FaissGrowingIndex", /) -> None:
        self._contents = other._contents

    def train(self, vectors: Vectors, /) -> None:
        self._contents.index = train_index(self._settings, vectors)

    def add(self, vectors: Vectors, /) -> None:
        if self._contents.index is None:
            self.train(vectors)
        require_finite(vectors, "database vector", self._contents.index.ntotal)
        step = f"add {len(vectors)} vectors to {self._contents.index.ntotal} of {{}}"
        with translate_faiss_errors(self._settings, step), one_thread():
            add_rows(self._contents.index, np.ascontiguousarray(vectors))

    def bytes_per_fingerprint(self) -> float:
        with translate_faiss_errors(self._settings, "write {}"):
            rows: int = self._contents.index.ntotal
            return size_bytes(self._contents.index) / rows

    def search(self, queries: Vectors, k: int, /) -> Candidates:
        require_finite(queries, "query")
        step = f"search {self._contents.index.ntotal} vectors of {{}} for {len(queries)} queries"
        with translate_faiss_errors(self._settings, step):
            self._settings.set_search(self._contents.index)
            ids, keys = neighbours(self._contents.index, queries, k)
        return Candidates(ids, keys, np.float32(1) - keys / np.float32(2))


def add_rows(index: Any, vectors: Vectors) -> None:
    """Add vectors whose ids are their row numbers. An index with an id map has to be told them."""
    inner = faiss.downcast_index(index)
    if isinstance(inner, faiss.IndexPreTransform):
        inner = faiss.downcast_index(inner.index)
    if isinstance(inner, faiss.IndexIDMap | faiss.IndexIDMap2):
        index.add_with_ids(vectors, np.arange(index.ntotal, index.ntotal + len(vectors)))
    else:
        index.add(vectors)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let FAISS use one thread: with several, the links of a graph depend on their timing."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
