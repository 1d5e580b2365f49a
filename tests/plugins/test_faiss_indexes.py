"""FAISS block by block is FAISS on the whole database, id for id."""

from collections.abc import Iterator
from itertools import pairwise

import faiss
import numpy as np
import pytest

from fpbench import BlockIndex, Candidates, FpbenchError, GrowingIndex, Settings, Vectors
from fpbench.evidence.candidates import merge_candidates
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.resident_indexes import ResidentIndex, SizedIndex
from fpbench.search.scores import products_at
from fpbench_plugins import faiss_indexes
from fpbench_plugins.faiss_indexes.errors import translate_faiss_errors
from fpbench_plugins.faiss_indexes.neighbours import neighbours
from fpbench_plugins.faiss_indexes.settings import Factory, Hnsw

pytestmark = pytest.mark.usefixtures("one_faiss_thread")

SMALL = {"nlist": "8", "nprobe": "3", "parts": "8", "bits": "5"}


@pytest.fixture(scope="module")
def rows() -> Vectors:
    return unit(6_000, np.random.default_rng(1))


@pytest.fixture(scope="module")
def queries(rows: Vectors) -> Vectors:
    noise = np.random.default_rng(2).standard_normal((50, 32), dtype=np.float32)
    near = rows[:50] + 0.1 * noise
    return near / np.linalg.norm(near, axis=1, keepdims=True)


def unit(n: int, rng: np.random.Generator) -> Vectors:
    x = rng.standard_normal((n, 32), dtype=np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def block_index(name: str, **options: str) -> BlockIndex:
    index = Catalog.load().index(name, Settings(options=options))
    assert index.kind == "block"
    return index


def growing_index(settings: Settings) -> GrowingIndex:
    return faiss_indexes.create_factory(settings)


def pieces(rows: Vectors, length: int = 1_000) -> Iterator[Vectors]:
    for start in range(0, len(rows), length):
        yield rows[start : start + length]


def monolithic(name: str, rows: Vectors) -> faiss.Index:
    """FAISS by itself, trained on the same vectors, with everything in it."""
    lists = faiss.IndexFlatL2(32)
    index = {
        "ivfpq": lambda: faiss.IndexIVFPQ(lists, 32, 8, 8, 5),
        "ivf": lambda: faiss.IndexIVFFlat(lists, 32, 8),
        "lsh": lambda: faiss.IndexLSH(32, 64),
    }[name]()
    index.train(rows[:3_000])
    if name != "lsh":
        index.nprobe = 3
    index.add(rows)
    return index


OPTIONS = {"ivfpq": SMALL, "ivf": {"nlist": "8", "nprobe": "3"}, "lsh": {"bits": "64"}}
EDGES = [
    pytest.param([0, 6_000], id="one"),
    pytest.param([0, 1, 8, 1_500, 5_999, 6_000], id="ragged"),
    pytest.param(list(range(0, 6_001, 500)), id="even"),
]


@pytest.mark.slow
@pytest.mark.parametrize("edges", EDGES)
@pytest.mark.parametrize("name", ["ivfpq", "ivf", "lsh"])
def test_merged_blocks_are_the_monolithic_answer(
    name: str, edges: list[int], rows: Vectors, queries: Vectors
) -> None:
    index = block_index(name, **OPTIONS[name])
    index.train(rows[:3_000])
    merged = None
    for start, stop in pairwise(edges):
        candidates = index.search(queries, pieces(rows[start:stop]), 20)
        ids = np.where(candidates.ids >= 0, candidates.ids + start, -1)
        candidates = Candidates(ids, candidates.keys, candidates.scores)
        merged = candidates if merged is None else merge_candidates(merged, candidates)
    assert merged is not None
    ids, keys = neighbours(monolithic(name, rows), queries, 20)
    np.testing.assert_array_equal(merged.ids, ids)
    np.testing.assert_array_equal(merged.keys, keys)
    np.testing.assert_array_equal(merged.scores, products_at(queries, rows, ids))


def test_answers_are_what_faiss_itself_returns(rows: Vectors, queries: Vectors) -> None:
    index = block_index("ivfpq", **SMALL)
    index.train(rows[:3_000])
    found = index.search(queries, pieces(rows), 20)
    distances, ids = monolithic("ivfpq", rows).search(queries, 20)
    np.testing.assert_array_equal(found.keys, distances)
    different = found.ids != ids  # only where FAISS orders a tie in its own way
    tied = (distances[:, 1:] == distances[:, :-1]).any(axis=1)
    assert not different[~tied].any()


def test_of_equal_distances_the_lowest_ids_are_kept() -> None:
    rows = np.repeat(unit(3, np.random.default_rng(0)), 50, axis=0)[::-1].copy()
    index = faiss.IndexFlatL2(32)
    index.add(rows)
    ids, keys = neighbours(index, rows[-1:], 7)
    np.testing.assert_array_equal(ids, [range(100, 107)])
    np.testing.assert_array_equal(keys, 0)


@pytest.mark.parametrize("name", ["ivfpq", "lsh"])
def test_more_wanted_than_a_block_holds_leaves_fillers(
    name: str, rows: Vectors, queries: Vectors
) -> None:
    index = block_index(name, **OPTIONS[name])
    index.train(rows[:3_000])
    found = index.search(queries, pieces(rows[:5]), 20)
    assert (found.ids[:, 5:] == -1).all()
    assert (found.keys[:, 5:] == np.inf).all()
    assert (found.scores[:, 5:] == -np.inf).all()


def test_an_empty_block_has_no_candidates(rows: Vectors, queries: Vectors) -> None:
    index = block_index("ivfpq", **SMALL)
    index.train(rows[:3_000])
    assert (index.search(queries, iter([]), 4).ids == -1).all()


def test_the_published_setting_is_what_a_plain_name_gives() -> None:
    parameters = dict(block_index("ivfpq").parameters)
    assert parameters.pop("faiss") == faiss.__version__
    assert parameters == {"nlist": 64, "nprobe": 20, "parts": 64, "bits": 8}


def test_refuses_settings_that_faiss_does_not_take(rows: Vectors) -> None:
    with pytest.raises(FpbenchError, match="FAISS cannot build"):
        block_index("ivfpq", parts="7").train(rows)


def test_refuses_too_few_vectors_to_train_on(rows: Vectors) -> None:
    with pytest.raises(FpbenchError, match=r"FAISS cannot train ivfpq .* on 100 vectors"):
        block_index("ivfpq", parts="8").train(rows[:100])


@pytest.mark.parametrize("place", ["query", "database vector", "training vector"])
def test_refuses_what_is_not_a_number(place: str, rows: Vectors, queries: Vectors) -> None:
    index = block_index("ivf", nlist="4", nprobe="2")
    bad = rows[:500].copy()
    bad[7, 3] = np.nan
    index.train(rows[:500])
    asks = {
        "training vector": lambda: index.train(bad),
        "query": lambda: index.search(bad[:10], pieces(rows), 2),
        "database vector": lambda: index.search(queries, pieces(bad), 2),
    }
    with pytest.raises(FpbenchError, match=f"{place} 7 is not finite"):
        asks[place]()


def test_a_graph_is_the_same_graph_every_time(rows: Vectors, queries: Vectors) -> None:
    answers = []
    for _ in range(2):
        growing = faiss_indexes.create_hnsw(Settings())
        for piece in pieces(rows[:3_000]):
            growing.add(piece)
        answers.append(growing.search(queries, 10))
    np.testing.assert_array_equal(answers[0].ids, answers[1].ids)
    assert answers[0].keys.tobytes() == answers[1].keys.tobytes()
    # Its own score is the inner product, because both vectors have length 1.
    exact = products_at(queries, rows, answers[0].ids)
    np.testing.assert_allclose(answers[0].scores, exact, atol=1e-6)


def test_any_factory_string_can_be_grown(rows: Vectors, queries: Vectors) -> None:
    growing = growing_index(Settings(argument="IVF4,Flat", options={"nprobe": "4"}))
    growing.train(rows[:500])
    growing.add(rows[:300])
    growing.add(rows[300:500])
    flat = faiss.IndexFlatL2(32)
    flat.add(rows[:500])
    np.testing.assert_array_equal(growing.search(queries, 5).ids, flat.search(queries, 5)[1])


@pytest.mark.parametrize(
    ("factory", "rows"), [("HNSW16", 0), ("Flat", 0), ("IVF8,Flat", 1_000_000), ("PQ7", 1_000_000)]
)
def test_only_what_learns_asks_for_training_rows(factory: str, rows: int) -> None:
    assert Factory(factory=factory).training_rows == rows


def test_refuses_a_factory_string_that_means_nothing(rows: Vectors) -> None:
    with pytest.raises(FpbenchError, match="FAISS cannot build"):
        growing_index(Settings(argument="Nonsense")).train(rows)


def test_refuses_a_parameter_that_the_index_does_not_have() -> None:
    settings = Settings(argument="IVF4,Flat", options={"speed": "9"})
    with pytest.raises(FpbenchError, match="has no parameter called 'speed'") as error:
        growing_index(settings)
    assert error.value.hint == "parameters: nprobe"


def test_the_factory_string_is_asked_for() -> None:
    with pytest.raises(FpbenchError, match="needs a factory string") as error:
        growing_index(Settings())
    assert error.value.hint is not None
    assert "faiss:" in error.value.hint


@pytest.mark.parametrize(
    ("factory", "message", "hint"),
    [
        ("Nonsense", "build faiss:Nonsense for vectors of 32 dims: could not parse", "IVF256,PQ"),
        (
            "PQ7",
            "build faiss:PQ7 for .*: The dimension .* should be a multiple",
            "divides the dims",
        ),
        ("PQ8x40", "build faiss:PQ8x40 for .*: nbits larger than 24", "another index"),
        ("IVF99999999999,Flat", "build .*: a number in it is too large", "smaller numbers"),
        (
            "IVF4096,Flat",
            "train faiss:IVF4096,Flat on 300 vectors: .*training points",
            "fewer lists",
        ),
        ("PCA256,Flat", "train faiss:PCA256,Flat on 300 vectors: PCA matrix", "at most as many"),
        ("NSG16,Flat", "add 300 vectors to 300 of faiss:NSG16,Flat: NSG does not", "HNSW32"),
        ("HNSW0", "build faiss:HNSW0: a node needs 2 links", "HNSW16"),
    ],
)
def test_errors_of_every_step_name_the_index(
    rows: Vectors, factory: str, message: str, hint: str
) -> None:
    def add_twice() -> None:
        index = growing_index(Settings(argument=factory))
        for _ in range(2):
            index.add(rows[:300])

    with pytest.raises(FpbenchError, match=f"FAISS cannot {message}") as error:
        add_twice()
    assert hint in str(error.value.hint)
    assert "faiss::" not in error.value.message
    assert ".cpp" not in error.value.message


@pytest.mark.parametrize(
    ("factory", "reason"),
    [
        ("IVF16_HNSW1,Flat", "a node needs 2 links or more"),
        ("IVF16(HNSW0),Flat", "a node needs 2 links or more"),
        ("NSG4", "a node needs 8 links or more"),
        ("PQ4x0", "a number in it is 0"),
        ("RR0,Flat", "a number in it is 0"),
        ("OPQ4_00,PQ4", "a number in it is 0"),
        ("IVF16,PQ4x4fs_0", "a number in it is 0"),
        ("ZnLattice0x10_6", "a number in it is 0"),
    ],
)
def test_a_factory_string_that_would_end_the_process_is_refused_at_once(
    factory: str, reason: str
) -> None:
    with pytest.raises(FpbenchError, match=reason) as error:
        growing_index(Settings(argument=factory))
    assert f"faiss:{factory}" in error.value.message


@pytest.mark.parametrize("factory", ["HNSW2", "IVF10,PQ10x8", "RR20,HNSW16", "PQ4x04"])
def test_a_number_that_only_has_a_zero_in_it_is_no_zero(factory: str) -> None:
    growing_index(Settings(argument=factory))


@pytest.mark.parametrize("text", ["std::bad_alloc", "C++ exception std::bad_alloc"])
def test_a_lack_of_memory_is_named(text: str) -> None:
    kind = MemoryError if text.startswith("std") else RuntimeError
    with (
        pytest.raises(FpbenchError, match=r"search hnsw .*: there is not enough memory") as error,
        translate_faiss_errors(Hnsw(), "search {}"),
    ):
        raise kind(text)
    assert "--sizes" in str(error.value.hint)


@pytest.mark.parametrize("factory", ["IDMap,Flat", "IDMap2,HNSW16", "PCA16,IDMap,Flat"])
def test_an_index_with_an_id_map_counts_rows(rows: Vectors, factory: str) -> None:
    mapped = growing_index(Settings(argument=factory))
    plain = growing_index(Settings(argument=factory.replace("IDMap2,", "").replace("IDMap,", "")))
    found = []
    for index in (mapped, plain):
        index.train(rows[:1000])
        index.add(rows[:500])
        index.add(rows[500:1000])
        found.append(index.search(rows[:20], 3).ids)
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ivfpq", {"nlist": "0"}),
        ("ivfpq", {"bits": "0"}),
        ("ivf", {"nprobe": "-1"}),
        ("lsh", {"bits": "0"}),
    ],
)
def test_settings_that_would_end_the_process_are_refused(
    name: str, options: dict[str, str]
) -> None:
    with pytest.raises(FpbenchError, match=next(iter(options))):
        block_index(name, **options)


def test_rows_that_are_kept_are_searched_and_weighed(rows: Vectors, queries: Vectors) -> None:
    index = block_index("lsh", bits="64")
    assert isinstance(index, ResidentIndex)
    index.train(rows)
    index.keep(pieces(rows))
    kept = index.search_kept(queries, 5)
    found = block_index("lsh", bits="64")
    found.train(rows)
    np.testing.assert_array_equal(kept.ids, found.search(queries, pieces(rows), 5).ids)
    assert index.bytes_per_fingerprint() == 8  # 64 bits


def test_a_graph_weighs_its_vectors_and_links(rows: Vectors) -> None:
    index = growing_index(Settings(argument="HNSW16"))
    assert isinstance(index, SizedIndex)
    index.add(rows[:500])
    assert index.bytes_per_fingerprint() > 4 * 32 + 4 * 2 * 16
