"""Many queries are searched list by list, and find what FAISS finds for each of them."""

import faiss
import numpy as np
import pytest
import torch

from fpbench import Candidates, Vectors
from fpbench.evidence.candidates import merge_candidates
from fpbench_plugins.faiss_indexes import blocks, inverted_lists
from fpbench_plugins.faiss_indexes.blocks import FaissBlockIndex
from fpbench_plugins.faiss_indexes.inverted_lists import (
    Decode,
    are_many,
    decode_codes,
    decode_vectors,
    search_lists,
)
from fpbench_plugins.faiss_indexes.neighbours import neighbours
from fpbench_plugins.faiss_indexes.settings import Ivf, IvfPq

pytestmark = pytest.mark.usefixtures("one_faiss_thread")

K, DIM = 10, 16


@pytest.fixture(scope="module")
def rows() -> Vectors:
    x = np.random.default_rng(1).standard_normal((3_000, DIM), dtype=np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def queries(rows: Vectors) -> Vectors:
    noise = np.random.default_rng(2).standard_normal((300, DIM), dtype=np.float32)
    return rows[:300] + np.float32(0.1) * noise


@pytest.fixture
def sieve_in(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the sieve multiply in a dtype, whatever this processor is fast in."""
    monkeypatch.setattr(inverted_lists, "has_bfloat16", lambda _: request.param == "bfloat16")


def build(kind: str, rows: Vectors) -> tuple[faiss.Index, Decode]:
    lists = faiss.IndexFlatL2(DIM)
    if kind == "ivfpq":
        index, decode = faiss.IndexIVFPQ(lists, DIM, 8, 8, 4), decode_codes
    else:
        index, decode = faiss.IndexIVFFlat(lists, DIM, 8), decode_vectors
    index.train(rows)
    index.nprobe = 3
    return index, decode


@pytest.mark.usefixtures("sieve_in")
@pytest.mark.parametrize("sieve_in", ["bfloat16", "float32"], indirect=True)
@pytest.mark.parametrize("kind", ["ivfpq", "ivf"])
@pytest.mark.parametrize("length", [pytest.param(1, id="unit"), pytest.param(7, id="long")])
def test_lists_find_what_faiss_finds(
    kind: str,
    length: float,
    rows: Vectors,
    queries: Vectors,
) -> None:
    rows, queries = rows * np.float32(length), queries * np.float32(length)
    index, decode = build(kind, rows)
    index.add(rows)
    ids, keys = search_lists(index, decode, queries, K)
    of_faiss, distances = neighbours(index, queries, K)
    np.testing.assert_allclose(keys, distances, rtol=1e-5, atol=1e-6 * length**2)
    apart = np.diff(distances, axis=1) > 1e-5 * length**2
    clear = np.pad(apart, ((0, 0), (1, 0)), constant_values=True)
    clear[:, :-1] &= apart
    clear[:, -1] = False  # the next one is not known
    assert clear.mean() > 0.5
    np.testing.assert_array_equal(ids[clear], of_faiss[clear])


@pytest.mark.parametrize("kind", ["ivfpq", "ivf"])
def test_distances_are_the_same_bytes_however_the_work_is_cut(
    kind: str, rows: Vectors, queries: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, decode = build(kind, rows)
    index.add(rows)
    whole = search_lists(index, decode, queries, K)
    monkeypatch.setattr(inverted_lists, "has_bfloat16", lambda _: False)
    monkeypatch.setattr(inverted_lists, "ROWS_AT_ONCE", 200)
    monkeypatch.setattr(inverted_lists, "PANEL_QUERIES", 150)
    merged = None
    for start in range(0, len(rows), 1_300):
        index.reset()
        index.add(rows[start : start + 1_300])
        ids, keys = search_lists(index, decode, queries, K)
        one = Candidates(np.where(ids < 0, -1, ids + start), keys, keys)
        merged = one if merged is None else merge_candidates(merged, one)
    assert merged is not None
    np.testing.assert_array_equal(merged.ids, whole[0])
    assert merged.keys.tobytes() == whole[1].tobytes()


@pytest.mark.parametrize("kind", ["ivfpq", "ivf"])
def test_rows_beyond_a_distance_are_not_needed(kind: str, rows: Vectors, queries: Vectors) -> None:
    index, decode = build(kind, rows)
    index.add(rows)
    ids, keys = search_lists(index, decode, queries, K)
    within = keys[:, 3].copy()
    within[::2] = np.inf
    within[1::10] = 0  # nearer than any row
    before = within.copy()
    near, distances = search_lists(index, decode, queries, K, within)
    np.testing.assert_array_equal(within, before)
    found = (distances <= within[:, None]) & (near >= 0)
    np.testing.assert_array_equal(found, keys <= within[:, None])
    np.testing.assert_array_equal(near[found], ids[found])
    assert distances[found].tobytes() == keys[found].tobytes()


@pytest.mark.parametrize("kind", ["ivfpq", "ivf"])
def test_an_index_that_is_filled_several_times_finds_what_it_finds_at_once(
    kind: str, rows: Vectors, queries: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = (
        IvfPq(nlist=8, nprobe=3, parts=8, bits=4) if kind == "ivfpq" else Ivf(nlist=8, nprobe=3)
    )
    block = FaissBlockIndex(settings, decode_codes if kind == "ivfpq" else decode_vectors)
    block.train(rows)
    chunks = [rows[start : start + 250] for start in range(0, len(rows), 250)]
    whole = block.search(queries, iter(chunks), K)
    monkeypatch.setattr(blocks, "MOST_ROWS", 1_000)
    parts = block.search(queries, iter(chunks), K)
    for name in ("ids", "keys", "scores"):
        assert getattr(parts, name).tobytes() == getattr(whole, name).tobytes()


def test_of_equal_rows_the_lowest_are_found(rows: Vectors) -> None:
    index, decode = build("ivfpq", rows)
    index.add(np.repeat(rows[:4], 500, axis=0))
    ids, keys = search_lists(index, decode, rows[:4], K)
    np.testing.assert_array_equal(ids, np.arange(0, 2_000, 500)[:, None] + np.arange(K))
    assert (keys == keys[:, :1]).all()


def test_rows_that_are_too_few_leave_fillers(rows: Vectors, queries: Vectors) -> None:
    index, decode = build("ivf", rows)
    index.nprobe = 8
    index.add(rows[:3])
    ids, keys = search_lists(index, decode, queries, K)
    np.testing.assert_array_equal(np.sort(ids[:, :3]), np.tile(np.arange(3), (len(queries), 1)))
    assert (ids[:, 3:] == -1).all()
    assert np.isinf(keys[:, 3:]).all()


def test_silent_queries_and_rows_are_searched(rows: Vectors, queries: Vectors) -> None:
    some, asked = rows.copy(), queries.copy()
    some[::7], asked[::5] = 0, 0
    index, decode = build("ivf", some)
    index.add(some)
    ids, _ = search_lists(index, decode, asked, K)
    np.testing.assert_array_equal(ids, neighbours(index, asked, K)[0])


def test_threads_of_torch_stay_as_they_were(rows: Vectors, queries: Vectors) -> None:
    index, decode = build("ivf", rows)
    index.add(rows)
    before = torch.get_num_threads()
    search_lists(index, decode, queries, K)
    assert torch.get_num_threads() == before


def test_an_index_takes_the_faster_way(rows: Vectors, queries: Vectors) -> None:
    index, _ = build("ivfpq", rows)
    assert are_many(queries, index)
    assert not are_many(queries[:200], index)
    settings = IvfPq(nlist=8, nprobe=3, parts=8, bits=4)
    found = []
    for decode in (decode_codes, None):  # without it, FAISS searches
        block = FaissBlockIndex(settings, decode)
        block.train(rows)
        found.append(block.search(queries, iter([rows[:2_000], rows[2_000:]]), K))
    np.testing.assert_allclose(found[0].keys, found[1].keys, rtol=1e-5, atol=1e-6)
    # Sums of few dims are rounded differently, so that some neighbours change places.
    assert (found[0].ids == found[1].ids).mean() > 0.99
    same = found[0].ids == found[1].ids
    np.testing.assert_array_equal(found[0].scores[same], found[1].scores[same])
