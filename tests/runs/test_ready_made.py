"""Ready-made fingerprints become inputs, on one timeline or in tracks."""

import logging
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fpbench import FpbenchError, Positions, VectorDataset, Vectors, VectorTracks
from fpbench.cache import Store
from fpbench.progress import Report
from fpbench.runs.ready_made import VectorSource


def stage(_title: str) -> AbstractContextManager[Report]:
    """No progress is shown."""
    return nullcontext(lambda _done, _words: None)


def unit(rows: int, seed: int) -> Vectors:
    x = np.random.default_rng(seed).standard_normal((rows, 4), dtype=np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def ready_made(**changes: object) -> VectorSource:
    vectors = VectorDataset(query=unit(100, 0), reference=unit(120, 1), distractors=unit(50, 2))
    fields: dict[str, object] = {
        "name": "x",
        "vectors": vectors,
        "n_queries": 10,
        "query_length_s": 1.0,
        "seed": 0,
    }
    return VectorSource(**(fields | changes))  # type: ignore[arg-type]


def test_rows_lie_on_one_timeline(tmp_path: Path) -> None:
    inputs = ready_made(n_queries=100).build_inputs(Store(tmp_path), stage)
    np.testing.assert_array_equal(inputs.truth.start_s, np.arange(100) * 0.5)
    np.testing.assert_array_equal(inputs.truth.track, 0)
    assert inputs.query_tracks.tolist() == [0] * 60 + [1] * 40  # stretches of 30 s
    assert inputs.data.reference_hours == pytest.approx(60 / 3600)


def test_fewer_queries_are_the_same_for_equal_seeds(tmp_path: Path) -> None:
    one, two, other = (
        ready_made(seed=seed).build_inputs(Store(tmp_path), stage) for seed in (0, 0, 1)
    )
    assert len(one.queries) == 10
    assert one.key == two.key != other.key


def test_warns_of_more_queries_than_rows(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        inputs = ready_made(n_queries=101).build_inputs(Store(tmp_path), stage)
    assert len(inputs.queries) == 100
    assert "101 queries are wanted, but 'x' has 100" in caplog.text


@pytest.mark.parametrize(
    ("length_s", "segments"), [(0.2, 1), (1.0, 1), (1.24, 1), (1.26, 2), (3.0, 5)], ids=str
)
def test_lengths_are_rounded_to_whole_fingerprints(length_s: float, segments: int) -> None:
    assert ready_made(query_length_s=length_s).segments == segments


def test_longer_queries_are_consecutive_rows_of_the_file(tmp_path: Path) -> None:
    source = ready_made(n_queries=98, query_length_s=2.0)
    inputs = source.build_inputs(Store(tmp_path), stage)
    assert inputs.queries.shape == (98, 12)
    joined = source.vectors.query[[5, 6, 7]].reshape(-1) / np.sqrt(3)
    np.testing.assert_allclose(inputs.queries[5], joined, atol=1e-6)


def test_queries_longer_than_the_file_are_refused() -> None:
    with pytest.raises(FpbenchError, match="are 101 fingerprints, but 'x' has 100"):
        ready_made(query_length_s=51.0)


def with_tracks(
    n_queries: int = 10, length_s: float = 1.0, query_set: str | None = None
) -> VectorSource:
    """Two tracks of four rows, and a query for rows 1, 2 and 6, and one without a match."""
    reference = Positions(np.repeat([0, 1], 4), np.tile(np.arange(4) * 0.5, 2))
    query = Positions(np.array([0, 0, 1, -1]), np.array([0.5, 1.0, 1.0, 0.0]))
    vectors = VectorDataset(
        query=unit(4, 0),
        reference=unit(8, 1),
        distractors=unit(5, 2),
        tracks=VectorTracks(
            names=("a", "b", "x", "y"),
            query=query,
            reference=reference,
            distractors=np.array([2, 2, 2, 3, 3]),
        ),
        query_set=query_set,
    )
    return VectorSource(
        name="x", vectors=vectors, n_queries=n_queries, query_length_s=length_s, seed=0
    )


def test_tracks_give_the_truth_and_the_clusters(tmp_path: Path) -> None:
    inputs = with_tracks().build_inputs(Store(tmp_path), stage)
    assert inputs.truth.track.tolist() == [0, 0, 1]
    assert inputs.truth.start_s.tolist() == [0.5, 1.0, 1.0]
    assert inputs.query_tracks.tolist() == [0, 0, 1]
    assert inputs.real_tracks.tolist() == [2, 2, 2, 3, 3]
    assert (inputs.data.reference_tracks, inputs.data.distractor_tracks) == (2, 2)
    assert (inputs.query_info.n, inputs.query_info.without_match) == (3, 1)


def test_queries_that_all_match_nothing_are_refused() -> None:
    source = with_tracks()
    tracks = source.vectors.tracks
    assert tracks is not None
    nowhere = replace(tracks, query=Positions(np.full(4, -1), np.zeros(4)))
    with pytest.raises(FpbenchError, match="no query of 'x' matches a track of the reference"):
        replace(source, vectors=replace(source.vectors, tracks=nowhere))


def test_groups_are_those_of_the_tracks(tmp_path: Path) -> None:
    plain = with_tracks()
    assert plain.vectors.tracks is not None
    tracks = replace(plain.vectors.tracks, groups=["Ann", "Ann", "Ann", None])
    source = replace(plain, vectors=replace(plain.vectors, tracks=tracks))
    inputs = source.build_inputs(Store(tmp_path), stage)
    assert inputs.query_groups is not None
    assert inputs.query_groups.tolist() == [0, 0, 0]
    assert inputs.query_info.groups == 1
    assert inputs.real_groups is not None
    assert inputs.real_groups.tolist() == [0, 0, 0, 3, 3]
    assert plain.build_inputs(Store(tmp_path), stage).query_info.groups is None


def test_runs_of_several_rows_stay_in_their_track(tmp_path: Path) -> None:
    inputs = with_tracks(length_s=1.5).build_inputs(Store(tmp_path), stage)
    assert inputs.truth.start_s.tolist() == [0.5]  # the only two query rows that are neighbours
    assert inputs.reference_positions.start_s.tolist() == [0.0, 0.5, 1.0] * 2
    assert inputs.real_tracks.tolist() == [2, 2, 3]


def test_other_systems_have_the_same_query_set(tmp_path: Path) -> None:
    one = with_tracks()
    vectors = replace(one.vectors, query=unit(4, 7), reference=unit(8, 8), distractors=unit(5, 9))
    other = replace(one, name="y", vectors=vectors)
    infos = [each.build_inputs(Store(tmp_path), stage) for each in (one, other)]
    assert infos[0].key != infos[1].key
    assert infos[0].data.content == infos[1].data.content
    assert infos[0].query_info.recipe == infos[1].query_info.recipe
    named = with_tracks(query_set="mine").build_inputs(Store(tmp_path), stage)
    assert named.data.content != infos[0].data.content


def test_without_tracks_a_name_makes_two_files_comparable(tmp_path: Path) -> None:
    sources = [ready_made(vectors=replace(ready_made().vectors, query_set="mine"))]
    changed = replace(sources[0].vectors, query=unit(100, 9), reference=unit(120, 8))
    sources += [replace(sources[0], vectors=changed), ready_made()]
    contents = [one.build_inputs(Store(tmp_path), stage).data.content for one in sources]
    assert contents[0] == contents[1] != contents[2]


@pytest.mark.parametrize("length_s", [1.0, 1.5])
def test_distractors_that_are_rows_of_the_reference_are_left_out(
    tmp_path: Path, length_s: float
) -> None:
    reference = unit(120, 1)
    distractors = np.concatenate([reference, unit(50, 2), reference[5:6], unit(9, 3)])
    vectors = VectorDataset(query=unit(100, 0), reference=reference, distractors=distractors)
    source = ready_made(vectors=vectors, query_length_s=length_s)
    inputs = source.build_inputs(Store(tmp_path), stage)
    runs = source.segments - 1
    assert len(inputs.real) == 50 - runs + 9 - runs
    assert inputs.data.distractors_in_reference == 121
    assert inputs.warnings == [
        "121 of 180 distractors equal a fingerprint of the reference, and are left out"
    ]
    again = source.build_inputs(Store(tmp_path), stage)
    assert again.real_key == inputs.real_key


def test_all_distractors_are_kept_where_asked(tmp_path: Path) -> None:
    reference = unit(120, 1)
    vectors = VectorDataset(query=unit(100, 0), reference=reference, distractors=reference[:20])
    kept = ready_made(vectors=vectors, duplicates="keep").build_inputs(Store(tmp_path), stage)
    assert len(kept.real) == 20
    assert kept.warnings == [
        "20 of 20 distractors equal a fingerprint of the reference, and are kept"
    ]


def test_warns_of_queries_that_are_the_reference_itself(tmp_path: Path) -> None:
    reference = unit(120, 1)
    vectors = VectorDataset(query=reference, reference=reference, distractors=unit(50, 2))
    inputs = ready_made(vectors=vectors).build_inputs(Store(tmp_path), stage)
    assert inputs.warnings == [
        "10 of 10 queries equal a fingerprint of the reference: were they degraded?"
    ]
