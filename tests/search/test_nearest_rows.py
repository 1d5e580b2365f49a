"""The nearest rows of blocks, merged, are those of the whole database; finished ones are kept."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from fpbench import Settings
from fpbench.cache import Store
from fpbench.plugin.catalog import Catalog
from fpbench.progress_display import hide_progress
from fpbench.search import drawn_rows, nearest_rows
from fpbench.search.drawn_rows import DrawnRows
from fpbench.search.named_indexes import NamedIndex
from fpbench.search.nearest_rows import RowSearch, block_edges

K = 5


@pytest.fixture
def search_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., RowSearch]:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((460, 8)).astype(np.float32)
    catalog = Catalog.load()

    def search(name: str, **options: str) -> RowSearch:
        def create() -> NamedIndex:
            index = catalog.index(name, Settings(options=options))
            return NamedIndex(name=name, plugin="test", code="1", index=index)

        return RowSearch(
            create=create,
            queries=rows[:30] + np.float32(0.1),
            distractors=rows[:400],
            reference=rows[400:],
            key="rows",
            k=K,
            retrain=True,
            most_training=10**6,
            seed=0,
            store=Store(tmp_path_factory.mktemp("store")),
            device="cpu",
        )

    return search


def nearest(search: RowSearch, sizes: Sequence[int]) -> dict[int, np.ndarray]:
    return dict(search.nearest(sizes, hide_progress))


def brute_force(search: RowSearch, size: int) -> np.ndarray:
    database = np.concatenate([search.distractors[:size], search.reference])
    apart = ((search.queries[:, None] - database) ** 2).sum(axis=2)
    return np.argsort(apart, axis=1)[:, :K]


def test_blocks_give_what_the_whole_database_gives(
    search_of: Callable[..., RowSearch], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest_rows, "BLOCK_ROWS", 70)
    search = search_of("l2")
    for size, found in nearest(search, [0, 100, 400]).items():
        np.testing.assert_array_equal(found, brute_force(search, size))


@pytest.mark.parametrize("name", ["ivf", "ivfpq"])
def test_trained_blocks_give_what_one_block_gives(
    search_of: Callable[..., RowSearch], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"nlist": "4", "nprobe": "2"}
    if name == "ivfpq":
        options |= {"parts": "4", "bits": "4"}
    whole = nearest(search_of(name, **options), [400])
    monkeypatch.setattr(nearest_rows, "BLOCK_ROWS", 70)
    parts = nearest(search_of(name, **options), [400])
    np.testing.assert_array_equal(parts[400], whole[400])


def test_each_size_is_that_of_a_run_of_its_own(search_of: Callable[..., RowSearch]) -> None:
    options = {"nlist": "4", "nprobe": "1"}
    alone = nearest(search_of("ivf", **options), [100])
    together = nearest(search_of("ivf", **options), [100, 400])
    np.testing.assert_array_equal(together[100], alone[100])
    once = nearest(replace(search_of("ivf", **options), retrain=False), [100, 400])
    np.testing.assert_array_equal(once[400], together[400])


@pytest.mark.parametrize("name", ["hnsw", "ivfpq-rr"])
def test_growing_indexes_hold_distractors_and_reference(
    search_of: Callable[..., RowSearch], name: str
) -> None:
    options = {"ef_search": "400"} if name == "hnsw" else {"nlist": "1", "nprobe": "1"}
    if name == "ivfpq-rr":
        options |= {"parts": "8", "bits": "8", "refine_parts": "8", "refine_bits": "8"}
    search = search_of(name, **options)
    found = nearest(search, [300, 400])
    for size, ids in found.items():
        assert (ids[:, 0] == brute_force(search, size)[:, 0]).mean() > 0.9


def test_finished_blocks_are_not_searched_again(search_of: Callable[..., RowSearch]) -> None:
    search = search_of("ivf", nlist="4", nprobe="4")
    first = nearest(search, [400])

    def refuse(*_: object) -> None:
        raise AssertionError("searched again")

    create = search.create

    def create_that_refuses() -> NamedIndex:
        named = create()
        named.index.train = refuse  # type: ignore[method-assign]
        named.index.search = refuse  # type: ignore[method-assign, assignment]
        return named

    again = nearest(replace(search, create=create_that_refuses), [400])
    np.testing.assert_array_equal(again[400], first[400])


def note_trainings(
    create: Callable[[], NamedIndex], trained: list[np.ndarray]
) -> Callable[[], NamedIndex]:
    """Creates the same indexes, which add the rows that they are trained on to ``trained``."""

    def create_that_notes() -> NamedIndex:
        named = create()
        train = named.index.train

        def note(vectors: np.ndarray) -> None:
            trained.append(vectors)
            train(vectors)

        named.index.train = note  # type: ignore[method-assign]
        return named

    return create_that_notes


def test_no_more_rows_than_allowed_are_trained_on(search_of: Callable[..., RowSearch]) -> None:
    search = replace(search_of("ivf", nlist="4", nprobe="1"), most_training=200)
    trained: list[np.ndarray] = []
    nearest(replace(search, create=note_trainings(search.create, trained)), [400])
    assert [len(rows) for rows in trained] == [200]
    assert len(np.unique(trained[0], axis=0)) == 200


def test_blocks_end_at_every_size_and_have_about_equal_lengths() -> None:
    assert block_edges([0]) == [0]
    assert block_edges([100, 2_400_100]) == [0, 100, 800_100, 1_600_100, 2_400_100]


class Drawn:
    """A sequence that cannot be indexed."""

    rows_available = None

    def __init__(self, vectors: np.ndarray) -> None:
        self.vectors = vectors

    def rows(self, start: int, stop: int) -> Iterator[np.ndarray]:
        for at in range(start, stop, 33):
            yield self.vectors[at : min(at + 33, stop)]


@pytest.mark.parametrize("name", ["l2", "ivf", "hnsw"])
def test_drawn_distractors_give_what_a_matrix_of_them_gives(
    search_of: Callable[..., RowSearch], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest_rows, "BLOCK_ROWS", 70)
    options = {"nlist": "4", "nprobe": "2"} if name == "ivf" else {}
    matrix, other = search_of(name, **options), search_of(name, **options)
    source = Drawn(matrix.distractors[:])
    drawn = replace(other, distractors=DrawnRows(source, (400, 8)))
    in_matrix, in_drawn = nearest(matrix, [150, 400]), nearest(drawn, [150, 400])
    for size, found in in_matrix.items():
        np.testing.assert_array_equal(in_drawn[size], found)
        kept = drawn.database(size, np.unique(found) - 1, 3)
        database = matrix.database(size)
        np.testing.assert_array_equal(kept.take(found), database.take(found))
        after = np.minimum(found + 1, size + 59)
        np.testing.assert_array_equal(kept.take(after), database.take(after))


def test_of_drawn_distractors_no_more_are_trained_on_than_an_index_needs(
    search_of: Callable[..., RowSearch], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawn_rows, "CHUNK", 50)
    search = search_of("ivf", nlist="1", nprobe="1")
    trained: list[np.ndarray] = []
    drawn = DrawnRows(Drawn(search.distractors[:]), (400, 8))
    nearest(
        replace(search, create=note_trainings(search.create, trained), distractors=drawn),
        [100, 300, 400],
    )
    assert [len(rows) for rows in trained] == [100, 256, 256]
    assert not np.array_equal(trained[1], trained[2])
