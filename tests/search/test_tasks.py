"""A search's key holds all that decides its evidence; both kinds of indexes give evidence."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fpbench import Index, Settings, Vectors
from fpbench.cache import Store
from fpbench.evidence.distractor_tracks import DistractorTracks
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.plugin.datasets import Positions
from fpbench.progress import Report
from fpbench.results.data import DataInfo, QueryInfo
from fpbench.search.distractors import RealDistractors
from fpbench.search.inputs import Inputs
from fpbench.search.named_indexes import NamedIndex
from fpbench.search.sequences import PositionwiseIndex
from fpbench.search.tasks import Database, SearchTask, search
from fpbench_plugins import exact, faiss_indexes

ROWS, DIM = 30, 8


def unit(rows: int, seed: int) -> Vectors:
    x = np.random.default_rng(seed).standard_normal((rows, DIM), dtype=np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def stage(_title: str) -> AbstractContextManager[Report]:
    """No progress is shown."""
    return nullcontext(lambda _done, _words: None)


def inputs() -> Inputs:
    """Ten queries that are rows of a reference of thirty, which come from three tracks."""
    reference = unit(ROWS, 0)
    positions = Positions(np.repeat(np.arange(3), 10), np.tile(np.arange(10.0), 3))
    rows = np.arange(0, ROWS, 3)
    return Inputs(
        key="inputs",
        queries=reference[rows],
        segments=1,
        truth=Positions(positions.track[rows], positions.start_s[rows]),
        query_tracks=positions.track[rows],
        reference=reference,
        reference_positions=positions,
        real=unit(200, 1),
        real_tracks=np.zeros(200, dtype=np.int64),
        real_key="real",
        hop_s=1.0,
        data=DataInfo(
            name="x",
            reference_tracks=3,
            reference_fingerprints=ROWS,
            reference_hours=1.0,
            distractor_tracks=1,
            distractor_fingerprints=200,
            distractor_hours=1.0,
            skipped=[],
            content="x",
        ),
        query_info=QueryInfo(n=10, tracks=3, length_s=1.0, recipe={}),
    )


def named(index: Index, name: str = "exact") -> NamedIndex:
    return NamedIndex(name=name, plugin="x", code="code", index=index)


@pytest.fixture
def task(tmp_path: Path) -> Callable[[NamedIndex], SearchTask]:
    """A task with an index: 200 real distractors, searched at 100 and 200."""
    search_inputs = inputs()
    real = RealDistractors(search_inputs.real, 0)
    return lambda index: SearchTask(
        named=index,
        inputs=search_inputs,
        database=Database("real", real, (100, 200), "real", real),
        store=Store(tmp_path),
        device="cpu",
    )


def test_both_kinds_of_indexes_find_the_matches(
    task: Callable[[NamedIndex], SearchTask],
) -> None:
    tasks = [
        task(named(exact.create(Settings()))),
        task(named(faiss_indexes.create_factory(Settings(argument="Flat")), "faiss:Flat")),
    ]
    blocks, grown = search(tasks, stage)
    assert isinstance(blocks, Evidence)
    assert isinstance(grown, GrownEvidence)
    assert grown.sizes == [100, 200]
    # The queries are rows of the reference, so nothing comes before them.
    np.testing.assert_array_equal(blocks.ranks(range(len(blocks.blocks)), 0.0), 0)
    np.testing.assert_array_equal(grown.ranks(200, 0.0), 0)
    np.testing.assert_allclose(blocks.match_score, 1, atol=1e-6)
    assert blocks.distractor_tracks is None
    np.testing.assert_array_equal(blocks.query_track, grown.query_track)


def test_evidence_knows_the_tracks_of_its_distractors(
    task: Callable[[NamedIndex], SearchTask],
) -> None:
    plain = task(named(exact.create(Settings())))
    track = np.arange(250) // 5
    database = replace(plain.database, tracks=DistractorTracks(track=track, group=track // 10))
    (found,) = search([replace(plain, database=database)], stage)
    assert isinstance(found, Evidence)
    assert found.distractor_tracks is not None
    np.testing.assert_array_equal(found.distractor_tracks.track, track[:200])
    assert (found.distractor_tracks.tracks, found.distractor_tracks.groups) == (40, 4)


def test_a_key_holds_all_that_decides_the_evidence(
    task: Callable[[NamedIndex], SearchTask],
) -> None:
    one = task(named(exact.create(Settings())))
    others = [
        replace(one, device="cuda"),
        replace(one, named=replace(one.named, code="other")),
        replace(one, named=replace(one.named, name="other")),
        replace(one, inputs=replace(one.inputs, key="other")),
        replace(one, database=replace(one.database, key="other")),
        replace(one, named=replace(one.named, index=faiss_indexes.create_lsh(Settings()))),
    ]
    assert len({one.key, *(other.key for other in others)}) == 7
    # Sizes are not part of the key: a longer curve uses the candidates of a shorter one.
    assert replace(one, database=replace(one.database, sizes=(100,))).key == one.key


def test_a_second_search_reads_all_candidates_from_the_cache(
    task: Callable[[NamedIndex], SearchTask], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = task(named(exact.create(Settings())))
    (first,) = search([one], stage)
    real = RealDistractors(one.inputs.real[:0], 0)  # no rows that could be drawn
    again = replace(one, database=replace(one.database, source=real, training=real))
    (second,) = search([again], stage)
    assert isinstance(first, Evidence)
    assert isinstance(second, Evidence)
    for a, b in zip(first.blocks, second.blocks, strict=True):
        np.testing.assert_array_equal(a.ids, b.ids)


def test_an_index_that_learns_takes_runs_position_by_position() -> None:
    ivf = faiss_indexes.create_ivf(Settings(options={"nlist": "4", "nprobe": "4"}))
    index = PositionwiseIndex(ivf, 3)
    assert (index.kind, index.exact) == ("block", False)
    assert index.training_rows == ivf.training_rows > 0
