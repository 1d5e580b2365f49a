"""Indexes are timed among rows in memory, one query and a hundred at a time."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from fpbench import Candidates, Settings, Vectors
from fpbench.cache import Store
from fpbench.plugin.catalog import Catalog
from fpbench.results.costs import IndexCost
from fpbench.runs.costs.latencies import index_cost
from fpbench.runs.costs.measured_parts import (
    KEPT_ROWS,
    MeasuredBlockIndex,
    MeasuredGrowingIndex,
    MeasuredIndex,
)

DIM = 16


@pytest.fixture
def rows(rng: np.random.Generator) -> Vectors:
    return rng.standard_normal((400, DIM), dtype=np.float32)


def measured(name: str, **options: str) -> MeasuredIndex:
    index = Catalog.load().index(name, Settings(options=options))
    if index.kind == "block":
        return MeasuredBlockIndex(index, nullcontext, nullcontext)
    return MeasuredGrowingIndex(index, nullcontext, nullcontext)


def cost_of(index: MeasuredIndex, folder: Path, segments: int = 1) -> IndexCost:
    return index_cost(
        Store(folder), "it", "real", index, key={"of": "it"}, segments=segments, hop_s=0.5
    )


def test_exact_search_is_timed_with_its_first_rows(rows: Vectors, tmp_path: Path) -> None:
    index = measured("exact")
    assert isinstance(index, MeasuredBlockIndex)
    index.search(rows[:7], iter([rows[:300], rows[300:]]), 3)
    found = cost_of(index, tmp_path)
    assert found.rows == 400 < KEPT_ROWS
    assert (found.bytes_per_fingerprint, found.bytes_per_hour) == (4 * DIM, 4 * DIM * 7_200)
    assert [one.batch for one in found.latencies] == [1, 100]
    for one in found.latencies:
        assert 0 < one.low_ms <= one.ms <= one.high_ms
        assert one.repeats >= 3
    again = cost_of(measured("exact"), tmp_path)
    assert again.cached
    assert again.latencies == found.latencies


def test_codes_are_smaller_than_vectors(rows: Vectors, tmp_path: Path) -> None:
    index = measured("ivfpq", nlist="2", nprobe="2", parts="4", bits="2")
    assert isinstance(index, MeasuredBlockIndex)
    index.train(rows)
    before = index.search(rows[:7], iter([rows]), 3)
    found = cost_of(index, tmp_path)
    # A byte of four codes, and eight of the number; the few lists have names and lengths, too.
    assert found.bytes_per_fingerprint == pytest.approx(9, abs=0.5)
    after = index.search(rows[:7], iter([rows]), 3)  # what is kept changes no later search
    np.testing.assert_array_equal(after.ids, before.ids)


def test_a_trained_index_is_timed_for_all_fingerprints_of_a_query(
    rows: Vectors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(range(10_000))
    monkeypatch.setattr(
        "fpbench.runs.costs.latencies.time.perf_counter", lambda: float(next(ticks))
    )
    index = measured("ivfpq", nlist="2", nprobe="2", parts="4", bits="2")
    assert isinstance(index, MeasuredBlockIndex)
    index.train(rows)
    index.search(rows[:7], iter([rows]), 3)
    one, other = (cost_of(index, tmp_path, segments) for segments in (1, 5))
    assert [latency.ms for latency in one.latencies] == [1000, 10]
    assert [latency.ms for latency in other.latencies] == [5000, 50]


def test_a_graph_is_timed_with_all_its_rows(rows: Vectors, tmp_path: Path) -> None:
    index = measured("hnsw")
    assert isinstance(index, MeasuredGrowingIndex)
    index.add(rows)
    index.search(rows[:7], 3)
    found = cost_of(index, tmp_path)
    assert found.rows == 400
    assert found.bytes_per_fingerprint is not None
    assert found.bytes_per_fingerprint > 4 * DIM + 2 * 16 * 4  # vectors and links


class Foreign:
    """An index of a plugin that keeps nothing."""

    kind = "block"
    exact = False
    parameters: ClassVar[dict[str, str]] = {}
    training_rows = 0

    def train(self, vectors: Vectors, /) -> None: ...

    def search(self, queries: Vectors, block: Iterator[Vectors], k: int, /) -> Candidates:
        sum(map(len, block))
        ids = np.full((len(queries), k), -1)
        none = np.full((len(queries), k), np.inf, dtype=np.float32)
        return Candidates(ids, none, -none)


def test_an_index_that_keeps_nothing_has_no_times(rows: Vectors, tmp_path: Path) -> None:
    index = MeasuredBlockIndex(Foreign(), nullcontext, nullcontext)  # type: ignore[arg-type]
    index.search(rows[:7], iter([rows]), 3)
    found = cost_of(index, tmp_path)
    assert (found.latencies, found.bytes_per_hour, found.cached) == ((), None, False)
