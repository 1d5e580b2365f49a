"""Our evidence gives the hits that NAFP's and audio-id-at-scale's evaluation scripts gave.

Recorded with faiss-cpu 1.15.1 from neural-audio-fp @ b724e51; see ../shared/golden/eval_nafp.
Tolerances are those of its README: exact search is exact, others may differ in 0.4 points.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from fpbench import BlockIndex, Settings, Vectors
from fpbench.cache import Store
from fpbench.evidence.evidence import Evidence
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.datasets import Positions
from fpbench.search.blocks import (
    BlockSearch,
    CandidateStore,
    gather_evidence,
    search_reference,
)
from fpbench.search.engines.local import LocalEngine
from fpbench.search.engines.missing import cut_blocks, find_missing, search_missing
from fpbench.search.sequences import PositionwiseIndex, Rows, Runs, concatenate_runs

pytestmark = [pytest.mark.parity, pytest.mark.usefixtures("one_faiss_thread")]
SLOW = pytest.mark.slow

HOP_S = 0.5
K = 20
EDGES = [0, 3_000, 10_000, 20_000]
LENGTHS = [1, 3, 5, 9, 11, 19]  # fingerprints in a query, by column of the recorded tables


@dataclass(frozen=True)
class InOrder:
    """Distractors in the order of the file, as the scripts take them."""

    vectors: Rows

    @property
    def rows_available(self) -> int:
        return len(self.vectors)

    def rows(self, start: int, stop: int) -> Iterator[Vectors]:
        yield self.vectors[start:stop]


@dataclass(frozen=True)
class Golden:
    query: Vectors
    reference: Vectors
    distractors: Vectors
    folder: Path

    def table(self, name: str) -> dict[str, np.ndarray]:
        with np.load(self.folder / f"golden_{name}.npz") as file:
            return dict(file)


@pytest.fixture(scope="module")
def golden(shared: Path) -> Golden:
    folder = shared / "golden" / "eval_nafp"
    with np.load(folder / "embeddings.npz") as file:
        arrays = {name: file[name].astype(np.float32) for name in ("query", "db", "dummy_db")}
    return Golden(arrays["query"], arrays["db"], arrays["dummy_db"], folder)


@pytest.fixture
def index_of(golden: Golden) -> Callable[..., BlockIndex]:
    """Makes an index that is trained on the distractors, if it needs any training."""

    def create_trained(name: str, **options: str) -> BlockIndex:
        own_name = "exact" if name == "l2" else name
        index = Catalog.load().index(own_name, Settings(options=options))
        assert index.kind == "block"
        if index.training_rows > 0:
            index.train(golden.distractors)
        return index

    return create_trained


def fill(search: BlockSearch, queries: Vectors, source: InOrder) -> None:
    """Search all distractors."""
    blocks = cut_blocks([search], source, EDGES)
    list(search_missing(find_missing(blocks), queries, [LocalEngine()]))


def evidence_of(
    index: BlockIndex, golden: Golden, queries: Vectors, true_rows: np.ndarray, folder: Path
) -> Evidence:
    # Rows of one long track, so that a tolerance in seconds is one in rows.
    rows = np.arange(len(golden.reference))
    candidates = CandidateStore(store=Store(folder), key="golden", k=K)
    fill(BlockSearch(index, candidates, "x"), queries, InOrder(golden.distractors))
    return gather_evidence(
        search_reference(BlockSearch(index, candidates, "x"), queries, golden.reference),
        candidates,
        EDGES,
        queries=queries,
        reference=golden.reference,
        reference_positions=Positions(np.zeros_like(rows), rows * HOP_S),
        truth=Positions(np.zeros_like(true_rows), true_rows * HOP_S),
    )


@pytest.mark.parametrize(
    ("name", "options", "points"),
    [
        pytest.param("l2", {}, 0.0, id="exact"),
        pytest.param("ivf", {"nlist": "400", "nprobe": "40"}, 0.4, id="ivf"),
        pytest.param("ivfpq", {"nlist": "256", "nprobe": "40"}, 0.4, id="ivfpq", marks=SLOW),
    ],
)
@pytest.mark.slow
def test_nafp_hits_of_one_segment(
    *,
    name: str,
    options: dict[str, str],
    points: float,
    golden: Golden,
    index_of: Callable[..., BlockIndex],
    tmp_path: Path,
) -> None:
    table = golden.table(name)
    asked = table["test_ids"]
    found = evidence_of(index_of(name, **options), golden, golden.query[asked], asked, tmp_path)
    strict, near = (found.ranks(range(3), tolerance) for tolerance in (0.0, HOP_S))
    # Columns: six lengths of each metric; the first length is one segment.
    columns = table["raw_score"][:, [0, 6, 12, 18]].astype(bool)
    hits = np.stack([strict < 1, near < 1, strict < 3, strict < 10], axis=1)
    rates = 100 * np.abs(hits.mean(axis=0) - columns.mean(axis=0))
    assert rates.max() <= points + 1e-9
    assert (hits != columns).sum() <= 2 * (points > 0)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param("ivf", {"nlist": "400", "nprobe": "40"}, id="ivf"),
        pytest.param("ivfpq", {"nlist": "256", "nprobe": "40"}, id="ivfpq", marks=SLOW),
    ],
)
@pytest.mark.parametrize("column", [1, pytest.param(3, marks=SLOW), pytest.param(5, marks=SLOW)])
@pytest.mark.slow
def test_nafp_hits_of_several_segments(
    *,
    name: str,
    options: dict[str, str],
    column: int,
    golden: Golden,
    index_of: Callable[..., BlockIndex],
    tmp_path: Path,
) -> None:
    table, length = golden.table(name), LENGTHS[column]
    asked = table["test_ids"]
    queries = concatenate_runs(golden.query[asked[:, None] + np.arange(length)])
    # The last distractors' runs go on in the reference, as in the scripts' one long array.
    everything = np.concatenate([golden.distractors, golden.reference])
    rows, distractors = np.arange(len(golden.reference) - length + 1), np.arange(EDGES[-1])
    index = PositionwiseIndex(index_of(name, **options), length)
    candidates = CandidateStore(store=Store(tmp_path), key="golden", k=K)
    source = InOrder(Runs(everything, distractors, length))
    fill(BlockSearch(index, candidates, "x"), queries, source)
    reference = Runs(golden.reference, rows, length)
    found = gather_evidence(
        search_reference(BlockSearch(index, candidates, "x"), queries, reference),
        candidates,
        EDGES,
        queries=queries,
        reference=reference,
        reference_positions=Positions(np.zeros_like(rows), rows * HOP_S),
        truth=Positions(np.zeros_like(asked), asked * HOP_S),
    )
    strict, near = (found.ranks(range(3), tolerance) for tolerance in (0.0, HOP_S))
    columns = table["raw_score"][:, np.arange(4) * len(LENGTHS) + column].astype(bool)
    hits = np.stack([strict < 1, near < 1, strict < 3, strict < 10], axis=1)
    rates = 100 * np.abs(hits.mean(axis=0) - columns.mean(axis=0))
    assert rates.max() <= 0.4 + 1e-9
    assert (hits != columns).sum() <= 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["l2", pytest.param("ivfpq", marks=SLOW)])
@pytest.mark.parametrize("case", ["tempo1", "auto_equal", "auto_1600"])
def test_audio_id_at_scale_hits(
    name: str, case: str, golden: Golden, index_of: Callable[..., BlockIndex], tmp_path: Path
) -> None:
    table = golden.table("aias")
    factor = 1.25 if case == "auto_1600" else 1.0
    n = 1_600 if case == "auto_1600" else 2_000
    asked = np.arange(n - 1)
    queries = golden.query[np.floor(factor * asked).astype(np.int64)]
    true_rows = np.trunc(factor * asked).astype(np.int64)
    found = evidence_of(index_of(name), golden, queries, true_rows, tmp_path)
    tolerance_s = 0.0 if case == "tempo1" else 4 * HOP_S
    hits = found.ranks(range(3), tolerance_s) < 1
    recorded = table[f"{name}_{case}_hit"].astype(bool)
    allowed = 0.0 if name == "l2" else 0.004
    assert abs(hits.mean() - recorded.mean()) <= allowed
    assert (hits != recorded).mean() <= allowed


@pytest.mark.slow
def test_nearest_neighbours_of_every_row_are_nafps(
    golden: Golden, index_of: Callable[..., BlockIndex]
) -> None:
    table = golden.table("ivfpq")
    index = index_of("ivfpq", nlist="256", nprobe="40")
    database = np.concatenate([golden.distractors, golden.reference])
    found = index.search(golden.query, iter([database]), K)
    assert (found.ids == table["knn_I"]).mean() >= 0.999
    np.testing.assert_allclose(found.keys, table["knn_D"], atol=1e-2)
