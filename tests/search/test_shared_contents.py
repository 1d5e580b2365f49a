"""Settings that share an index find what separate indexes find, and it is filled once."""

from collections.abc import Iterator

import numpy as np
import pytest

from fpbench import BlockIndex, Settings, Vectors
from fpbench.search.sequences import PositionwiseIndex, search_runs
from fpbench.search.shared_contents import contents_key, search_together, share_contents
from fpbench_plugins import exact, faiss_indexes

K = 5


@pytest.fixture
def rows(rng: np.random.Generator) -> Vectors:
    return rng.standard_normal((600, 8), dtype=np.float32)


def ivf(**options: str) -> BlockIndex:
    return faiss_indexes.create_ivf(Settings(options=options))


def chunks(rows: Vectors) -> Iterator[Vectors]:
    yield from (rows[:350].copy(), rows[350:].copy())


@pytest.mark.parametrize(
    "first",
    [pytest.param({"nprobe": "1"}, id="few lists"), pytest.param({"nprobe": "8"}, id="all")],
)
def test_candidates_are_those_of_separate_indexes(rows: Vectors, first: dict[str, str]) -> None:
    settings = [{"nlist": "8", **one} for one in (first, {"nprobe": "3"}, {"nprobe": "2"})]
    shared = [ivf(**one) for one in settings]
    shared[0].train(rows)
    for one in shared[1:]:
        share_contents(one, shared[0])
    for found, one in zip(
        search_together(shared, rows[:20], chunks(rows), K), settings, strict=True
    ):
        alone = ivf(**one)
        alone.train(rows)
        expected = alone.search(rows[:20], chunks(rows), K)
        np.testing.assert_array_equal(found.ids, expected.ids)
        np.testing.assert_array_equal(found.keys, expected.keys)
        np.testing.assert_array_equal(found.scores, expected.scores)


def test_runs_of_fingerprints_are_searched_together(rows: Vectors) -> None:
    runs = np.concatenate([rows[:-1], rows[1:]], axis=1)
    settings = [{"nlist": "4", "nprobe": probes} for probes in ("1", "3")]
    shared = [PositionwiseIndex(ivf(**one), 2) for one in settings]
    shared[0].train(runs)
    shared[1].share(shared[0])
    for found, one in zip(search_runs(shared, runs[:9], iter([runs]), K), settings, strict=True):
        alone = PositionwiseIndex(ivf(**one), 2)
        alone.train(runs)
        expected = alone.search(runs[:9], iter([runs]), K)
        np.testing.assert_array_equal(found.ids, expected.ids)
        np.testing.assert_array_equal(found.scores, expected.scores)


@pytest.mark.parametrize(
    ("create", "argument", "one", "other", "equal"),
    [
        pytest.param("ivf", None, {"nprobe": "1"}, {"nprobe": "2"}, True, id="search"),
        pytest.param("ivf", None, {"nlist": "8"}, {"nlist": "9"}, False, id="lists"),
        pytest.param("hnsw", None, {"ef_search": "8"}, {"ef_search": "9"}, True, id="graph"),
        pytest.param("hnsw", None, {"links": "8"}, {"links": "9"}, False, id="links"),
        pytest.param("factory", "IVF4,Flat", {"nprobe": "1"}, {"nprobe": "2"}, True, id="factory"),
        # The second would keep what the first has set.
        pytest.param("factory", "IVF4,Flat", {"nprobe": "1"}, {}, False, id="default"),
        # The graph of the lists is searched when rows are added.
        pytest.param(
            "factory",
            "IVF4_HNSW4,Flat",
            {"efSearch": "1"},
            {"efSearch": "9"},
            False,
            id="lists' graph",
        ),
        pytest.param("factory", "HNSW4", {"efSearch": "1"}, {"efSearch": "9"}, True, id="a graph"),
    ],
)
def test_contents_are_equal_where_only_the_search_differs(
    create: str, argument: str | None, one: dict[str, str], other: dict[str, str], *, equal: bool
) -> None:
    creator = getattr(faiss_indexes, f"create_{create}")
    indexes = [creator(Settings(argument=argument, options=options)) for options in (one, other)]
    keys = [contents_key(index, "code") for index in indexes]
    assert None not in keys
    assert (keys[0] == keys[1]) == equal


def test_exact_search_shares_nothing() -> None:
    assert contents_key(exact.create(Settings()), "code") is None
