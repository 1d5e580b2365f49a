"""Parts that count what they do give what the parts themselves give."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from fpbench import FingerprintSpec, Segments, Settings, Vectors
from fpbench.plugin.catalog import Catalog
from fpbench.runs.costs.measured_parts import (
    MeasuredBlockIndex,
    MeasuredDistractors,
    MeasuredFingerprinter,
    MeasuredGrowingIndex,
)
from fpbench.search.distractors import RealDistractors
from fpbench.search.shared_contents import search_together
from fpbench_plugins import faiss_indexes

DIM = 8


class Constant:
    """Embeds every segment in the same vector."""

    spec = FingerprintSpec(sample_rate_hz=100, segment_s=1.0, hop_s=0.5, dim=DIM)

    def embed(self, segments: Segments, /) -> Vectors:
        return np.full((len(segments), DIM), DIM**-0.5, dtype=np.float32)


class Opened:
    """Counts how often a stage was opened."""

    def __init__(self) -> None:
        self.times = 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        self.times += 1
        yield


def rows_of(rng: np.random.Generator, n: int) -> Vectors:
    return rng.standard_normal((n, DIM), dtype=np.float32)


def test_a_fingerprinter_counts_rows_and_their_audio() -> None:
    measured = MeasuredFingerprinter(Constant())
    for count in (3, 4):
        vectors = measured.embed(np.zeros((count, 100), dtype=np.float32))
        assert vectors.shape == (count, DIM)
    assert (measured.rows, measured.audio_s) == (7, 3.5)
    assert measured.wall_s > 0
    assert measured.spec == Constant.spec


def test_distractors_are_the_same_and_counted(rng: np.random.Generator) -> None:
    source = RealDistractors(rows_of(rng, 20), seed=0)
    measured = MeasuredDistractors(source)
    found = np.concatenate(list(measured.rows(3, 15)))
    np.testing.assert_array_equal(found, np.concatenate(list(source.rows(3, 15))))
    assert (measured.made, measured.rows_available) == (12, 20)


def test_an_index_finds_the_same_and_keeps_its_first_rows(rng: np.random.Generator) -> None:
    rows, searching = rows_of(rng, 50), Opened()
    index = Catalog.load().index("exact", Settings())
    assert index.kind == "block"
    measured = MeasuredBlockIndex(index, Opened(), searching)
    found = measured.search(rows[:4], iter([rows[:30], rows[30:]]), 3)
    np.testing.assert_array_equal(found.ids, index.search(rows[:4], iter([rows]), 3).ids)
    assert (measured.rows, sum(map(len, measured.contents.kept)), searching.times) == (50, 50, 1)
    assert (measured.exact, measured.training_rows) == (True, 0)


def test_a_graph_counts_what_is_added(rng: np.random.Generator) -> None:
    rows, searching = rows_of(rng, 50), Opened()
    index = Catalog.load().index("hnsw", Settings())
    assert index.kind == "growing"
    measured = MeasuredGrowingIndex(index, Opened(), searching)
    measured.add(rows[:30])
    measured.add(rows[30:])
    assert measured.search(rows[:4], 1).ids[:, 0].tolist() == [0, 1, 2, 3]
    assert (measured.rows, searching.times) == (50, 3)


def test_settings_that_share_an_index_count_the_rows_that_each_has_searched(
    rng: np.random.Generator,
) -> None:
    rows, searching = rows_of(rng, 50), [Opened(), Opened()]
    shared = [
        MeasuredBlockIndex(
            faiss_indexes.create_ivf(Settings(options={"nlist": "4", "nprobe": probes})),
            Opened(),
            each,
        )
        for probes, each in zip(("1", "4"), searching, strict=True)
    ]
    shared[0].train(rows)
    shared[1].share(shared[0])
    few, all_lists = search_together(shared, rows[:4], iter([rows[:30], rows[30:]]), 50)
    assert (few.ids >= 0).sum() < (all_lists.ids >= 0).sum() == 4 * 50
    assert [one.rows for one in shared] == [50, 50]
    assert shared[0].contents is shared[1].contents
    assert sum(map(len, shared[1].contents.kept)) == 50
    assert [one.times for one in searching] == [3, 1]  # filling, its end, and the search
